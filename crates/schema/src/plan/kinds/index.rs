//! Indexes. On a table in use they are built and dropped beside the traffic.

use super::super::between::Between;
use super::super::name::{plain, qualified, whole};
use super::super::settings;
use super::super::step::{Lock, Placement, Step, Steps};
use crate::model::ObjectId;
use crate::sql::Fragment;
use crate::{Printed, Sql};

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
    if differs("clustered") {
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
