//! What can be wrong with migration files and with what was asked of them.

use crate::lexer::Position;

/// Shorthand for this module's results.
pub type Result<T, E = MigrationError> = std::result::Result<T, E>;

/// What went wrong with migrations, here or in the runner; each has a page in `docs/errors/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// The directory or one of its files cannot be read from disk.
    Unreadable,
    /// A file's name says no revision.
    FileName,
    /// A file's text cannot be taken apart: its encoding, its markers, a string that never ends.
    FileText,
    /// Two files have one number.
    Duplicate,
    /// A pending file has a lower number than one that is applied.
    Late,
    /// An applied file now says something else.
    Changed,
    /// A file that would have to be reverted has no DOWN part.
    Irreversible,
    /// No file, or no applied one, has that revision.
    UnknownRevision,
    /// The server rejected a statement of a file.
    Failed,
    /// Another runner is at work, or other sessions hold the tables.
    Locked,
    /// The server does not take writes.
    ReadOnly,
    /// A file that cannot run in a transaction was left half done.
    Interrupted,
    /// The history table was made by a newer release.
    HistoryNewer,
}

impl Problem {
    /// The stable code, which is also the name of its page in `docs/errors/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "migrate.unreadable",
            Self::FileName => "migrate.file_name",
            Self::FileText => "migrate.file_text",
            Self::Duplicate => "migrate.duplicate",
            Self::Late => "migrate.late",
            Self::Changed => "migrate.changed",
            Self::Irreversible => "migrate.irreversible",
            Self::UnknownRevision => "migrate.unknown_revision",
            Self::Failed => "migrate.failed",
            Self::Locked => "migrate.locked",
            Self::ReadOnly => "migrate.read_only",
            Self::Interrupted => "migrate.interrupted",
            Self::HistoryNewer => "migrate.history_newer",
        }
    }
}

/// A place in a migration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name, without its directory.
    pub file: String,
    /// Line and column, where there is one.
    pub position: Option<Position>,
}

/// Files that cannot be used, or a request that does not fit them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MigrationError {
    /// What went wrong.
    pub problem: Problem,
    /// A lower-case sentence without a period: verb, object, cause.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// What to do next.
    pub hint: Option<String>,
}

impl MigrationError {
    pub(crate) fn new(problem: Problem, message: impl Into<String>) -> Self {
        Self {
            problem,
            message: message.into(),
            place: None,
            hint: None,
        }
    }

    pub(crate) fn at(mut self, file: &str, position: Option<Position>) -> Self {
        self.place = Some(Place {
            file: file.to_owned(),
            position,
        });
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
