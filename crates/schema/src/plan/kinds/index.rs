//! Indexes. On a table in use they are built and dropped beside the traffic.

use super::super::between::Between;
use super::super::name::{marked, plain, qualified, whole};
use super::super::step::{Lock, Placement, Step, Steps};
use super::super::{satellites, settings};
use super::table;
use crate::model::{Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Printed, Sql};

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    let definition = between.to.fact(id, "definition").unwrap_or_default();
    let concurrently = between.is_safe_for(id);
    // Of a partitioned table the server prints ON ONLY, which would leave the partitions without.
    let definition = definition.replacen(" ON ONLY ", " ON ", 1);
    let (head, tail) = definition.split_once(" INDEX ").unwrap_or(("", &definition));
    let word = Sql::text(if concurrently {
        " INDEX CONCURRENTLY "
    } else {
        " INDEX "
    });
    let values: [(&str, &dyn Fragment); 3] = [
        ("head", &Printed::new(head)),
        ("word", &word),
        ("tail", &Printed::new(tail)),
    ];
    let step = Step::new(id, Sql::render("{head}{word}{tail}", &values));
    let mut steps = Steps::one(if concurrently {
        step.lock(Lock::ShareUpdateExclusive).placed(Placement::Outside)
    } else {
        step.lock(Lock::Share).rewriting()
    });
    steps.now.extend(settings_of(between, id, true));
    steps.late.extend(table::identity_by(between, id));
    steps
}

pub(super) fn drop(between: &Between<'_>, id: &ObjectId) -> Steps {
    let parted = between
        .from
        .whole(id)
        .is_some_and(|table| between.from.fact(&table, "partition key").is_some());
    let concurrently = between.is_safe_for(id) && !parted;
    let template = if concurrently {
        "DROP INDEX CONCURRENTLY {name}"
    } else {
        "DROP INDEX {name}"
    };
    let step = Step::new(id, Sql::render(template, &[("name", &qualified(id))]));
    Steps::one(if concurrently {
        step.lock(Lock::ShareUpdateExclusive).placed(Placement::Outside)
    } else {
        step.lock(Lock::AccessExclusive)
    })
}

pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    if !changed.only_in(&["clustered", "statistics"]) {
        if can_stand_beside(between, id) {
            return Some(beside(between, id));
        }
        let (was, old) = without_options(changed.was("definition")?);
        let (is, new) = without_options(changed.is("definition")?);
        if was != is || changed.in_fact("valid") {
            return None;
        }
        let actions = settings::actions(old.as_deref(), new.as_deref(), "");
        let step = |action: Sql| {
            let values: [(&str, &dyn Fragment); 2] = [("name", &qualified(id)), ("action", &action)];
            Step::new(id, Sql::render("ALTER INDEX {name} {action}", &values))
                .lock(Lock::ShareUpdateExclusive)
        };
        let mut steps = Steps::default();
        steps.now.extend(actions.into_iter().map(step));
        steps.now.extend(settings_of(between, id, false));
        return Some(steps);
    }
    let mut steps = Steps::default();
    steps.now.extend(settings_of(between, id, false));
    Some(steps)
}

/// Whether another definition is built beside the old index, which serves until then: nothing stands on it, and it stays on its table.
fn can_stand_beside(between: &Between<'_>, id: &ObjectId) -> bool {
    let (was, is) = (
        between.changed(id).was("definition"),
        between.changed(id).is("definition"),
    );
    let (was, is) = (
        was.map(|w| without_options(w).0),
        is.map(|i| without_options(i).0),
    );
    let carries_nothing = between.from.dependents(id).next().is_none();
    was != is && carries_nothing && between.is_safe_for(id) && table::identity_by(between, id).is_none()
}

