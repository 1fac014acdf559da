//! Constraints of tables and domains. On a table in use, a constraint is added without looking at the rows, which are checked afterwards
//! under a lock that lets others write; a unique one takes over an index that was built beside the traffic.

use super::super::between::Between;
use super::super::name::{plain, qualified, whole};
use super::super::settings;
use super::super::step::{Lock, Placement, Step, Steps};
use super::{index, table, types};
use crate::Printed;
use crate::Sql;
use crate::model::{Kind, ObjectId};
use crate::sql::Fragment;

/// Whether CREATE TABLE holds it: it needs nothing but the table's own columns.
pub(in super::super) fn is_inline(between: &Between<'_>, id: &ObjectId) -> bool {
    let definition = between.to.fact(id, "definition").unwrap_or_default();
    let table = between.to.whole(id).filter(|table| table.kind == Kind::Table);
    let own =
        |need: &ObjectId| need.schema == id.schema && (need.of == id.of || Some(need) == table.as_ref());
    let fresh = table
        .as_ref()
        .is_some_and(|table| between.is_fresh(table) && has_column_list(between, table));
    fresh
        && !definition.starts_with("FOREIGN KEY")
        && !definition.ends_with("NOT VALID")
        && between.to.fact(id, "index options").is_none()
        && between.to.fact(id, "clustered").is_none()
        && between.to.needs_of(id).all(own)
}

fn has_column_list(between: &Between<'_>, table: &ObjectId) -> bool {
    !["partition of", "of type"]
        .iter()
        .any(|fact| between.to.fact(table, fact).is_some())
}

/// As it stands in CREATE TABLE.
pub(super) fn clause(between: &Between<'_>, id: &ObjectId) -> Sql {
    let definition = Printed::new(between.to.fact(id, "definition").unwrap_or_default());
    Sql::render(
        "CONSTRAINT {name} {definition}",
        &[("name", &plain(&id.name)), ("definition", &definition)],
    )
}

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    if is_inline(between, id) {
        return Steps::default();
    }
    let definition = between.to.fact(id, "definition").unwrap_or_default();
    let is_of_domain = between
        .to
        .whole(id)
        .is_none_or(|whole| whole.kind == Kind::Domain);
    let mut steps = Steps::default();
    if is_of_domain {
        if !types::holds(between, id) {
            steps.push(domain(between, id));
        }
    } else if between.is_safe_for(id) && is_key(definition) {
        steps.now.extend(key_by_index(between, id, definition));
    } else if between.is_safe_for(id) && can_be_validated_later(definition) {
        let (add, validate) = checked_later(between, id);
        steps.push(add);
        steps.push_late(validate);
    } else {
        let lock = lock_of(definition);
        steps.push(add(id, &clause(between, id)).lock(lock));
    }
    for action in settings::actions(None, between.to.fact(id, "index options"), "") {
        steps.push(index_setting(id, &action));
    }
    if between.to.fact(id, "clustered").is_some() {
        steps.push_late(clustered(id, true));
    }
    steps.late.extend(table::identity_by(between, id));
    steps
}

/// Whether the table is kept in the order of the constraint's index.
fn clustered(id: &ObjectId, is_on: bool) -> Step {
    let values: [(&str, &dyn Fragment); 2] = [("table", &whole(id)), ("index", &plain(&id.name))];
    let template = if is_on {
        "ALTER TABLE {table} CLUSTER ON {index}"
    } else {
        "ALTER TABLE {table} SET WITHOUT CLUSTER"
    };
    Step::new(id, Sql::render(template, &values)).lock(Lock::ShareUpdateExclusive)
}

fn is_key(definition: &str) -> bool {
    // WITHOUT OVERLAPS and NULLS NOT DISTINCT are said in the index, where this has no words for the first.
    (definition.starts_with("PRIMARY KEY (") || definition.starts_with("UNIQUE"))
        && !definition.contains("WITHOUT OVERLAPS")
}

fn can_be_validated_later(definition: &str) -> bool {
    let checks = definition.starts_with("CHECK") || definition.starts_with("FOREIGN KEY");
    checks && !definition.ends_with("NOT VALID") && !definition.ends_with("NOT ENFORCED")
}

fn lock_of(definition: &str) -> Lock {
    if definition.starts_with("FOREIGN KEY") {
        Lock::ShareRowExclusive
    } else {
        Lock::AccessExclusive
    }
}

fn add(id: &ObjectId, clause: &Sql) -> Step {
    Step::new(
        id,
        Sql::render(
            "ALTER TABLE {table} ADD {clause}",
            &[("table", &whole(id)), ("clause", clause)],
        ),
    )
}

fn domain(between: &Between<'_>, id: &ObjectId) -> Step {
    let values: [(&str, &dyn Fragment); 2] = [("domain", &whole(id)), ("clause", &clause(between, id))];
    Step::new(id, Sql::render("ALTER DOMAIN {domain} ADD {clause}", &values)).lock(Lock::Share)
}

fn checked_later(between: &Between<'_>, id: &ObjectId) -> (Step, Step) {
    let definition = between.to.fact(id, "definition").unwrap_or_default();
    let mut unchecked = clause(between, id);
    unchecked.push(&Sql::text(" NOT VALID"));
    (add(id, &unchecked).lock(lock_of(definition)), validate(id))
}

