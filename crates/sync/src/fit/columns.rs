//! Which column of one side belongs to which of the other, and what travels between them.

use std::collections::BTreeSet;

use ponte_schema::Ident;

use super::{Drift, Tables};
use crate::link::Side;
use crate::mapping::ColumnMap;
use crate::shape::{Column, Problem};
use crate::value::Value;

/// A column outside the key that travels in at least one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    names: [Option<String>; 2],
    /// What each side sends.
    sent: [Option<Value>; 2],
}

impl Pair {
    /// The column's name on a side.
    pub(super) fn name(&self, side: Side) -> Option<&str> {
        self.names[side.index()].as_deref()
    }

    /// What a side sends to the other one.
    pub(super) fn sent(&self, side: Side) -> Option<&Value> {
        self.sent[side.index()].as_ref()
    }

    /// The column of a side that is written with what the other one sends.
    pub(super) fn written(&self, side: Side) -> Option<&str> {
        self.sent(side.other()).and_then(|_| self.name(side))
    }

    /// Whether it goes through a cast or an expression in both directions.
    pub(super) fn is_loose(&self) -> bool {
        self.sent.iter().all(Option::is_some) && self.sent.iter().flatten().any(Value::is_changed)
    }
}

/// The pairs and all that is wrong with them.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) problems: Vec<Problem>,
    pub(super) drifts: Vec<Drift>,
}

/// Pairs the columns of both sides: the mapped ones as the mapping says, the others by name.
pub(super) fn pair(tables: &Tables<'_>) -> Pairs {
    let mut found = Pairs::default();
    for map in &tables.spec.maps {
        found.mapped(tables, map);
    }
    found.local(tables);
    match &tables.spec.columns {
        Some(listed) => listed.iter().for_each(|name| found.listed(tables, name)),
        None => found.same_names(tables),
    }
    found
        .pairs
        .sort_by(|a, b| a.names.iter().flatten().cmp(b.names.iter().flatten()));
    found
}

/// Whether the mapping says what becomes of a column. One that it does not speak of and that has no counterpart is drift.
pub(super) fn is_accounted_for(tables: &Tables<'_>, pairs: &[Pair], side: Side, name: &str) -> bool {
    tables.spec.columns.is_some()
        || pairs.iter().any(|p| p.name(side) == Some(name))
        || tables.spec.local[side.index()].iter().any(|c| c == name)
}

/// A column as it is sent to the other side's column: cast where that is of another type that both servers know.
pub(super) fn as_there(tables: &Tables<'_>, from: Side, here: &str, there: &str) -> Value {
    let column = Ident::new(here);
    let (one, other) = (tables.column(from, here), tables.column(from.other(), there));
    match (one, other) {
        (Some(one), Some(other)) if one.type_name != other.type_name && other.portable => {
            Value::Cast(column, other.cast_type())
        }
        _ => Value::Column(column),
    }
}

impl Pairs {
    fn problem(&mut self, message: String, remedy: impl Into<String>) {
        self.problems.push(Problem::new(message, remedy));
    }

    fn mapped(&mut self, tables: &Tables<'_>, map: &ColumnMap) {
        let names = map.columns.clone();
        let key = |side: Side| {
            let name = names[side.index()].as_ref();
            name.and_then(|name| tables.key(side).iter().position(|k| k == name))
        };
        if let Some(side) = Side::BOTH.into_iter().find(|side| key(*side).is_some()) {
            if !map.is_plain() || key(Side::First) != key(Side::Second) {
                self.problem(
                    format!("column {} of {} is part of the key and cannot be mapped otherwise", shown(&names[side.index()]), tables.place(side)),
                    "name the key columns of both sides with key = { NODE = [...], NODE = [...] }; a key is cast, never computed",
                );
            }
            return;
        }
        for side in Side::BOTH {
            if let Some(name) = &names[side.index()]
                && tables.column(side, name).is_none()
            {
                self.drifts.push(Drift::mapped_is_missing(
                    tables,
                    side,
                    name,
                    names[side.other().index()].as_deref(),
                ));
                return;
            }
        }
        let mut pair = Pair {
            names,
            sent: [None, None],
        };
        for target in Side::BOTH.into_iter().filter(|side| map.writes(*side)) {
            match self.sent_into(tables, map, target) {
                Some(value) => pair.sent[target.other().index()] = Some(value),
                None => return,
            }
        }
        self.pairs.push(pair);
    }

