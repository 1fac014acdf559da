//! What both ends of a link look like, and whether they fit together.

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::extras::Extras;
use ponte_sync::fit::{Drift, fit};
use ponte_sync::limit::DeleteLimit;
use ponte_sync::link::{ApplyAs, ConflictRule, LinkSpec, Side, TableSpec, TriggerRule};
use ponte_sync::order::parents_first;
use ponte_sync::shape::{self, ForeignKey, Problem, Shape};
use ponte_sync::table::TableSide;
use ponte_sync::{capture, decider};

use super::peer::Peer;
use super::{guard, mapping, masks};
use crate::error::{Error, ErrorKind, Result};

/// A table on both sides.
#[derive(Debug, Clone)]
pub struct LinkedTable {
    /// What the catalogs say, first side first.
    pub shapes: [Shape; 2],
    /// What the sync makes of it.
    pub sides: [TableSide; 2],
    /// How many of its rows a batch may delete before a person is asked.
    pub max_delete: DeleteLimit,
    /// Who wins.
    pub conflict: ConflictRule,
    /// What the user's triggers do about rows that the sync writes.
    pub triggers: TriggerRule,
    /// What else is done on each side when its rows are written.
    pub extras: [Extras; 2],
}

impl LinkedTable {
    /// What it is called in messages.
    pub fn name(&self) -> &QualifiedName {
        &self.sides[0].name
    }
}

