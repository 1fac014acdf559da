//! Columns of tables: in a new table, of a new one in an old table, changed in place.

use super::super::between::{Between, Changed};
use super::super::name::{marked, plain, whole};
use super::super::step::{Lock, Placement, Step, Steps};
use super::super::{options, satellites, settings};
use super::{sequence, types};
use crate::model::{Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Printed, Sql};

/// As it stands in CREATE TABLE and after ADD COLUMN.
pub(super) fn definition(between: &Between<'_>, id: &ObjectId) -> Sql {
    let fact = |name: &str| between.to.fact(id, name);
    let mut sql = plain(&id.name);
    sql.push(&Sql::text(" "))
        .push(&Printed::new(fact("type").unwrap_or_default()));
    sql.push(&options::clause(fact("foreign options")));
    if let Some(collation) = fact("collation") {
        sql.push(&Sql::text(" COLLATE ")).push(&Printed::new(collation));
    }
    if let Some((stored, expression)) = fact("generated").and_then(|g| g.split_once(": ")) {
        let kind = if stored == "stored" {
            ") STORED"
        } else {
            ") VIRTUAL"
        };
        sql.push(&Sql::text(" GENERATED ALWAYS AS ("))
            .push(&Printed::new(expression))
            .push(&Sql::text(kind));
    }
    if let Some(identity) = fact("identity") {
        sql.push(&Sql::text(" "))
            .push(&generated_as_identity(between, id, identity));
    }
    if let Some(default) = fact("default").filter(|_| !waits(between, id)) {
        sql.push(&Sql::text(" DEFAULT ")).push(&Printed::new(default));
    }
    if fact("not null").is_some() {
        sql.push(&Sql::text(" NOT NULL"));
    }
    sql
}

fn generated_as_identity(between: &Between<'_>, id: &ObjectId, identity: &str) -> Sql {
    let mode = Sql::text(if identity == "always" {
        "ALWAYS"
    } else {
        "BY DEFAULT"
    });
    let options = between
        .to
        .sequence_of(id)
        .map(|s| sequence::identity_options(between, s, id));
    let options = options.unwrap_or_default();
    Sql::render(
        "GENERATED {mode} AS IDENTITY{options}",
        &[("mode", &mode), ("options", &options)],
    )
}

/// Whether the default can only be given when more than the table is there.
fn waits(between: &Between<'_>, id: &ObjectId) -> bool {
    between
        .to
        .whole(id)
        .is_some_and(|table| between.late_defaults.contains(&table))
}

/// What CREATE TABLE does not say about a column of the table, or cannot say because the column comes from a parent.
pub(super) fn with_its_table(between: &Between<'_>, table: &ObjectId, id: &ObjectId) -> Steps {
    let mut steps = Steps::default();
    let is_local = between.to.detail(id, "local").is_some();
    let of_parent = between.to.inherited(id).is_some() && !is_local;
    let is_partition = between.to.fact(table, "partition of").is_some();
    let borrowed = of_parent || is_partition || between.to.fact(table, "of type").is_some();
    if borrowed {
        if let Some(default) = between.to.fact(id, "default") {
            steps.push(set_default(id, default));
        }
        if between.to.fact(id, "not null").is_some() && !comes_with_parent(between, id) {
            steps.push(action(id, &Sql::text("SET NOT NULL")).lock(Lock::AccessExclusive));
        }
    } else if waits(between, id)
        && let Some(default) = between.to.fact(id, "default")
    {
        steps.push_late(set_default(id, default));
    }
    steps.extend(unwritten(between, id));
    steps.extend(satellites::created(between, id));
    steps
}

/// Whether the partition's parent says NOT NULL already.
fn comes_with_parent(between: &Between<'_>, id: &ObjectId) -> bool {
    let parent = between.to.inherited(id);
    parent.is_some_and(|parent| between.to.fact(&parent, "not null").is_some())
}

/// Storage and its kin, which no definition has room for.
fn unwritten(between: &Between<'_>, id: &ObjectId) -> Steps {
    let nothing = crate::model::Facts::new();
    let changed = Changed {
        from: &nothing,
        to: between.to.facts(id),
    };
    let mut steps = Steps::default();
    steps.now.extend(storage(between, id, &changed));
    steps
}