    /// What has to be sent to fill a side's mapped column.
    fn sent_into(&mut self, tables: &Tables<'_>, map: &ColumnMap, target: Side) -> Option<Value> {
        let source = target.other();
        let name = map.columns[target.index()].as_deref()?;
        let column = tables.column(target, name)?;
        if column.generated {
            self.problem(
                format!(
                    "column {name} of {} is generated and cannot be written",
                    tables.place(target)
                ),
                format!(
                    "let it be a source only: {{ {0} = \"...\", to_{0} = \"{name}\" }}",
                    tables.node(source)
                ),
            );
            return None;
        }
        Some(match (&map.into[target.index()], &map.columns[source.index()]) {
            (Some(expression), _) => {
                let to = column.portable.then(|| column.cast_type());
                Value::Computed(expression.clone(), to)
            }
            (None, Some(here)) => as_there(tables, source, here, name),
            (None, None) => return None,
        })
    }

    /// Columns that stay have to exist, or the line means something else than was meant.
    fn local(&mut self, tables: &Tables<'_>) {
        for side in Side::BOTH {
            for name in &tables.spec.local[side.index()] {
                if tables.key(side).contains(name) || self.pairs.iter().any(|p| p.name(side) == Some(name)) {
                    self.problem(
                        format!(
                            "column {name} of {} is said to stay and to travel",
                            tables.place(side)
                        ),
                        "name it in local or in key, columns and map, not in both",
                    );
                } else if tables.column(side, name).is_none() {
                    self.drifts.push(Drift::missing(tables, side, name));
                }
            }
        }
    }

    fn listed(&mut self, tables: &Tables<'_>, name: &String) {
        if Side::BOTH
            .into_iter()
            .any(|side| self.is_taken(tables, side, name))
        {
            return;
        }
        match (
            tables.column(Side::First, name),
            tables.column(Side::Second, name),
        ) {
            (Some(one), Some(other)) => self.same(tables, one, other),
            (None, _) => self.drifts.push(Drift::missing(tables, Side::First, name)),
            (_, None) => self.drifts.push(Drift::missing(tables, Side::Second, name)),
        }
    }

    /// Pairs all columns of the same name of which the mapping says nothing.
    fn same_names(&mut self, tables: &Tables<'_>) {
        let free = |found: &Self, side: Side| -> BTreeSet<String> {
            let columns = tables.shape(side).columns.iter().map(|c| &c.name);
            columns
                .filter(|c| !found.is_taken(tables, side, c))
                .cloned()
                .collect()
        };
        let free = [free(self, Side::First), free(self, Side::Second)];
        for side in Side::BOTH {
            let shape = tables.shape(side);
            for column in shape
                .written_columns()
                .filter(|c| free[side.index()].contains(&c.name))
            {
                if !free[side.other().index()].contains(&column.name) {
                    self.drifts
                        .push(Drift::has_no_counterpart(tables, side, &column.name));
                }
            }
        }
        for one in tables.shapes[0]
            .columns
            .iter()
            .filter(|c| free[0].contains(&c.name))
        {
            if let Some(other) = tables
                .column(Side::Second, &one.name)
                .filter(|c| free[1].contains(&c.name))
            {
                self.same(tables, one, other);
            }
        }
    }

    /// A column that is called the same on both sides has to be the same.
    fn same(&mut self, tables: &Tables<'_>, one: &Column, other: &Column) {
        self.drifts.extend(Drift::between(tables, one, other));
        if !one.generated && !other.generated {
            let value = Some(Value::Column(Ident::new(&one.name)));
            self.pairs.push(Pair {
                names: [Some(one.name.clone()), Some(other.name.clone())],
                sent: [value.clone(), value],
            });
        }
    }

    fn is_taken(&self, tables: &Tables<'_>, side: Side, name: &String) -> bool {
        tables.key(side).contains(name)
            || tables.spec.local[side.index()].contains(name)
            || self.pairs.iter().any(|p| p.name(side) == Some(name))
            || tables
                .spec
                .maps
                .iter()
                .any(|m| m.columns[side.index()].as_ref() == Some(name))
    }
}

fn shown(name: &Option<String>) -> &str {
    name.as_deref().unwrap_or("?")
}
