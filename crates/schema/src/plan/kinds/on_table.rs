//! Triggers, rules and policies: what hangs on a table or view and is cheap to make anew.

use super::super::between::Between;
use super::super::name::{address, noun, plain, whole};
use super::super::step::{Lock, Step, Steps};
use crate::model::{Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Printed, Sql};

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    let definition = between.to.fact(id, "definition");
    let sql = match definition {
        Some(definition) => Sql::of(&Printed::new(definition.trim_end_matches(';'))),
        None => policy(between, id),
    };
    let mut steps = Steps::one(Step::new(id, sql).lock(lock_of(id.kind)));
    if between.to.fact(id, "enabled").is_some() {
        steps.push(enabled(between, id));
    }
    steps
}

fn lock_of(kind: Kind) -> Lock {
    if kind == Kind::Trigger {
        Lock::ShareRowExclusive
    } else {
        Lock::AccessExclusive
    }
}

pub(super) fn drop(id: &ObjectId) -> Steps {
    let values: [(&str, &dyn Fragment); 2] = [("noun", &Sql::text(noun(id.kind))), ("address", &address(id))];
    Steps::one(Step::new(id, Sql::render("DROP {noun} {address}", &values)).lock(Lock::AccessExclusive))
}

pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    if !changed.only_in(&["enabled"]) {
        return None;
    }
    Some(if changed.in_fact("enabled") {
        Steps::one(enabled(between, id))
    } else {
        Steps::default()
    })
}

fn enabled(between: &Between<'_>, id: &ObjectId) -> Step {
    let state = Sql::text(match between.to.fact(id, "enabled") {
        Some("no") => "DISABLE",
        Some("on replicas") => "ENABLE REPLICA",
        Some("always") => "ENABLE ALWAYS",
        _ => "ENABLE",
    });
    let noun = Sql::text(noun(id.kind));
    let values: [(&str, &dyn Fragment); 4] = [
        ("table", &whole(id)),
        ("state", &state),
        ("noun", &noun),
        ("name", &plain(&id.name)),
    ];
    Step::new(
        id,
        Sql::render("ALTER TABLE {table} {state} {noun} {name}", &values),
    )
    .lock(lock_of(id.kind))
}

fn policy(between: &Between<'_>, id: &ObjectId) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    let mut sql = Sql::render("CREATE POLICY {address}", &[("address", &address(id))]);
    if fact("restrictive").is_some() {
        sql.push(&Sql::text(" AS RESTRICTIVE"));
    }
    for (words, value) in [(" FOR ", fact("command")), (" TO ", fact("roles"))] {
        if let Some(value) = value {
            sql.push(&Sql::text(words)).push(&Printed::new(value));
        }
    }
    for (words, value) in [(" USING (", fact("using")), (" WITH CHECK (", fact("check"))] {
        if let Some(value) = value {
            sql.push(&Sql::text(words))
                .push(&Printed::new(value))
                .push(&Sql::text(")"));
        }
    }
    sql
}