fn storage(between: &Between<'_>, id: &ObjectId, changed: &Changed<'_>) -> Vec<Step> {
    let mut actions = Vec::new();
    if changed.in_fact("storage") {
        let own = changed
            .is("storage")
            .or_else(|| between.to.detail(id, "type storage"));
        let word = match own {
            Some("p") => "SET STORAGE PLAIN",
            Some("e") => "SET STORAGE EXTERNAL",
            Some("m") => "SET STORAGE MAIN",
            _ => "SET STORAGE EXTENDED",
        };
        actions.push(Sql::text(word));
    }
    if changed.in_fact("compression") {
        actions.push(Sql::text(match changed.is("compression") {
            Some("p") => "SET COMPRESSION pglz",
            Some(_) => "SET COMPRESSION lz4",
            None => "SET COMPRESSION default",
        }));
    }
    if changed.in_fact("statistics") {
        let target = Printed::new(changed.is("statistics").unwrap_or("-1"));
        actions.push(Sql::render("SET STATISTICS {target}", &[("target", &target)]));
    }
    actions.extend(settings::actions(
        changed.was("options"),
        changed.is("options"),
        "",
    ));
    actions
        .iter()
        .map(|sql| action(id, sql).lock(Lock::ShareUpdateExclusive))
        .collect()
}

/// Whether the columns of the table are the attributes of its type, and come and go with them.
fn is_of_typed(between: &Between<'_>, id: &ObjectId) -> bool {
    let is_typed = |side: &super::super::Side| {
        let table = side.whole(id);
        table.is_none_or(|table| side.fact(&table, "of type").is_some())
    };
    is_typed(between.from) && is_typed(between.to)
}

pub(super) fn create(between: &Between<'_>, id: &ObjectId) -> Steps {
    if is_of_typed(between, id) {
        let mut steps = Steps::default();
        if let Some(default) = between.to.fact(id, "default") {
            steps.push(set_default(id, default));
        }
        if between.to.fact(id, "not null").is_some() {
            steps.now.extend(not_null(between, id, true));
        }
        steps.extend(unwritten(between, id));
        return steps;
    }
    let values: [(&str, &dyn Fragment); 2] = [("table", &whole(id)), ("column", &definition(between, id))];
    let step = Step::new(
        id,
        Sql::render("ALTER TABLE {table} ADD COLUMN {column}", &values),
    );
    let step = step.lock(Lock::AccessExclusive);
    let has = |fact: &str| between.to.fact(id, fact).is_some();
    let fills = ["default", "generated", "identity"].into_iter().any(has);
    let mut steps = Steps::one(if has("not null") && !fills {
        step.warning("refused where the table has rows: add it without NOT NULL and fill it first, or give it a default")
    } else {
        step
    });
    steps.extend(unwritten(between, id));
    steps
}

pub(super) fn drop(between: &Between<'_>, id: &ObjectId) -> Steps {
    if is_of_typed(between, id) {
        return Steps::default();
    }
    let values: [(&str, &dyn Fragment); 2] = [("table", &whole(id)), ("column", &plain(&id.name))];
    let step = Step::new(
        id,
        Sql::render("ALTER TABLE {table} DROP COLUMN {column}", &values),
    );
    let step = step.lock(Lock::AccessExclusive);
    let is_computed = between.from.fact(id, "generated").is_some();
    Steps::one(if is_computed {
        step
    } else {
        step.losing("the values of the column")
    })
}

/// Whether what is computed from the column has to make way.
pub(super) fn is_converted(between: &Between<'_>, id: &ObjectId) -> bool {
    let changed = between.changed(id);
    changed.in_fact("type") || changed.in_fact("collation")
}

pub(super) fn alter(between: &Between<'_>, id: &ObjectId) -> Option<Steps> {
    let changed = between.changed(id);
    if changed.is("generated").is_some() && changed.in_fact("generated") {
        return None;
    }
    let mut steps = Steps::default();
    let mut push = |sql: Sql| steps.push(action(id, &sql).lock(Lock::AccessExclusive));
    if changed.in_fact("generated") {
        push(Sql::text("DROP EXPRESSION"));
    }
    let is_converted = is_converted(between, id);
    let was_released = between.reset.contains(id);
    let has_new_default = changed.in_fact("default") || is_converted || was_released;
    if changed.was("default").is_some() && !was_released && (is_converted || changed.is("default").is_none())
    {
        push(Sql::text("DROP DEFAULT"));
    }
    if changed.was("identity").is_some() && changed.is("identity").is_none() && !was_released {
        push(Sql::text("DROP IDENTITY"));
    }
    let follows = follows_parent(between, id, &["type", "collation"]) || is_of_typed(between, id);
    if is_converted && !is_retyped(between, id) && !follows {
        steps.push(convert(between, id));
    }
    if changed.in_fact("not null") && !follows_parent(between, id, &["not null"]) {
        steps
            .now
            .extend(not_null(between, id, changed.is("not null").is_some()));
    }
    steps.extend(identity(between, id));
    if let Some(default) = changed.is("default").filter(|_| has_new_default) {
        steps.push(set_default(id, default));
    }
    if is_converted && changed.is("storage").is_some() && !changed.in_fact("storage") {
        // A new type comes with its own storage.
        steps.extend(unwritten(between, id));
    }
    steps.now.extend(storage(between, id, &changed));
    if let Some(options) = options::change(changed.was("foreign options"), changed.is("foreign options")) {
        let values: [(&str, &dyn Fragment); 3] = [
            ("table", &whole(id)),
            ("column", &plain(&id.name)),
            ("options", &options),
        ];
        let template = "ALTER FOREIGN TABLE {table} ALTER COLUMN {column} {options}";
        steps.push(Step::new(id, Sql::render(template, &values)).lock(Lock::AccessExclusive));
    }
    Some(steps)
}

