//! What a lint says about a statement, and how much it matters.

use std::fmt;

use super::observation::{Sizes, TableSize};
use super::statement::Name;
use crate::lexer::Position;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Look at it before it is applied.
    Warning,
    /// It will hurt.
    Error,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a rule is afraid of, and so what its weight depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// Others wait while something takes long: the larger the table, the worse.
    Waiting,
    /// Rows or values are lost: nothing in an empty table.
    Loss,
    /// Clients that are running break, whatever the size.
    Clients,
    /// Nothing that a size changes.
    Habit,
}

/// Below this, the longest work on a table is over before anybody notices.
const SMALL_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// From here on it takes minutes.
const LARGE_BYTES_MIN: u64 = 1024 * 1024 * 1024;

impl Concern {
    /// The severity for a table of that size.
    fn weigh(self, usual: Severity, size: Option<&TableSize>) -> Severity {
        let Some(size) = size else {
            return usual;
        };
        match self {
            Self::Waiting if size.bytes <= SMALL_BYTES_MAX => Severity::Note,
            Self::Waiting if size.bytes >= LARGE_BYTES_MIN && usual >= Severity::Warning => Severity::Error,
            Self::Loss if size.rows == 0 => Severity::Note,
            _ => usual,
        }
    }
}

/// What a rule says, before it is known whether somebody has allowed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// The statement's place in its script.
    pub statement: usize,
    /// Bytes from the beginning of the statement to what is meant.
    pub offset: usize,
    /// Lower case, no period.
    pub message: String,
    /// The safe way, as SQL or as a sentence.
    pub suggestion: Option<String>,
    /// The table that it is about, for its weight.
    pub table: Option<Name>,
    /// Another severity than the rule's usual one.
    pub severity: Option<Severity>,
}

impl Draft {
    /// About a statement as a whole.
    pub(super) fn new(statement: usize, message: impl Into<String>) -> Self {
        Self {
            statement,
            offset: 0,
            message: message.into(),
            suggestion: None,
            table: None,
            severity: None,
        }
    }

    /// The safe way.
    #[must_use]
    pub(super) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// The table whose size matters.
    #[must_use]
    pub(super) fn about(mut self, table: &Name) -> Self {
        self.table = Some(table.clone());
        self
    }

    /// Where in the statement.
    #[must_use]
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Another severity than the rule's.
    #[must_use]
    pub(super) fn weighs(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }
}

/// Something to look at before a migration is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name, which is also that of its page in `docs/lint/`.
    pub rule: &'static str,
    /// How much it matters, with the size of the table where that is known.
    pub severity: Severity,
    /// The file's name, without its directory.
    pub file: String,
    /// Where in the file.
    pub position: Position,
    /// Lower case, no period.
    pub message: String,
    /// The safe way.
    pub suggestion: Option<String>,
    /// What the server was seen doing.
    pub observed: Vec<String>,
    /// The size of the table that it is about, in the live database.
    pub size: Option<TableSize>,
}

/// What a finding has from its rule and the sizes.
pub(super) fn weigh(
    concern: Concern,
    usual: Severity,
    draft: &Draft,
    sizes: Option<&Sizes>,
) -> (Severity, Option<TableSize>) {
    let size = draft.table.as_ref().and_then(|table| sizes?.of(table)).cloned();
    let usual = draft.severity.unwrap_or(usual);
    (concern.weigh(usual, size.as_ref()), size)
}