fn validate(id: &ObjectId) -> Step {
    let values: [(&str, &dyn Fragment); 2] = [("table", &whole(id)), ("name", &plain(&id.name))];
    let sql = Sql::render("ALTER TABLE {table} VALIDATE CONSTRAINT {name}", &values);
    Step::new(id, sql)
        .lock(Lock::ShareUpdateExclusive)
        .placed(Placement::Alone)
}

fn validate_in_domain(id: &ObjectId) -> Step {
    let values: [(&str, &dyn Fragment); 2] = [("domain", &whole(id)), ("name", &plain(&id.name))];
    let sql = Sql::render("ALTER DOMAIN {domain} VALIDATE CONSTRAINT {name}", &values);
    Step::new(id, sql).lock(Lock::Share)
}

/// `UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE`: the columns go into the index, the word before and what follows to the constraint.
fn key_by_index(between: &Between<'_>, id: &ObjectId, definition: &str) -> Vec<Step> {
    let open = definition.find('(').unwrap_or(definition.len());
    let (word, rest) = definition.split_at(open);
    let mut end = closing(rest);
    if let Some(include) = rest[end..].strip_prefix(" INCLUDE ") {
        end += " INCLUDE ".len() + closing(include);
    }
    let (columns, deferrable) = rest.split_at(end);
    let nulls = Sql::text(if word.contains("NULLS NOT DISTINCT") {
        " NULLS NOT DISTINCT"
    } else {
        ""
    });
    let kind = Sql::text(if word.starts_with("PRIMARY") {
        "PRIMARY KEY"
    } else {
        "UNIQUE"
    });
    let table = between
        .to
        .whole(id)
        .map(|table| qualified(&table))
        .unwrap_or_default();
    let values: [(&str, &dyn Fragment); 6] = [
        ("name", &plain(&id.name)),
        ("table", &table),
        ("columns", &Printed::new(columns)),
        ("nulls", &nulls),
        ("kind", &kind),
        ("deferrable", &Printed::new(deferrable)),
    ];
    let build = "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns}{nulls}";
    let take = "ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}{deferrable}";
    vec![
        Step::new(id, Sql::render(build, &values))
            .lock(Lock::ShareUpdateExclusive)
            .placed(Placement::Outside),
        Step::new(id, Sql::render(take, &values)).lock(Lock::AccessExclusive),
    ]
}

/// Where the bracket at the beginning is closed; names in quotes may hold brackets.
fn closing(text: &str) -> usize {
    let (mut depth, mut quoted) = (0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 1 => return at + 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

fn index_setting(id: &ObjectId, action: &Sql) -> Step {
    let schema = id.schema.clone();
    let index = ObjectId {
        kind: Kind::Index,
        schema,
        of: None,
        name: id.name.clone(),
        signature: None,
    };
    let values: [(&str, &dyn Fragment); 2] = [("index", &qualified(&index)), ("action", action)];
    Step::new(id, Sql::render("ALTER INDEX {index} {action}", &values)).lock(Lock::ShareUpdateExclusive)
}

pub(super) fn drop(between: &Between<'_>, id: &ObjectId) -> Steps {
    let is_of_domain = between
        .from
        .whole(id)
        .is_none_or(|whole| whole.kind == Kind::Domain);
    let template = if is_of_domain {
        "ALTER DOMAIN {whole} DROP CONSTRAINT {name}"
    } else {
        "ALTER TABLE {whole} DROP CONSTRAINT {name}"
    };
    let values: [(&str, &dyn Fragment); 2] = [("whole", &whole(id)), ("name", &plain(&id.name))];
    Steps::one(Step::new(id, Sql::render(template, &values)).lock(Lock::AccessExclusive))
}

pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    let mut steps = Steps::default();
    if changed.in_fact("definition") {
        let (was, is) = (changed.was("definition")?, changed.is("definition")?);
        if was.strip_suffix(" NOT VALID") == Some(is) {
            let is_of_domain = between
                .to
                .whole(id)
                .is_some_and(|whole| whole.kind == Kind::Domain);
            steps.push(if is_of_domain {
                validate_in_domain(id)
            } else {
                validate(id).placed(Placement::Alone)
            });
        } else {
            steps.push(deferred(id, was, is)?);
        }
    }
    for action in settings::actions(changed.was("index options"), changed.is("index options"), "") {
        steps.push(index_setting(id, &action));
    }
    if changed.in_fact("clustered") {
        if changed.is("clustered").is_some() {
            steps.push_late(clustered(id, true));
        } else if !index::is_clustered(between, id) {
            steps.push(clustered(id, false));
        }
    }
    Some(steps)
}

/// A foreign key may change when it is checked.
fn deferred(id: &ObjectId, was: &str, is: &str) -> Option<Step> {
    let (was, _) = checked_when(was);
    let (is, when) = checked_when(is);
    if was != is || !is.starts_with("FOREIGN KEY") {
        return None;
    }
    let values: [(&str, &dyn Fragment); 3] = [
        ("table", &whole(id)),
        ("name", &plain(&id.name)),
        ("when", &Sql::text(when)),
    ];
    let sql = Sql::render("ALTER TABLE {table} ALTER CONSTRAINT {name} {when}", &values);
    Some(Step::new(id, sql).lock(Lock::AccessExclusive))
}

fn checked_when(definition: &str) -> (&str, &'static str) {
    for (suffix, words) in [
        (" DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY DEFERRED"),
        (" DEFERRABLE", "DEFERRABLE INITIALLY IMMEDIATE"),
    ] {
        if let Some(rest) = definition.strip_suffix(suffix) {
            return (rest, words);
        }
    }
    (definition, "NOT DEFERRABLE")
}
