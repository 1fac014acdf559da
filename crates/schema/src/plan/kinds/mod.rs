//! What is to be said to the server about an object of each kind: to make it, to drop it, to change it where it stands.

mod column;
pub(super) mod constraint;
mod function;
mod index;
mod on_table;
mod rare;
mod sequence;
mod table;
pub(super) mod types;
mod view;

use super::between::Between;
use super::satellites;
use super::step::Steps;
use crate::model::{Kind, ObjectId};

/// Statements that make the object as the second side has it.
pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    let mut steps = match id.kind {
        Kind::Table => table::create(between, id),
        Kind::Column if is_of_view(between, id) => return Steps::default(),
        Kind::Column => column::create(between, id),
        Kind::Constraint => constraint::create(between, id),
        Kind::Index => index::create(between, id),
        Kind::Sequence => sequence::create(between, id),
        Kind::Function | Kind::Aggregate => function::create(between, id),
        Kind::View | Kind::MaterializedView => view::create(between, id),
        Kind::Trigger | Kind::Rule | Kind::Policy => on_table::create(between, id),
        Kind::Enum | Kind::Domain | Kind::CompositeType | Kind::RangeType => types::create(between, id),
        _ => rare::create(between, id),
    };
    steps.extend(satellites::created(between, id));
    steps
}

/// Statements that drop the object as the first side has it.
pub(super) fn drop(between: &Between<'_>, id: &ObjectId) -> Steps {
    match id.kind {
        Kind::Table => table::drop(between, id),
        Kind::Column => column::drop(between, id),
        Kind::Constraint => constraint::drop(between, id),
        Kind::Index => index::drop(between, id),
        Kind::Sequence => sequence::drop(between, id),
        Kind::Function | Kind::Aggregate => function::drop(between, id),
        Kind::View | Kind::MaterializedView => view::drop(id),
        Kind::Trigger | Kind::Rule | Kind::Policy => on_table::drop(id),
        Kind::Enum | Kind::Domain | Kind::CompositeType | Kind::RangeType => types::drop(id),
        _ => rare::drop(between, id),
    }
}

/// Statements that change the object where it stands; nothing where it has to be made anew.
pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let mut steps = match id.kind {
        Kind::Table => table::alter(between, id)?,
        Kind::Column if is_of_view(between, id) => {
            let mut steps = Steps::default();
            steps.now.extend(view::column_facts(between, id, false));
            steps
        }
        Kind::Column => column::alter(between, id)?,
        Kind::Constraint => constraint::alter(between, id)?,
        Kind::Index => index::alter(between, id)?,
        Kind::Sequence => sequence::alter(between, id)?,
        Kind::Function | Kind::Aggregate => function::alter(between, id)?,
        Kind::View | Kind::MaterializedView => view::alter(between, id)?,
        Kind::Trigger | Kind::Rule | Kind::Policy => on_table::alter(between, id)?,
        Kind::Enum | Kind::Domain | Kind::CompositeType | Kind::RangeType => types::alter(between, id)?,
        Kind::Collation if types::is_made_anew(between, id) => types::alter(between, id)?,
        _ => rare::alter(between, id)?,
    };
    steps.extend(if types::is_made_anew(between, id) {
        satellites::created(between, id)
    } else {
        satellites::altered(between, id)
    });
    Some(steps)
}

/// Statements that free an object of what it uses, before that goes: a column of its default or identity, a table of its parents, a view of
/// everything but the types of its columns.
pub(super) fn release(between: &Between<'_>, id: &ObjectId) -> Steps {
    match id.kind {
        Kind::Table => table::release(between, id),
        Kind::View => Steps::one(view::hollow(between.from, id, "CREATE OR REPLACE ")),
        _ => column::release(between, id),
    }
}

/// Statements that give a view that was made hollow its definition.
pub(super) fn fill(between: &Between<'_>, id: &ObjectId) -> Steps {
    Steps::one(view::fill(between, id))
}

/// Statements that drop what made way for a type that was made anew.
pub(super) fn leave(between: &Between<'_>, id: &ObjectId) -> Steps {
    types::leave(between, id)
}

/// Whether a table has to be released from a parent.
pub(super) fn leaves_parent(between: &Between<'_>, id: &ObjectId) -> bool {
    id.kind == Kind::Table && !table::release(between, id).now.is_empty()
}

/// Whether the type only gets more labels, which nothing that uses it has to make way for.
pub(super) fn only_grows(between: &Between<'_>, id: &ObjectId) -> bool {
    id.kind == Kind::Enum && !types::is_made_anew(between, id)
}

/// Whether a change in place takes away what others are computed from, so that those have to make way.
pub(super) fn disturbs(between: &Between<'_>, id: &ObjectId) -> bool {
    match id.kind {
        Kind::Column => !is_of_view(between, id) && column::is_converted(between, id),
        _ => types::is_made_anew(between, id),
    }
}

/// A view's column is there with its view; only what was set on it is an object.
fn is_of_view(between: &Between<'_>, id: &ObjectId) -> bool {
    let whole = between.to.whole(id).or_else(|| between.from.whole(id));
    whole.is_some_and(|whole| matches!(whole.kind, Kind::View | Kind::MaterializedView))
}
