//! What becomes of each object, and what has to make way for that.
//!
//! An object that differs is changed where it stands if its kind can do that, otherwise dropped and made again; and with it everything that
//! needs it, all the way up, because the server refuses to drop what something needs.

use std::collections::{BTreeMap, BTreeSet};

use super::between::Between;
use super::kinds::types;
use super::{Access, Side, kinds};
use crate::model::{Kind, ObjectId};

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Only the second side has it.
    Create,
    /// Only the first side has it.
    Drop,
    /// Dropped and made again.
    Replace,
    /// Changed where it stands.
    Alter,
}

pub(super) type Changes = BTreeMap<ObjectId, Change>;

/// Decides about every object, and tells `between` what is replaced.
pub(super) fn find(between: &mut Between<'_>) -> Changes {
    let mut changes = differing(between);
    let mut closure = Closure {
        dependents: dependents(between.from),
        reset: BTreeSet::new(),
        todo: Vec::new(),
    };
    closure.todo.extend(changes.keys().cloned());
    let identities = between
        .from
        .owned
        .iter()
        .filter(|(sequence, _)| between.from.is_identity(sequence));
    for (sequence, column) in identities {
        // The sequence can become one of its own, under its name, when the identity is gone.
        if changes.get(sequence) == Some(&Change::Replace) && between.to.exists(column) {
            closure.reset.insert(column.clone());
        }
    }
    while let Some(id) = closure.todo.pop() {
        closure.spread(between, &mut changes, &id);
    }
    let replaced = changes.iter().filter(|(_, change)| **change == Change::Replace);
    between.replaced = replaced.map(|(id, _)| id.clone()).collect();
    between.reset = closure.reset;
    changes
}

fn differing(between: &Between<'_>) -> Changes {
    let (from, to) = (between.from, between.to);
    let all: BTreeSet<&ObjectId> = from.model.objects.keys().chain(to.model.objects.keys()).collect();
    let mut changes = Changes::new();
    for id in all {
        if between.request.access == Access::Ignored && id.kind == Kind::DefaultPrivileges {
            continue;
        }
        let change = match (from.exists(id), to.exists(id)) {
            (false, _) => Change::Create,
            (_, false) => Change::Drop,
            _ if !counts(between, id) => continue,
            _ if kinds::alter(between, id).is_some() => Change::Alter,
            _ => Change::Replace,
        };
        changes.insert(id.clone(), change);
    }
    changes
}

/// Whether anything differs that is looked at.
fn counts(between: &Between<'_>, id: &ObjectId) -> bool {
    let access = ["owner", "grants"];
    let names = between.changed(id).names();
    let ignored = between.request.access == Access::Ignored;
    names.iter().any(|name| !ignored || !access.contains(name))
        || between.from.owned.get(id) != between.to.owned.get(id)
        || between.from.is_identity(id) != between.to.is_identity(id)
}

fn dependents(side: &Side) -> BTreeMap<ObjectId, Vec<ObjectId>> {
    let mut dependents: BTreeMap<ObjectId, Vec<ObjectId>> = BTreeMap::new();
    for (dependent, needs) in &side.needs {
        for need in needs {
            dependents
                .entry(need.clone())
                .or_default()
                .push(dependent.clone());
        }
    }
    for id in side.model.objects.keys() {
        if let Some(whole) = side.whole(id) {
            dependents.entry(whole).or_default().push(id.clone());
        }
    }
    dependents
}

struct Closure {
    dependents: BTreeMap<ObjectId, Vec<ObjectId>>,
    reset: BTreeSet<ObjectId>,
    todo: Vec<ObjectId>,
}

