//! What differs between the two sides and makes rows impossible to carry over.

use std::fmt;

use ponte_schema::QualifiedName;

use super::Tables;
use crate::link::Side;
use crate::shape::Column;

/// A difference between the two sides that makes rows impossible to carry over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The table, as the first side calls it.
    pub table: QualifiedName,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// What differs, naming the nodes.
    pub message: String,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Drift {
    fn new(tables: &Tables<'_>, column: &str, message: String) -> Self {
        Self {
            table: tables.spec.name(Side::First).clone(),
            column: Some(column.to_owned()),
            message,
        }
    }

    /// A column that only one side has, and of which the mapping says nothing.
    pub(super) fn has_no_counterpart(tables: &Tables<'_>, has: Side, name: &str) -> Self {
        let (table, there) = (tables.spec.name(has), tables.spec.name(has.other()));
        let (node, other) = (tables.node(has), tables.node(has.other()));
        let message = if table == there {
            format!("table {table} has column {name} on {node} but not on {other}")
        } else {
            format!(
                "table {table} on {node} has column {name}, for which {there} on {other} has no counterpart"
            )
        };
        Self::new(tables, name, message)
    }

    /// A column that the mapping names and that is not there.
    pub(super) fn missing(tables: &Tables<'_>, lacks: Side, name: &str) -> Self {
        let message = format!("{} has no column {name}", tables.place(lacks));
        Self::new(tables, name, message)
    }

    /// The same, where the other side's column is known.
    pub(super) fn mapped_is_missing(
        tables: &Tables<'_>,
        lacks: Side,
        name: &str,
        counterpart: Option<&str>,
    ) -> Self {
        let mut drift = Self::missing(tables, lacks, name);
        if let Some(counterpart) = counterpart {
            drift.message = format!(
                "{}, which is mapped to {counterpart} of {}",
                drift.message,
                tables.place(lacks.other())
            );
        }
        drift
    }

    /// How two columns of the same name differ.
    pub(super) fn between(tables: &Tables<'_>, one: &Column, other: &Column) -> Vec<Self> {
        let mut found = Vec::new();
        if one.type_name != other.type_name {
            found.push(Self::differs(tables, one, &one.type_name, &other.type_name));
        }
        if one.generated != other.generated {
            let word = |generated: bool| if generated { "generated" } else { "plain" };
            found.push(Self::differs(
                tables,
                one,
                word(one.generated),
                word(other.generated),
            ));
        }
        found
    }

    fn differs(tables: &Tables<'_>, column: &Column, here: &str, there: &str) -> Self {
        let (table, other) = (&tables.spec.names[0], &tables.spec.names[1]);
        let (one, two) = (&tables.nodes[0], &tables.nodes[1]);
        let elsewhere = if table == other {
            String::new()
        } else {
            format!(" ({other})")
        };
        let message = format!(
            "column {} of table {table} is {here} on {one} and {there} on {two}{elsewhere}",
            column.name
        );
        Self::new(tables, &column.name, message)
    }
}

/// Key columns of other types, where nobody said that they are different columns.
pub(super) fn of_keys(tables: &Tables<'_>, found: &mut Vec<Drift>) {
    let stated = tables.spec.keys[0] != tables.spec.keys[1];
    for (here, there) in tables.keys[0].iter().zip(&tables.keys[1]) {
        let columns = (
            tables.column(Side::First, here),
            tables.column(Side::Second, there),
        );
        if let (Some(one), Some(other)) = columns
            && here == there
            && !stated
        {
            found.extend(Drift::between(tables, one, other));
        }
    }
}
