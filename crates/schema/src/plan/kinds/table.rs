//! Tables, with the columns and constraints that they are made with.

use super::super::between::Between;
use super::super::name::{plain, qualified};
use super::super::step::{Lock, Step, Steps};
use super::super::{options, settings};
use super::{column, constraint};
use crate::model::{Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Printed, Sql};

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    let mut steps = Steps::one(Step::new(id, definition(between, id)));
    let facts = between.to.facts(id);
    if let Some(options) = facts.get("row security") {
        steps.now.extend(row_security(id, None, Some(options)));
    }
    steps.late.extend(
        replica_identity(id, facts.get("replica identity").map(String::as_str))
            .filter(|_| facts.contains_key("replica identity")),
    );
    for column in between.to.parts(id, Kind::Column) {
        steps.extend(column::with_its_table(between, id, column));
    }
    steps
}

fn definition(between: &Between<'_>, id: &ObjectId) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    let printed = |name: &str| fact(name).map(Printed::new);
    let mut sql = Sql::text("CREATE ");
    if fact("foreign server").is_some() {
        sql.push(&Sql::text("FOREIGN "));
    } else if fact("persistence").is_some() {
        sql.push(&Sql::text("UNLOGGED "));
    }
    sql.push(&Sql::text("TABLE ")).push(&qualified(id));
    if let Some(parent) = printed("partition of") {
        let bound = printed("bound").unwrap_or_else(|| Printed::new("DEFAULT"));
        sql.push(&Sql::text(" PARTITION OF "))
            .push(&parent)
            .push(&Sql::text(" "))
            .push(&bound);
    } else if let Some(of_type) = printed("of type") {
        sql.push(&Sql::text(" OF ")).push(&of_type);
    } else {
        sql.push(&columns(between, id));
    }
    if let Some(parents) = printed("inherits") {
        sql.push(&Sql::text(" INHERITS ("))
            .push(&parents)
            .push(&Sql::text(")"));
    }
    if let Some(key) = printed("partition key") {
        sql.push(&Sql::text(" PARTITION BY ")).push(&key);
    }
    if let Some(method) = fact("access method") {
        sql.push(&Sql::text(" USING ")).push(&plain(&Ident::new(method)));
    }
    if let Some(server) = fact("foreign server") {
        sql.push(&Sql::text(" SERVER ")).push(&plain(&Ident::new(server)));
        sql.push(&options::clause(fact("foreign options")));
    }
    sql.push(&settings::with(fact("options"), fact("toast options")));
    sql
}

/// The columns that the table has itself, be it that a parent has them too, in their order.
fn own_columns<'a>(between: &Between<'a>, id: &ObjectId) -> Vec<&'a ObjectId> {
    let to = between.to;
    let is_own = |column: &&ObjectId| to.detail(column, "local").is_some() || to.inherited(column).is_none();
    let mut columns = to.parts(id, Kind::Column);
    columns.retain(is_own);
    let of_this = |column: &&ObjectId| {
        column.kind == Kind::Column && column.schema == id.schema && column.of.as_ref() == Some(&id.name)
    };
    let as_parents = to.details.keys().filter(of_this);
    columns.extend(as_parents.filter(|column| !to.has(column) && is_own(column)));
    columns.sort_by_key(|id| to.detail(id, "position").and_then(|p| p.parse::<i32>().ok()));
    columns
}

/// Columns in their order, then the constraints that need nothing else.
fn columns(between: &Between<'_>, id: &ObjectId) -> Sql {
    let columns = own_columns(between, id)
        .into_iter()
        .map(|column| column::definition(between, column));
    let constraints = between
        .to
        .parts(id, Kind::Constraint)
        .into_iter()
        .filter(|c| constraint::is_inline(between, c));
    let lines: Vec<Sql> = columns
        .chain(constraints.map(|c| constraint::clause(between, c)))
        .collect();
    if lines.is_empty() {
        return Sql::text(" ()");
    }
    Sql::render(" (\n  {lines}\n)", &[("lines", &Sql::join(",\n  ", lines))])
}