impl Closure {
    /// What the fate of one object means for those that need it.
    fn spread(&mut self, between: &Between<'_>, changes: &mut Changes, id: &ObjectId) {
        let change = changes.get(id).copied();
        let goes = matches!(change, Some(Change::Drop | Change::Replace));
        let disturbs = change == Some(Change::Alter) && kinds::disturbs(between, id);
        if !goes && !disturbs {
            return;
        }
        for dependent in self.dependents.get(id).cloned().unwrap_or_default() {
            if dependent.kind == Kind::Column {
                self.spread_to_column(between, changes, id, &dependent, goes);
            } else if goes && is_let_go(between, changes, id, &dependent) {
                continue;
            } else if goes || makes_way(between, id, &dependent) {
                self.replace(between, changes, &dependent);
            } else if types::is_remade(&dependent)
                && between.to.has(&dependent)
                && between.from.has(&dependent)
            {
                changes.entry(dependent.clone()).or_insert(Change::Alter);
                self.todo.push(dependent);
            }
        }
    }

    /// What the end of a table means for those that need one of its columns.
    fn spread_beyond(&mut self, between: &Between<'_>, changes: &mut Changes, column: &ObjectId) {
        for dependent in self.dependents.get(column).cloned().unwrap_or_default() {
            let is_inner = dependent.schema == column.schema && dependent.of == column.of;
            if dependent.kind == Kind::Column && !is_inner {
                self.spread_to_column(between, changes, column, &dependent, true);
            } else if !is_inner {
                self.replace(between, changes, &dependent);
            }
        }
    }

    fn spread_to_column(
        &mut self,
        between: &Between<'_>,
        changes: &mut Changes,
        id: &ObjectId,
        column: &ObjectId,
        goes: bool,
    ) {
        let is_own = column.schema == id.schema && column.of.as_ref() == Some(&id.name);
        if is_own && id.kind != Kind::Column {
            if goes {
                self.spread_beyond(between, changes, column);
            }
            return;
        }
        let still_needs = between.to.needs_of(column).any(|need| need == id);
        let stays = between.to.exists(column) && between.from.exists(column);
        let has_own_change = matches!(changes.get(column), Some(Change::Drop | Change::Replace));
        if !stays || has_own_change {
            return;
        }
        if between.from.fact(column, "generated").is_some() {
            self.replace(between, changes, column);
        } else if goes
            && (still_needs || between.to.owned.get(id) == Some(column))
            && between.from.fact(column, "default").is_some()
        {
            self.reset.insert(column.clone());
            changes.entry(column.clone()).or_insert(Change::Alter);
        } else if !goes && id.kind != Kind::Column && still_needs {
            // The type takes the column along; what is computed from the column makes way for that.
            for dependent in self.dependents.get(column).cloned().unwrap_or_default() {
                if makes_way(between, column, &dependent) {
                    self.replace(between, changes, &dependent);
                }
            }
        }
    }

    fn replace(&mut self, between: &Between<'_>, changes: &mut Changes, id: &ObjectId) {
        let stays = between.from.exists(id) && between.to.exists(id);
        if stays && changes.get(id) != Some(&Change::Replace) {
            changes.insert(id.clone(), Change::Replace);
            self.todo.push(id.clone());
        }
    }
}

/// Whether the dependent is a partition or child that leaves the table before that goes.
fn is_let_go(between: &Between<'_>, changes: &Changes, table: &ObjectId, child: &ObjectId) -> bool {
    let both_tables = table.kind == Kind::Table && child.kind == Kind::Table;
    let leaves = changes.get(child) == Some(&Change::Alter);
    both_tables && leaves && !between.to.needs_of(child).any(|need| need == table)
}

/// Whether the dependent is in the way when `id`, a column or a type, is converted. Indexes and constraints of a column follow by themselves.
/// A foreign key would have to compare the old values with new ones.
fn makes_way(between: &Between<'_>, id: &ObjectId, dependent: &ObjectId) -> bool {
    let definition = between.from.fact(dependent, "definition");
    let is_foreign_key = || definition.is_some_and(|definition| definition.starts_with("FOREIGN KEY"));
    match dependent.kind {
        Kind::View
        | Kind::MaterializedView
        | Kind::Rule
        | Kind::Trigger
        | Kind::Policy
        | Kind::Publication => true,
        Kind::Function | Kind::Aggregate | Kind::Operator | Kind::Cast => true,
        Kind::Constraint if is_foreign_key() => true,
        Kind::Constraint | Kind::Index | Kind::Statistics => id.kind != Kind::Column,
        _ => false,
    }
}