/// Reads the shapes of some tables; those that do not exist are left out.
pub async fn shapes(peer: &mut Peer, tables: &[QualifiedName]) -> Result<Vec<Shape>> {
    let schemas: Vec<&str> = tables.iter().map(|t| t.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
    let ours: Vec<String> = capture::trigger_names().collect();
    let sql = Sql::text(include_str!("inspect.sql"));
    let rows = peer
        .rows(
            &sql,
            &[&schemas, &names, &ours, &capture::TOLD],
            "read the tables' shapes",
        )
        .await?;
    rows.iter()
        .map(|row| {
            serde_json::from_str(row.get(1))
                .map_err(|e| Error::new(ErrorKind::Internal, "cannot read a table's shape").because(e))
        })
        .collect()
}

/// Reads both ends and fits them together, in the order in which tables are written: parents first.
///
/// # Errors
/// Everything that keeps the link from working, in one error, each with its remedy; or drift between the two sides.
pub async fn linked_tables(spec: &LinkSpec, peers: &mut [Peer; 2]) -> Result<Vec<LinkedTable>> {
    let names =
        |side: Side| -> Vec<QualifiedName> { spec.tables.iter().map(|t| t.name(side).clone()).collect() };
    let (one, other) = (names(Side::First), names(Side::Second));
    let [first, second] = peers;
    let (first, second) = tokio::try_join!(shapes(first, &one), shapes(second, &other))?;
    let mut problems = missing_tables(spec, [&first, &second]);
    refuse(spec, &problems)?;
    let mut drifts = Vec::new();
    let mut tables = Vec::with_capacity(spec.tables.len());
    for ((wanted, one), other) in spec.tables.iter().zip(first).zip(second) {
        let shapes = [one, other];
        for (shape, side) in shapes.iter().zip(Side::BOTH) {
            problems.extend(shape::obstacles(shape, spec.node(side), spec.apply));
        }
        match fit(wanted, &spec.nodes, shapes.each_ref()) {
            Ok(mut fit) => {
                let conflict = wanted.conflict.unwrap_or(spec.conflict);
                problems.extend(masks::ask(spec, wanted, &shapes, &mut fit.sides));
                problems.extend(decider::ask(
                    wanted,
                    conflict,
                    &spec.nodes,
                    &shapes,
                    &mut fit.sides,
                ));
                problems.extend(unparkable(conflict, &shapes, &fit.sides));
                problems.extend(fit.problems);
                drifts.extend(fit.drifts);
                tables.push(linked(spec, wanted, shapes, fit.sides));
            }
            Err(problem) => problems.push(problem),
        }
    }
    refuse(spec, &problems)?;
    refuse_drift(spec, &drifts)?;
    mapping::check(spec, &tables, peers).await?;
    in_order(spec, tables)
}

/// Both ends fitted together, whatever keeps a role from using them: to say what it needs.
///
/// # Errors
/// Tables that do not exist or do not fit together.
pub(crate) async fn survey(spec: &LinkSpec, peers: &mut [Peer; 2]) -> Result<Vec<LinkedTable>> {
    let names =
        |side: Side| -> Vec<QualifiedName> { spec.tables.iter().map(|t| t.name(side).clone()).collect() };
    let (one, other) = (names(Side::First), names(Side::Second));
    let [first, second] = peers;
    let (first, second) = tokio::try_join!(shapes(first, &one), shapes(second, &other))?;
    refuse(spec, &missing_tables(spec, [&first, &second]))?;
    let mut tables = Vec::with_capacity(spec.tables.len());
    for ((wanted, one), other) in spec.tables.iter().zip(first).zip(second) {
        let shapes = [one, other];
        match fit(wanted, &spec.nodes, shapes.each_ref()) {
            Ok(fit) => tables.push(linked(spec, wanted, shapes, fit.sides)),
            Err(problem) => refuse(spec, &[problem])?,
        }
    }
    Ok(tables)
}

fn linked(spec: &LinkSpec, wanted: &TableSpec, shapes: [Shape; 2], sides: [TableSide; 2]) -> LinkedTable {
    LinkedTable {
        shapes,
        sides,
        max_delete: wanted.max_delete,
        conflict: wanted.conflict.unwrap_or(spec.conflict),
        triggers: wanted.triggers,
        extras: wanted.extras.clone(),
    }
}

/// Whether rows of these tables still travel in the same form.
pub(crate) fn same_columns(before: &[LinkedTable], now: &[LinkedTable]) -> bool {
    let form = |table: &LinkedTable| {
        let columns = table.shapes.each_ref().map(|shape| shape.columns.clone());
        let sides = table.sides.clone().map(|side| TableSide { part: 0, ..side });
        (sides, columns)
    };
    before.iter().map(form).eq(now.iter().map(form))
}

fn missing_tables(spec: &LinkSpec, found: [&Vec<Shape>; 2]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (side, shapes) in Side::BOTH.into_iter().zip(found) {
        let names = spec.tables.iter().map(|t| t.name(side));
        for name in names.filter(|n| !shapes.iter().any(|s| s.qualified_name() == **n)) {
            problems.push(Problem {
                message: format!("table {name} does not exist on \"{}\"", spec.node(side)),
                remedy: format!("ponte --node {} migrate up", spec.node(side)),
            });
        }
    }
    problems
}

/// A parked key is kept as text and looked up in its own type, which jsonb does not survive.
fn unparkable(conflict: ConflictRule, shapes: &[Shape; 2], sides: &[TableSide; 2]) -> Option<Problem> {
    let side = Side::BOTH.into_iter().find(|side| {
        let key = &sides[side.index()].key;
        let jsonb = |k: &Ident| {
            let column = shapes[side.index()].column(k.as_str());
            column.is_some_and(|c| c.type_name == "jsonb")
        };
        matches!(conflict, ConflictRule::Manual | ConflictRule::Function) && key.iter().any(jsonb)
    })?;
    Some(Problem {
        message: format!(
            "keys of table {} are jsonb, which cannot be parked",
            sides[side.index()].name
        ),
        remedy: "give the table another rule than conflict = \"manual\" or a function".to_owned(),
    })
}

fn refuse(spec: &LinkSpec, problems: &[Problem]) -> Result<()> {
    let Some(first) = problems.first() else {
        return Ok(());
    };
    let mut error = Error::new(
        ErrorKind::SyncUnfit,
        format!("cannot sync link \"{}\": {}", spec.name, first.message),
    )
    .hint(first.remedy.clone());
    for more in &problems[1..] {
        error = error.with("also", format!("{} ({})", more.message, more.remedy));
    }
    Err(error)
}

fn refuse_drift(spec: &LinkSpec, found: &[Drift]) -> Result<()> {
    let Some(first) = found.first() else { return Ok(()) };
    let mut error = Error::new(
        ErrorKind::SyncDrift,
        format!("cannot sync link \"{}\": {first}", spec.name),
    );
    for more in &found[1..] {
        error = error.with("also", more);
    }
    Err(error)
}

/// Every foreign key that a table of the link takes part in, on either side, once.
pub(crate) fn foreign_keys(tables: &[LinkedTable], side: Side) -> Vec<ForeignKey> {
    let mut keys: Vec<ForeignKey> = tables
        .iter()
        .flat_map(|t| t.shapes[side.index()].foreign_keys.iter().cloned())
        .collect();
    keys.sort_by(|a, b| (&a.child, &a.name).cmp(&(&b.child, &b.name)));
    keys.dedup();
    keys
}

/// The foreign keys of both sides, with the names that the first side gives to the tables of the link.
fn foreign_keys_as_first(tables: &[LinkedTable]) -> Vec<ForeignKey> {
    let first_name = |(schema, name): (String, String)| {
        let there = QualifiedName::new(schema.as_str(), name.as_str());
        let table = tables.iter().find(|t| t.sides[1].name == there);
        table.map_or((schema, name), |t| {
            let here = t.name();
            (here.schema.as_str().to_owned(), here.name.as_str().to_owned())
        })
    };
    let mut keys = foreign_keys(tables, Side::First);
    keys.extend(
        foreign_keys(tables, Side::Second)
            .into_iter()
            .map(|key| ForeignKey {
                child: first_name(key.child),
                parent: first_name(key.parent),
                ..key
            }),
    );
    keys
}

fn in_order(spec: &LinkSpec, tables: Vec<LinkedTable>) -> Result<Vec<LinkedTable>> {
    let names: Vec<QualifiedName> = tables.iter().map(|t| t.name().clone()).collect();
    let order = match parents_first(&names, &foreign_keys_as_first(&tables)) {
        Ok(order) => order,
        Err(_) if spec.apply == ApplyAs::Replica => (0..tables.len()).collect(),
        Err(cycle) => {
            return Err(Error::new(
                ErrorKind::SyncUnfit,
                format!("cannot sync link \"{}\": {cycle}", spec.name),
            )
            .hint("ALTER TABLE ... ALTER CONSTRAINT ... DEFERRABLE on one foreign key of the cycle"));
        }
    };
    let mut tables: Vec<Option<LinkedTable>> = tables.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|i| tables[i].take()).collect())
}

