//! What is called or valued differently on the two sides of a table, as it is asked for.
//!
//! A column travels under its own name in both directions unless a [`ColumnMap`] says otherwise; it stays where it is where it
//! is listed as local, or where a list of travelling columns leaves it out. What the catalogs say to all this is decided in
//! [`crate::fit`].

use std::fmt;
use std::str::FromStr;

use ponte_schema::{Expression, QualifiedName};

use crate::extras::Extras;
use crate::limit::DeleteLimit;
use crate::link::{ConflictRule, Side};

/// A table of a link, before the catalogs were asked about it. Arrays hold the first side, then the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// Its name on each side.
    pub names: [QualifiedName; 2],
    /// The columns to sync by on each side, where they are not the primary key.
    pub keys: [Option<Vec<String>>; 2],
    /// The column that says how new a row is on each side, where it is not `updated_at`.
    pub versions: [Option<String>; 2],
    /// The only columns that travel besides the key and those in `maps`; `None` for all.
    pub columns: Option<Vec<String>>,
    /// Columns that differ.
    pub maps: Vec<ColumnMap>,
    /// Columns of each side that stay there.
    pub local: [Vec<String>; 2],
    /// Which rows of each side take part; all where nothing is said.
    pub filters: [Option<Expression>; 2],
    /// What becomes of a row at the other side when it leaves the filter.
    pub leaving: Leaving,
    /// Columns of each side whose changes are added up, in one order.
    pub deltas: [Vec<String>; 2],
    /// How many rows a batch may delete before a person is asked.
    pub max_delete: DeleteLimit,
    /// What else is done on each side when its rows are written.
    pub extras: [Extras; 2],
    /// How long its changelog keeps what has arrived everywhere, where it is not the link's retention.
    pub retention_seconds: Option<i64>,
    /// Who wins, where it is not the link's rule.
    pub conflict: Option<ConflictRule>,
    /// The function that decides, where the rule is that one does.
    pub decider: Option<QualifiedName>,
    /// What the user's triggers do about rows that the sync writes.
    pub triggers: TriggerRule,
}

/// What the user's triggers do about rows that the sync writes. Those that would rewrite them are guarded in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TriggerRule {
    /// They fire, as for rows that anybody writes.
    #[default]
    Fire,
    /// They leave them alone: what they do was done where the row was changed.
    Guard,
}

impl FromStr for TriggerRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "fire" => Ok(Self::Fire),
            "guard" => Ok(Self::Guard),
            _ => Err(format!("expected \"fire\" or \"guard\", not {text:?}")),
        }
    }
}

impl fmt::Display for TriggerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fire => "fire",
            Self::Guard => "guard",
        })
    }
}

/// What becomes of a row at the other side when it leaves the filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Leaving {
    /// It is deleted there: to the other side, a row outside the filter does not exist.
    #[default]
    Delete,
    /// It stays there as it is, and nothing of it travels in either direction until it is back.
    Keep,
}

impl FromStr for Leaving {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "delete" => Ok(Self::Delete),
            "keep" => Ok(Self::Keep),
            _ => Err(format!("expected \"delete\" or \"keep\", not {text:?}")),
        }
    }
}

impl fmt::Display for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "delete",
            Self::Keep => "keep",
        })
    }
}

/// A column that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMap {
    /// Its name on each side; `None` where that side has no such column.
    pub columns: [Option<String>; 2],
    /// What to write into each side's column, over the columns of the other side. Without any expression the values travel both ways;
    /// with one, only in that direction.
    pub into: [Option<Expression>; 2],
}

impl TableSpec {
    /// The table that is the same on both sides.
    pub fn same(name: QualifiedName) -> Self {
        Self {
            names: [name.clone(), name],
            keys: [None, None],
            versions: [None, None],
            columns: None,
            maps: Vec::new(),
            local: [Vec::new(), Vec::new()],
            filters: [None, None],
            leaving: Leaving::default(),
            deltas: [Vec::new(), Vec::new()],
            max_delete: DeleteLimit::default(),
            extras: [Extras::default(), Extras::default()],
            retention_seconds: None,
            conflict: None,
            decider: None,
            triggers: TriggerRule::default(),
        }
    }

    /// The table's name on one side.
    pub fn name(&self, side: Side) -> &QualifiedName {
        &self.names[side.index()]
    }
}

impl ColumnMap {
    /// A column that has another name on the second side.
    pub fn renamed(first: &str, second: &str) -> Self {
        Self {
            columns: [Some(first.to_owned()), Some(second.to_owned())],
            into: [None, None],
        }
    }

    /// Whether values are written into that side's column.
    pub fn writes(&self, side: Side) -> bool {
        self.into[side.index()].is_some() || self.is_plain()
    }

    /// Whether values travel as they are, in both directions.
    pub fn is_plain(&self) -> bool {
        self.into.iter().all(Option::is_none)
    }
}