pub(super) fn drop(between: &Between<'_>, id: &ObjectId) -> Steps {
    let foreign = between.from.fact(id, "foreign server").is_some();
    let template = if foreign {
        "DROP FOREIGN TABLE {name}"
    } else {
        "DROP TABLE {name}"
    };
    let step = Step::new(id, Sql::render(template, &[("name", &qualified(id))])).lock(Lock::AccessExclusive);
    Steps::one(if foreign {
        step
    } else {
        step.losing("the rows of the table")
    })
}

const IN_PLACE: [&str; 10] = [
    "of type",
    "foreign options",
    "persistence",
    "options",
    "toast options",
    "row security",
    "replica identity",
    "partition of",
    "bound",
    "inherits",
];

pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    let becomes_part_by_copy = changed.in_fact("partition of")
        && changed.was("partition of").is_none()
        && changed.was("partition key").is_some();
    if !changed.only_in(&IN_PLACE) || becomes_part_by_copy {
        return None;
    }
    let mut steps = Steps::default();
    let mut push = |action: Sql, lock: Lock| steps.push(statement(id, &action).lock(lock));
    if changed.in_fact("persistence") {
        let unlogged = changed.is("persistence").is_some();
        push(
            Sql::text(if unlogged { "SET UNLOGGED" } else { "SET LOGGED" }),
            Lock::AccessExclusive,
        );
    }
    for action in settings::actions(changed.was("options"), changed.is("options"), "") {
        push(action, Lock::ShareUpdateExclusive);
    }
    for action in settings::actions(
        changed.was("toast options"),
        changed.is("toast options"),
        "toast.",
    ) {
        push(action, Lock::ShareUpdateExclusive);
    }
    if changed.in_fact("of type") {
        let action = match changed.is("of type") {
            Some(of_type) => Sql::render("OF {type}", &[("type", &Printed::new(of_type))]),
            None => Sql::text("NOT OF"),
        };
        steps.push(statement(id, &action).lock(Lock::AccessExclusive));
    }
    if let Some(options) = options::change(changed.was("foreign options"), changed.is("foreign options")) {
        let values: [(&str, &dyn Fragment); 2] = [("name", &qualified(id)), ("options", &options)];
        let sql = Sql::render("ALTER FOREIGN TABLE {name} {options}", &values);
        steps.push(Step::new(id, sql).lock(Lock::AccessExclusive));
    }
    steps.now.extend(row_security(
        id,
        changed.was("row security"),
        changed.is("row security"),
    ));
    if changed.in_fact("replica identity") {
        steps
            .late
            .extend(replica_identity(id, changed.is("replica identity")));
    }
    steps.now.extend(parents(between, id));
    Some(steps)
}

/// A partition or a child leaves what is its parent no longer. Before others take its place there.
pub(super) fn release(between: &Between<'_>, id: &ObjectId) -> Steps {
    let changed = between.changed(id);
    let mut steps = Steps::default();
    let moves = changed.in_fact("partition of") || changed.in_fact("bound");
    if let Some(parent) = changed.was("partition of").filter(|_| moves) {
        let values: [(&str, &dyn Fragment); 2] =
            [("parent", &Printed::new(parent)), ("name", &qualified(id))];
        let sql = Sql::render("ALTER TABLE {parent} DETACH PARTITION {name}", &values);
        steps.push(Step::new(id, sql).lock(Lock::AccessExclusive));
    }
    let is = names(changed.is("inherits"));
    for parent in names(changed.was("inherits")) {
        if !is.contains(&parent) {
            steps.push(of_parent(id, "NO INHERIT {parent}", parent));
        }
    }
    steps
}

fn of_parent(id: &ObjectId, template: &'static str, parent: &str) -> Step {
    let action = Sql::render(template, &[("parent", &Printed::new(parent))]);
    statement(id, &action).lock(Lock::AccessExclusive)
}

