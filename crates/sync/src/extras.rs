//! What else happens on a side in the transaction that applies a batch: statements of the user's before and after the rows of a table
//! are written, and a log of the user's that says of every row, or every batch, what became of it.
//!
//! Both hold exactly as long as the rows do, because they are committed with them. What they write is a change of this node like any other:
//! capture is told so while they run.

use std::fmt;
use std::str::FromStr;

use ponte_schema::{Command, Expression, Ident, QualifiedName};

/// The name under which a statement of the user's reads the rows of a batch.
pub const APPLIED: &str = "ponte_applied";

/// The names that the expressions of a log may use, each with what it holds.
pub const LOG_FIELDS: [(&str, &str); 13] = [
    ("link", "the link's name"),
    ("table_schema", "the schema of the table on this node"),
    ("table_name", "the table on this node"),
    (
        "key",
        "the row's key as text, its columns joined by commas; NULL for a batch",
    ),
    (
        "key_values",
        "the same as an array of text, one element for each column; NULL for a batch",
    ),
    (
        "operation",
        "INSERT, UPDATE, DELETE: what was done to the row, or would have been; NONE where a row that failed before needs nothing any more",
    ),
    ("source", "the node that the row came from"),
    ("target", "this node, where the row was written"),
    ("status", "success, or failed: the row is in the quarantine"),
    ("error", "why it failed, without values; NULL otherwise"),
    ("sqlstate", "the same as an SQLSTATE"),
    (
        "version",
        "the version of the row as timestamptz; of a batch, the newest",
    ),
    ("rows", "how many rows the entry stands for"),
];

/// The moment of the entry, which is a field too.
pub const LOG_MOMENT: &str = "at";

/// What is done besides on one side of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// Runs before the rows of a batch are written.
    pub before: Option<Command>,
    /// Runs after them.
    pub after: Option<Command>,
    /// Where it is written down what became of the rows.
    pub log: Option<LogSpec>,
}

impl Extras {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether somebody wants to know which rows were written.
    pub fn notes(&self) -> bool {
        self.after.is_some() || self.log.is_some()
    }

    /// Both statements, each with what it is called.
    pub fn hooks(&self) -> impl Iterator<Item = (&'static str, &Command)> {
        let named = [("before", &self.before), ("after", &self.after)];
        named
            .into_iter()
            .filter_map(|(name, hook)| Some((name, hook.as_ref()?)))
    }
}

/// A table of the user's that the sync writes to, and what it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSpec {
    /// The table.
    pub table: QualifiedName,
    /// Its columns, each with an expression over the fields of an entry.
    pub columns: Vec<(Ident, Expression)>,
    /// What an entry stands for.
    pub each: LogEach,
}

/// What an entry of the log stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogEach {
    /// One row.
    #[default]
    Row,
    /// The rows of a table in a batch with which the same was done.
    Batch,
}

impl FromStr for LogEach {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "row" => Ok(Self::Row),
            "batch" => Ok(Self::Batch),
            _ => Err(format!("expected \"row\" or \"batch\", not {text:?}")),
        }
    }
}

impl fmt::Display for LogEach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Row => "row",
            Self::Batch => "batch",
        })
    }
}