/// Before what the default or the identity uses goes.
pub(super) fn release(between: &Between<'_>, id: &ObjectId) -> Steps {
    let is_identity = between.from.fact(id, "identity").is_some();
    let words = if is_identity {
        "DROP IDENTITY"
    } else {
        "DROP DEFAULT"
    };
    Steps::one(action(id, &Sql::text(words)).lock(Lock::AccessExclusive))
}

/// Whether a type that is made anew takes the column along.
fn is_retyped(between: &Between<'_>, id: &ObjectId) -> bool {
    let stays = |need: &&ObjectId| between.to.needs_of(id).any(|other| other == *need);
    between
        .from
        .needs_of(id)
        .filter(stays)
        .any(|need| types::is_type(need) && types::is_made_anew(between, need))
}

/// Whether the parent of a partition or child has the same change, which reaches the column by itself.
fn follows_parent(between: &Between<'_>, id: &ObjectId, facts: &[&str]) -> bool {
    let Some(parent) = between.to.inherited(id) else {
        return false;
    };
    let parents = between.changed(&parent);
    between.from.exists(&parent) && facts.iter().any(|fact| parents.in_fact(fact))
}

fn convert(between: &Between<'_>, id: &ObjectId) -> Step {
    let changed = between.changed(id);
    let new = Printed::new(changed.is("type").unwrap_or_default());
    let collation = match changed.is("collation") {
        Some(collation) => Sql::render(" COLLATE {name}", &[("name", &Printed::new(collation))]),
        None => Sql::default(),
    };
    let table = between.to.whole(id);
    let is_foreign = table.is_some_and(|table| between.to.fact(&table, "foreign server").is_some());
    let using = cast(between, id).filter(|_| changed.in_fact("type") && !is_foreign);
    let values: [(&str, &dyn Fragment); 4] = [
        ("type", &new),
        ("collation", &collation),
        ("column", &plain(&id.name)),
        ("cast", &Sql::text(using.unwrap_or_default())),
    ];
    let template = match using {
        Some(_) => "TYPE {type}{collation} USING {column}{cast}{type}",
        None => "TYPE {type}{collation}",
    };
    action(id, &Sql::render(template, &values))
        .lock(Lock::AccessExclusive)
        .rewriting()
}

