//! Whether two tables fit together under a mapping, and what each side then reads and writes.
//!
//! [`columns`] pairs the columns of both sides; here the pairs become two [`TableSide`]s. What a person has to mend before the link can
//! exist is a [`Problem`]; what may change on live databases, and keeps rows from being carried until both sides agree again,
//! is a [`Drift`].

mod columns;
mod drift;
mod keys;

use ponte_schema::Ident;

use crate::link::Side;
use crate::mapping::{Leaving, TableSpec};
use crate::shape::{Column, Problem, Shape, VersionColumn, choose_key, choose_version};
use crate::table::{Compared, Loose, Outgoing, TableSide};
use crate::value::Value;

use columns::Pair;
pub use drift::Drift;

/// Two tables, fitted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// What the sync makes of each side; to be used only where nothing was found.
    pub sides: [TableSide; 2],
    /// What has to be mended.
    pub problems: Vec<Problem>,
    /// What differs.
    pub drifts: Vec<Drift>,
}

/// What all steps of the fitting look at.
pub(crate) struct Tables<'a> {
    pub(crate) spec: &'a TableSpec,
    pub(crate) nodes: &'a [String; 2],
    pub(crate) shapes: [&'a Shape; 2],
    pub(crate) keys: [Vec<String>; 2],
}

impl Tables<'_> {
    pub(crate) fn shape(&self, side: Side) -> &Shape {
        self.shapes[side.index()]
    }

    pub(crate) fn key(&self, side: Side) -> &[String] {
        &self.keys[side.index()]
    }

    pub(crate) fn node(&self, side: Side) -> &str {
        &self.nodes[side.index()]
    }

    pub(crate) fn column(&self, side: Side, name: &str) -> Option<&Column> {
        self.shape(side).column(name)
    }

    /// `table users on bridge`
    pub(crate) fn place(&self, side: Side) -> String {
        format!("table {} on {}", self.spec.name(side), self.node(side))
    }
}

/// Fits two tables together.
///
/// # Errors
/// A key or a version column that cannot be used: nothing else can be said then.
pub fn fit(spec: &TableSpec, nodes: &[String; 2], shapes: [&Shape; 2]) -> Result<Fit, Problem> {
    let mut keys = [Vec::new(), Vec::new()];
    let mut versions = [None, None];
    for side in Side::BOTH {
        let (i, shape) = (side.index(), shapes[side.index()]);
        keys[i] = choose_key(shape, spec.keys[i].as_deref())?;
        versions[i] = choose_version(shape, spec.versions[i].as_deref())?;
    }
    let tables = Tables {
        spec,
        nodes,
        shapes,
        keys: paired_keys(spec, keys)?,
    };
    let mut found = columns::pair(&tables);
    drift::of_keys(&tables, &mut found.drifts);
    found.problems.extend(keys::told_apart_on_one_side(&tables));
    for side in Side::BOTH {
        found.problems.extend(unfilled(&tables, &found.pairs, side));
        found
            .problems
            .extend(fixed_identities(&tables, &found.pairs, side));
    }
    let [first, second] = versions;
    Ok(Fit {
        sides: [
            side(&tables, &found.pairs, Side::First, first),
            side(&tables, &found.pairs, Side::Second, second),
        ],
        problems: found.problems,
        drifts: found.drifts,
    })
}

/// The keys in one order. Where the primary keys are taken, they have to be of the same columns, under the names that the mapping gives.
fn paired_keys(spec: &TableSpec, [first, second]: [Vec<String>; 2]) -> Result<[Vec<String>; 2], Problem> {
    let there = |name: &String| {
        let map = spec
            .maps
            .iter()
            .find(|map| map.is_plain() && map.columns[0].as_ref() == Some(name));
        map.and_then(|map| map.columns[1].clone())
            .unwrap_or_else(|| name.clone())
    };
    let stated = spec.keys.iter().all(Option::is_some);
    let expected: Vec<String> = first.iter().map(there).collect();
    if first.len() == second.len() && (stated || expected == second) {
        return Ok([first, second]);
    }
    let names = match &spec.names {
        [one, other] if one == other => one.to_string(),
        [one, other] => format!("{one} and {other}"),
    };
    Err(Problem::new(
        format!("the primary keys of table {names} differ"),
        "name the columns to sync by with key = [...], or key = { NODE = [...], NODE = [...] } where their names differ",
    ))
}

/// Columns of a side that get no value from the other one and need one.
fn unfilled(tables: &Tables<'_>, pairs: &[Pair], side: Side) -> Vec<Problem> {
    let written = |name: &str| {
        let key = tables.key(side).iter().any(|k| k == name);
        key || pairs.iter().any(|p| p.written(side) == Some(name))
    };
    let columns = tables.shape(side).columns.iter();
    columns
        .filter(|c| !c.fills_itself() && !written(&c.name))
        // What has no counterpart at all is reported as drift.
        .filter(|c| columns::is_accounted_for(tables, pairs, side, &c.name))
        .map(|c| {
            Problem::new(
                format!(
                    "column {} of {} needs a value and gets none from {}",
                    c.name,
                    tables.place(side),
                    tables.node(side.other())
                ),
                format!(
                    "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT ..., or give it a value in map with to_{}",
                    tables.spec.name(side),
                    Ident::new(&c.name),
                    tables.node(side)
                ),
            )
        })
        .collect()
}