/// A partition that moves, or a child that gets other parents.
fn parents(between: &Between<'_>, id: &ObjectId) -> Vec<Step> {
    let changed = between.changed(id);
    let mut steps = Vec::new();
    let moves = changed.in_fact("partition of") || changed.in_fact("bound");
    if let (true, Some(parent), Some(bound)) = (moves, changed.is("partition of"), changed.is("bound")) {
        let (parent, bound) = (Printed::new(parent), Printed::new(bound));
        let values: [(&str, &dyn Fragment); 3] =
            [("parent", &parent), ("name", &qualified(id)), ("bound", &bound)];
        let sql = Sql::render("ALTER TABLE {parent} ATTACH PARTITION {name} {bound}", &values);
        steps.push(Step::new(id, sql).lock(Lock::AccessExclusive).rewriting());
    }
    let was = names(changed.was("inherits"));
    let new = names(changed.is("inherits")).into_iter();
    let new = new.filter(|parent| !was.contains(parent));
    steps.extend(new.map(|parent| of_parent(id, "INHERIT {parent}", parent)));
    steps
}

fn names(list: Option<&str>) -> Vec<&str> {
    list.into_iter().flat_map(|list| list.split(", ")).collect()
}

fn statement(id: &ObjectId, action: &Sql) -> Step {
    Step::new(
        id,
        Sql::render(
            "ALTER TABLE {name} {action}",
            &[("name", &qualified(id)), ("action", action)],
        ),
    )
}

fn row_security(id: &ObjectId, was: Option<&str>, is: Option<&str>) -> Vec<Step> {
    let enabled = |fact: Option<&str>| fact.is_some_and(|fact| fact.starts_with("enabled"));
    let forced = |fact: Option<&str>| fact.is_some_and(|fact| fact.ends_with("forced"));
    let mut actions = Vec::new();
    match (enabled(was), enabled(is)) {
        (false, true) => actions.push("ENABLE ROW LEVEL SECURITY"),
        (true, false) => actions.push("DISABLE ROW LEVEL SECURITY"),
        _ => {}
    }
    match (forced(was), forced(is)) {
        (false, true) => actions.push("FORCE ROW LEVEL SECURITY"),
        (true, false) => actions.push("NO FORCE ROW LEVEL SECURITY"),
        _ => {}
    }
    let step = |action| statement(id, &Sql::text(action)).lock(Lock::AccessExclusive);
    actions.into_iter().map(step).collect()
}

/// What the table says about an index of its own that was just made anew: whether rows are known by it to replicas.
pub(super) fn identity_by(between: &Between<'_>, index: &ObjectId) -> Option<Step> {
    let table = between.to.whole(index).filter(|table| !between.is_fresh(table))?;
    let identity = between.to.fact(&table, "replica identity")?;
    let own = Sql::render(
        "index {name}",
        &[(
            "name",
            &qualified(&ObjectId {
                of: None,
                ..index.clone()
            }),
        )],
    );
    let stays = between.from.fact(&table, "replica identity") == Some(identity);
    (stays && own.as_str() == identity)
        .then(|| replica_identity(&table, Some(identity)))
        .flatten()
}

fn replica_identity(id: &ObjectId, is: Option<&str>) -> Option<Step> {
    let action = match is {
        None => Sql::text("REPLICA IDENTITY DEFAULT"),
        Some("full") => Sql::text("REPLICA IDENTITY FULL"),
        Some("nothing") => Sql::text("REPLICA IDENTITY NOTHING"),
        Some(index) => {
            let index = index.strip_prefix("index ")?;
            let name = index.rsplit_once('.').map_or(index, |(_, name)| name);
            Sql::render(
                "REPLICA IDENTITY USING INDEX {index}",
                &[("index", &Printed::new(name))],
            )
        }
    };
    Some(statement(id, &action).lock(Lock::AccessExclusive))
}
