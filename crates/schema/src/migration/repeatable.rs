//! `R__name.sql`: run after the numbered files, and again whenever its SQL changes. For views and functions that are written
//! as CREATE OR REPLACE; it has no number, no order but that of the names, and nothing to undo.

use super::script::Raw;
use super::{Checksum, MigrationError, Problem, Result, Script, TransactionMode};

/// A file that is run again whenever it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeatable {
    /// What stands between `R__` and `.sql`.
    pub name: String,
    /// What it runs.
    pub script: Script,
    /// Of its tokens, so that a changed comment runs nothing.
    pub checksum: Checksum,
}

/// What the history says about a repeatable file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// Its name.
    pub name: String,
    /// Of its tokens when it was run last.
    pub checksum: Checksum,
    /// When that was: RFC 3339, UTC.
    pub applied_at: String,
}

/// How a repeatable file compares with what was run last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatableStanding {
    /// It was run as it is.
    Same,
    /// It was never run.
    New,
    /// It has changed since.
    Changed,
}

impl Repeatable {
    /// The name in a file's name, where it is one of these.
    pub fn name_in(file: &str) -> Option<&str> {
        file.strip_prefix("R__")?.strip_suffix(".sql")
    }

    pub(super) fn read(file: &str, name: &str, text: String) -> Result<Self> {
        let script = Script::new(Raw {
            file: file.to_owned(),
            text,
            first_line: 1,
            stripped: Vec::new(),
            without_transaction: false,
        })?;
        if script.mode() == TransactionMode::StepByStep {
            return Err(MigrationError::new(
                Problem::FileText,
                format!("cannot read {file}: a repeatable file is run in a transaction, and a statement of it cannot be"),
            )
            .at(file, None)
            .hint("move that statement into a numbered file"));
        }
        Ok(Self {
            name: name.to_owned(),
            checksum: Checksum::of_tokens(script.text()),
            script,
        })
    }

    /// How it compares with what the history says.
    pub fn standing(&self, history: &[Repeated]) -> RepeatableStanding {
        match history.iter().find(|row| row.name == self.name) {
            None => RepeatableStanding::New,
            Some(row) if row.checksum == self.checksum => RepeatableStanding::Same,
            Some(_) => RepeatableStanding::Changed,
        }
    }
}