/// The new one is built, the two change names, the old one goes.
fn beside(between: &Between<'_>, id: &ObjectId) -> Steps {
    let (new, old) = (marked(&id.name, "__new"), marked(&id.name, "__old"));
    let at = |name: &Ident| ObjectId {
        name: name.clone(),
        ..id.clone()
    };
    let definition = between.to.fact(id, "definition").unwrap_or_default();
    let (head, tail) = definition.split_once(" INDEX ").unwrap_or(("", definition));
    let tail = tail.split_once(" ON ").map_or(tail, |(_, tail)| tail);
    let values: [(&str, &dyn Fragment); 7] = [
        ("head", &Printed::new(head)),
        ("new", &plain(&new)),
        ("tail", &Printed::new(tail)),
        ("name", &plain(&id.name)),
        ("old", &plain(&old)),
        ("index", &qualified(id)),
        ("beside", &qualified(&at(&new))),
    ];
    let step = |template, lock| Step::new(id, Sql::render(template, &values)).lock(lock);
    let drop = Sql::render(
        "DROP INDEX CONCURRENTLY {name}",
        &[("name", &qualified(&at(&old)))],
    );
    let build = "{head} INDEX CONCURRENTLY {new} ON {tail}";
    let mut steps = Steps::one(step(build, Lock::ShareUpdateExclusive).placed(Placement::Outside));
    steps.push(step(
        "ALTER INDEX {index} RENAME TO {old}",
        Lock::ShareUpdateExclusive,
    ));
    steps.push(step(
        "ALTER INDEX {beside} RENAME TO {name}",
        Lock::ShareUpdateExclusive,
    ));
    steps.now.extend(settings_of(between, id, true));
    if !between.changed(id).in_fact("comment") {
        steps.extend(satellites::created(between, id));
    }
    steps.push_late(
        Step::new(id, drop)
            .lock(Lock::ShareUpdateExclusive)
            .placed(Placement::Outside),
    );
    steps
}

/// The definition without ` WITH (fillfactor='70')`, and that list.
fn without_options(definition: &str) -> (String, Option<String>) {
    let Some((head, rest)) = definition.split_once(" WITH (") else {
        return (definition.to_owned(), None);
    };
    let Some((options, tail)) = rest.split_once(')') else {
        return (definition.to_owned(), None);
    };
    ([head, tail].concat(), Some(options.replace('\'', "")))
}

/// Whether the index's table is to be kept in the order of any index; then that one's statement is enough.
pub(super) fn is_clustered(between: &Between<'_>, id: &ObjectId) -> bool {
    let Some(table) = between.to.whole(id) else {
        return false;
    };
    let mut parts = between.to.parts(&table, Kind::Index);
    parts.extend(between.to.parts(&table, Kind::Constraint));
    parts
        .iter()
        .any(|part| between.to.fact(part, "clustered").is_some())
}

/// What CREATE INDEX does not say.
fn settings_of(between: &Between<'_>, id: &ObjectId, is_new: bool) -> Vec<Step> {
    let changed = between.changed(id);
    let differs = |name: &str| {
        if is_new {
            changed.is(name).is_some()
        } else {
            changed.in_fact(name)
        }
    };
    let mut steps = Vec::new();
    if differs("clustered") && (changed.is("clustered").is_some() || !is_clustered(between, id)) {
        let values: [(&str, &dyn Fragment); 2] = [("table", &whole(id)), ("index", &plain(&id.name))];
        let template = if changed.is("clustered").is_some() {
            "ALTER TABLE {table} CLUSTER ON {index}"
        } else {
            "ALTER TABLE {table} SET WITHOUT CLUSTER"
        };
        steps.push(Step::new(id, Sql::render(template, &values)).lock(Lock::ShareUpdateExclusive));
    }
    if differs("statistics") {
        let pairs = |list: Option<&str>| -> Vec<(String, String)> {
            let list = list.into_iter().flat_map(|list| list.split(", "));
            list.filter_map(|pair| pair.split_once(": "))
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .collect()
        };
        let is = pairs(changed.is("statistics"));
        let gone = pairs(changed.was("statistics").filter(|_| !is_new)).into_iter();
        let gone = gone.filter(|(number, _)| !is.iter().any(|(other, _)| other == number));
        let gone: Vec<_> = gone.map(|(number, _)| (number, "-1".to_owned())).collect();
        for (number, target) in gone.into_iter().chain(is) {
            let values: [(&str, &dyn Fragment); 3] = [
                ("index", &qualified(id)),
                ("number", &Printed::new(number)),
                ("target", &Printed::new(target)),
            ];
            let sql = Sql::render(
                "ALTER INDEX {index} ALTER COLUMN {number} SET STATISTICS {target}",
                &values,
            );
            steps.push(Step::new(id, sql).lock(Lock::ShareUpdateExclusive));
        }
    }
    steps
}
