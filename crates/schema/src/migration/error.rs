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
    /// Taking over from another tool: no table of one is there, or several are.
    AdoptUnknown,
    /// Taking over from another tool: a file is missing or cannot be taken over.
    AdoptFiles,
    /// Taking over from another tool: it left something half done.
    AdoptUnfinished,
    /// Taking over from another tool: a history of ours is there already.
    AdoptHistory,
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
            Self::AdoptUnknown => "adopt.unknown",
            Self::AdoptFiles => "adopt.files",
            Self::AdoptUnfinished => "adopt.unfinished",
            Self::AdoptHistory => "adopt.history",
        }
    }

    /// What to do when nothing more exact is known.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Unreadable => "check that the directory and its files exist and may be read",
            Self::FileName => "call the file like 001_create_users.sql",
            Self::FileText => "correct the file at the place that the message names",
            Self::Duplicate => "give the newer file the next free number: ponte migrate renumber",
            Self::Late => {
                "give the file the next free number with ponte migrate renumber, or apply it with --allow-late"
            }
            Self::Changed => "restore the file, and write the change as a new migration",
            Self::Irreversible => "write a DOWN part into the file",
            Self::UnknownRevision => "list the revisions: ponte migrate status",
            Self::Failed => "correct the statement, then run ponte migrate up again",
            Self::Locked => "wait for the sessions that the message names, then try again",
            Self::ReadOnly => "connect to the primary, as a role that may write",
            Self::Interrupted => "finish the migration that is half done",
            Self::HistoryNewer => "install the release that has changed the history, or a later one",
            Self::AdoptUnknown => "say which tool it was: ponte migrate adopt --from TOOL",
            Self::AdoptFiles => "correct or bring back the file that the message names",
            Self::AdoptUnfinished => "finish or repair it with that tool, then try again",
            Self::AdoptHistory => "go on with ponte migrate status; there is nothing to take over",
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