/// Refuses to go on where changes would escape: a capture trigger is missing or disabled, or a trigger of the user's would
/// rewrite what the sync writes.
pub(crate) fn check_triggers(spec: &LinkSpec, tables: &[LinkedTable]) -> Result<()> {
    for table in tables {
        for side in Side::BOTH {
            let shape = &table.shapes[side.index()];
            let node = spec.node(side);
            let missing: Vec<String> = capture::trigger_names()
                .filter(|t| !shape.capture.contains(t))
                .collect();
            if !missing.is_empty() {
                return Err(Error::new(
                    ErrorKind::SyncTriggers,
                    format!(
                        "cannot trust what \"{node}\" says about table {}: capture trigger {} is missing or disabled",
                        shape.qualified_name(),
                        missing.join(", ")
                    ),
                )
                .hint(format!("ponte sync drop {0}, then ponte sync init {0}, which compares all rows", spec.name)));
            }
            if shape.subscribed && !shape.capture_always {
                return Err(Error::new(
                    ErrorKind::SyncTriggers,
                    format!(
                        "a native subscription writes to table {} on \"{node}\", and capture does not see what it applies",
                        table.name()
                    ),
                )
                .hint(format!("ponte sync drop {0}, then ponte sync init {0}, which captures it too", spec.name)));
            }
            if let Some(trigger) = shape
                .triggers
                .iter()
                .find(|t| guard::is_due(t, spec.apply, table.triggers))
            {
                return Err(Error::new(
                    ErrorKind::SyncTriggers,
                    format!(
                        "trigger {} of table {} on \"{node}\" would {} the rows that the sync writes",
                        trigger.name,
                        shape.qualified_name(),
                        if trigger.rewrites_rows {
                            "rewrite"
                        } else {
                            "fire for"
                        }
                    ),
                )
                .hint(format!("ponte sync init {}", spec.name)));
            }
        }
    }
    Ok(())
}
