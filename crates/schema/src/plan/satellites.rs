//! What every kind has beside its definition: an owner, privileges, a comment.

use super::between::Between;
use super::name::{address, noun_of, plain};
use super::step::{Lock, Step, Steps};
use super::{Access, grants};
use crate::model::{Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Literal, Sql};

/// Statements for an object that was just made.
pub(super) fn created(between: &Between<'_>, id: &ObjectId) -> Steps {
    let mut steps = Steps::default();
    if id.kind == Kind::DefaultPrivileges {
        return steps;
    }
    let owner = between.to.fact(id, "owner");
    if owner.is_some_and(|owner| owner != between.request.role) && !between.to.is_identity(id) {
        steps.now.extend(set_owner(between, id));
    }
    steps.now.extend(grants::created(between, id));
    if between.to.fact(id, "comment").is_some() {
        steps.push(comment(between, id));
    }
    steps
}

/// Statements for an object that stays.
pub(super) fn altered(between: &Between<'_>, id: &ObjectId) -> Steps {
    let changed = between.changed(id);
    let mut steps = Steps::default();
    if id.kind == Kind::DefaultPrivileges {
        return steps;
    }
    // A sequence that a column owns follows its table.
    if changed.in_fact("owner") && !between.to.owned.contains_key(id) {
        steps.now.extend(set_owner(between, id));
    }
    if changed.in_fact("grants") {
        steps.now.extend(grants::altered(between, id));
    }
    if changed.in_fact("comment") {
        steps.push(comment(between, id));
    }
    steps
}

fn set_owner(between: &Between<'_>, id: &ObjectId) -> Option<Step> {
    if between.request.access == Access::Ignored {
        return None;
    }
    let owner = plain(&Ident::new(between.to.fact(id, "owner")?));
    let noun = Sql::text(noun_of(id, between.to.facts(id)));
    let sql = Sql::render(
        "ALTER {noun} {address} OWNER TO {owner}",
        &[("noun", &noun), ("address", &address(id)), ("owner", &owner)],
    );
    Some(Step::new(id, sql).lock(if id.kind == Kind::Table {
        Lock::AccessExclusive
    } else {
        Lock::None
    }))
}

fn comment(between: &Between<'_>, id: &ObjectId) -> Step {
    let text = between.to.fact(id, "comment").map(Literal::new);
    let null = Sql::text("NULL");
    let text: &dyn Fragment = match &text {
        Some(text) => text,
        None => &null,
    };
    let of_domain = id.kind == Kind::Constraint
        && between
            .to
            .whole(id)
            .is_some_and(|whole| whole.kind == Kind::Domain);
    let address = if of_domain {
        let values: [(&str, &dyn Fragment); 2] =
            [("name", &plain(&id.name)), ("whole", &super::name::whole(id))];
        Sql::render("{name} ON DOMAIN {whole}", &values)
    } else {
        address(id)
    };
    let noun = Sql::text(noun_of(id, between.to.facts(id)));
    let sql = Sql::render(
        "COMMENT ON {noun} {address} IS {text}",
        &[("noun", &noun), ("address", &address), ("text", text)],
    );
    let lock = match id.kind {
        Kind::Table | Kind::Column | Kind::Index => Lock::ShareUpdateExclusive,
        _ => Lock::None,
    };
    Step::new(id, sql).lock(lock)
}