/// How values are converted where the server does not do it by itself. Where it does, it refuses what does not fit, and a cast would cut it
/// off. What has no cast goes by way of its text, so that the server refuses what makes no sense, and nothing is lost in silence.
fn cast(between: &Between<'_>, id: &ObjectId) -> Option<&'static str> {
    let has_own_type = |side: &super::super::Side| side.needs_of(id).any(types::is_type);
    if has_own_type(between.from) || has_own_type(between.to) {
        return Some("::text::");
    }
    let changed = between.changed(id);
    let was = Family::of(changed.was("type").unwrap_or_default());
    let is = Family::of(changed.is("type").unwrap_or_default());
    match (was, is) {
        (was, is) if was == is => None,
        (_, Family::Text) => None,
        (Family::Text, _) | (Family::Truth, Family::Number) | (Family::Number, Family::Truth) => Some("::"),
        _ => Some("::text::"),
    }
}

/// Types between which the server converts by itself.
#[derive(Debug, PartialEq, Eq)]
enum Family<'a> {
    Text,
    Number,
    Time,
    Truth,
    Json,
    Array(Box<Self>),
    Other(&'a str),
}

impl<'a> Family<'a> {
    fn of(name: &'a str) -> Self {
        let element = name.trim_end_matches("[]");
        let base = element.split(['(', ' ']).next().unwrap_or(element);
        match base {
            _ if element.len() < name.len() => Self::Array(Box::new(Self::of(element))),
            "text" | "character" | "name" | "citext" => Self::Text,
            "smallint" | "integer" | "bigint" | "numeric" | "real" | "double" | "money" => Self::Number,
            "date" | "timestamp" | "time" => Self::Time,
            "boolean" => Self::Truth,
            "json" | "jsonb" => Self::Json,
            other => Self::Other(other),
        }
    }
}

/// In use, the rows are looked through under a lock that lets others write, and the strong lock is only held for a moment.
fn not_null(between: &Between<'_>, id: &ObjectId, is_set: bool) -> Vec<Step> {
    if !is_set {
        return vec![action(id, &Sql::text("DROP NOT NULL")).lock(Lock::AccessExclusive)];
    }
    let set = action(id, &Sql::text("SET NOT NULL")).lock(Lock::AccessExclusive);
    if !between.is_safe_for(id) {
        return vec![set.rewriting()];
    }
    let check = plain(&free_name(between, id));
    let values: [(&str, &dyn Fragment); 3] = [
        ("table", &whole(id)),
        ("check", &check),
        ("column", &plain(&id.name)),
    ];
    let step = |template, lock| Step::new(id, Sql::render(template, &values)).lock(lock);
    vec![
        step(
            "ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID",
            Lock::AccessExclusive,
        ),
        step(
            "ALTER TABLE {table} VALIDATE CONSTRAINT {check}",
            Lock::ShareUpdateExclusive,
        )
        .placed(Placement::Alone),
        set.placed(Placement::Alone),
        step(
            "ALTER TABLE {table} DROP CONSTRAINT {check}",
            Lock::AccessExclusive,
        ),
    ]
}

/// A name for the check that no constraint of the table has.
fn free_name(between: &Between<'_>, id: &ObjectId) -> Ident {
    let of = id.of.as_ref().map(Ident::as_str).unwrap_or_default();
    let base = Ident::new([of, "_", id.name.as_str()].concat());
    let mut mark = "_not_null".to_owned();
    loop {
        let name = marked(&base, &mark);
        let taken = ObjectId {
            kind: Kind::Constraint,
            name: name.clone(),
            ..id.clone()
        };
        if !between.from.has(&taken) && !between.to.has(&taken) {
            return name;
        }
        mark.push('_');
    }
}

fn identity(between: &Between<'_>, id: &ObjectId) -> Steps {
    let changed = between.changed(id);
    let mut steps = Steps::default();
    match (changed.was("identity"), changed.is("identity")) {
        (None, Some(new)) => {
            let mut sql = Sql::text("ADD ");
            sql.push(&generated_as_identity(between, id, new));
            steps.push(action(id, &sql).lock(Lock::AccessExclusive));
            steps.push(count_on(id));
        }
        (Some(was), Some(new)) if was != new => {
            let mode = if new == "always" {
                "SET GENERATED ALWAYS"
            } else {
                "SET GENERATED BY DEFAULT"
            };
            steps.push(action(id, &Sql::text(mode)).lock(Lock::AccessExclusive));
        }
        _ => {}
    }
    steps
}

/// A new identity goes on behind what the column holds.
fn count_on(id: &ObjectId) -> Step {
    let table = crate::Literal::new(whole(id).to_string());
    let column = crate::Literal::new(id.name.as_str());
    let values: [(&str, &dyn Fragment); 4] = [
        ("literal", &table),
        ("name", &column),
        ("table", &whole(id)),
        ("column", &plain(&id.name)),
    ];
    let sql = "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({literal}, {name}), max({column})) FROM {table} HAVING max({column}) > 0";
    Step::new(id, Sql::render(sql, &values))
}

fn set_default(id: &ObjectId, default: &str) -> Step {
    let sql = Sql::render("SET DEFAULT {default}", &[("default", &Printed::new(default))]);
    action(id, &sql).lock(Lock::AccessExclusive)
}

fn action(id: &ObjectId, action: &Sql) -> Step {
    let values: [(&str, &dyn Fragment); 3] = [
        ("table", &whole(id)),
        ("column", &plain(&id.name)),
        ("action", action),
    ];
    Step::new(
        id,
        Sql::render("ALTER TABLE {table} ALTER COLUMN {column} {action}", &values),
    )
}