/// Columns outside the key that would have to be updated and that nobody can update.
fn fixed_identities(tables: &Tables<'_>, pairs: &[Pair], side: Side) -> Vec<Problem> {
    let table = tables.spec.name(side);
    let written = pairs.iter().filter_map(|p| p.written(side));
    written
        .filter(|name| tables.column(side, name).is_some_and(|c| c.identity == "a"))
        .map(|name| {
            let column = Ident::new(name);
            Problem::new(
                format!(
                    "column {name} of table {table} is GENERATED ALWAYS AS IDENTITY, so that nobody can update it"
                ),
                format!("ALTER TABLE {table} ALTER COLUMN {column} SET GENERATED BY DEFAULT"),
            )
        })
        .collect()
}

/// What the sync makes of one side.
fn side(tables: &Tables<'_>, pairs: &[Pair], side: Side, version: Option<VersionColumn>) -> TableSide {
    let shape = tables.shape(side);
    let key: Vec<Ident> = tables.key(side).iter().map(Ident::new).collect();
    let columns: Vec<Ident> = pairs
        .iter()
        .filter_map(|p| p.written(side))
        .map(Ident::new)
        .collect();
    let among = |names: &[Ident], which: fn(&Column) -> bool| -> Vec<Ident> {
        let chosen = names
            .iter()
            .filter(|n| shape.column(n.as_str()).is_some_and(which));
        chosen.cloned().collect()
    };
    let both = || {
        key.iter()
            .chain(&columns)
            .filter_map(|n| shape.column(n.as_str()))
    };
    TableSide {
        name: shape.qualified_name(),
        respelled: among(&key, |c| !c.exact),
        domains: among(&columns, |c| c.domain),
        by_row: shape.partitioned() || shape.inherits || shape.subscribed,
        packs: key
            .iter()
            .all(|n| shape.column(n.as_str()).is_some_and(Column::packs)),
        always: shape.subscribed,
        portable: both().all(|c| c.portable),
        identity_always: both().any(|c| c.identity == "a"),
        derived: outgoing(tables, pairs, side.other()).derived_there,
        outgoing: outgoing(tables, pairs, side),
        keeps: tables.spec.leaving == Leaving::Keep && tables.spec.filters[side.index()].is_some(),
        filter: tables.spec.filters[side.index()].clone(),
        part: 0,
        key,
        columns,
        version,
        mask: None,
        decider: None,
    }
}

/// The key of a side in the other one's form.
fn keys_from(tables: &Tables<'_>, side: Side) -> Vec<Value> {
    let keys = tables.key(side).iter().zip(tables.key(side.other()));
    keys.map(|(here, there)| columns::as_there(tables, side, here, there))
        .collect()
}

fn outgoing(tables: &Tables<'_>, pairs: &[Pair], side: Side) -> Outgoing {
    let key = keys_from(tables, side);
    let derived = |p: &Pair| p.sent(side).is_some() && p.sent(side.other()).is_none();
    let own = |name: &String| Value::Column(Ident::new(name));
    let own_key = tables.key(side).iter().map(own).collect();
    let changed_here = |value: &Value| match value {
        Value::Cast(_, to) => Some(to.clone()),
        Value::Column(_) | Value::Computed(..) => None,
    };
    let mut outgoing = Outgoing {
        key_types: keys_from(tables, side.other()).iter().map(changed_here).collect(),
        compared: Compared {
            key: if side == Side::First { key.clone() } else { own_key },
            ..Compared::default()
        },
        derived_there: pairs.iter().any(derived),
        key,
        ..Outgoing::default()
    };
    let names = |loose: bool| {
        let pairs = pairs.iter().filter(move |p| p.is_loose() == loose);
        pairs.filter_map(|p| p.name(Side::First).or_else(|| p.name(Side::Second)))
    };
    outgoing.compared.names = names(false).chain(names(true)).map(Ident::new).collect();
    for pair in pairs {
        let sent = pair.sent(side).cloned();
        outgoing.columns.extend(sent.clone());
        let here = pair.name(side).map(Ident::new);
        match (sent, here) {
            (Some(sent), Some(column)) if pair.is_loose() => {
                let own = Value::Column(column.clone());
                let forms = [own, sent.clone()];
                outgoing.compared.loose.push(in_order(side, forms));
                outgoing.loose.push(Loose { column, sent });
            }
            (Some(sent), _) => outgoing.compared.columns.push(sent),
            (None, Some(column)) => outgoing.compared.columns.push(Value::Column(column)),
            (None, None) => {}
        }
    }
    outgoing
}

/// The own form and the other side's, the first side's before the second's.
fn in_order(side: Side, [own, other]: [Value; 2]) -> [Value; 2] {
    match side {
        Side::First => [own, other],
        Side::Second => [other, own],
    }
}

#[cfg(test)]
mod tests;
