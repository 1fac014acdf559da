//! Taking a database over from another migration tool: its files as ours, its history as ours.
//!
//! Two things are read, the tool's table ([`Entry`]) and its files ([`SourceFile`]), and [`convert`] makes one answer of
//! them: the files of our layout, and which of them are applied. Files that we read as they are stay as they are. Whether
//! the answer is right is not decided here: it is proved by running the applied files on a shadow and comparing what they
//! make with the database.
//!
//! The tool's own table is never touched, and is no difference between a database and its migrations ([`leave_out_books`]).

mod alembic;
mod as_they_are;
mod books;
mod flyway;
mod layout;
mod numbered;
mod prisma;
mod rails;
mod refinery;
mod statements;
mod tool;

pub use books::{leave_out_books, leave_out_history};
pub use tool::Tool;

use crate::QualifiedName;
use crate::migration::{MigrationError, Problem, Result, Revision};

/// A row of the other tool's table, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The version as the tool spells it; empty where it has none.
    pub version: String,
    /// Its description or file, where the tool keeps one.
    pub name: String,
    /// What the row says.
    pub state: State,
}

/// What a row of the other tool's table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is applied.
    Applied,
    /// It was begun and failed, or was never finished.
    Failed,
    /// It was applied, and undone later.
    Undone,
    /// Everything up to it was there before the tool came.
    Baseline,
    /// A file without a version, run again whenever it changes.
    Repeatable,
}

impl State {
    /// The state of this word, which is what the queries say.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "applied" => Self::Applied,
            "failed" => Self::Failed,
            "undone" => Self::Undone,
            "baseline" => Self::Baseline,
            "repeatable" => Self::Repeatable,
            _ => return None,
        })
    }
}

/// A file of the other tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the directory that was read, with `/` between its parts.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl SourceFile {
    /// The last part of its path.
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Its text, without a byte order mark.
    fn text(&self) -> Result<&str> {
        let bytes = self.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.bytes);
        std::str::from_utf8(bytes).map_err(|_| {
            refused(&self.path, "cannot be read: it is not UTF-8").hint("save the file as UTF-8")
        })
    }
}

/// A file of our layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// Its name.
    pub file: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The file that it comes from.
    pub from: String,
}

/// Another tool's files and history as ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversion {
    /// The files of our layout.
    pub files: Vec<Converted>,
    /// The revisions that are applied, in order.
    pub applied: Vec<Revision>,
    /// The repeatable files that are applied, by name.
    pub repeatable: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Makes ours of what the tool has. `table` is the one in which it keeps its history.
///
/// # Errors
/// `adopt.files` where a file cannot be taken over or an applied one is missing, `adopt.unfinished` where the tool left
/// something half done.
pub fn convert(
    tool: Tool,
    table: &QualifiedName,
    files: &[SourceFile],
    history: &[Entry],
) -> Result<Conversion> {
    refuse_failed(tool, history)?;
    match tool {
        Tool::Alembic => alembic::convert(table.name.as_str(), files, history),
        Tool::Flyway => flyway::convert(&table.schema, files, history),
        Tool::Prisma => prisma::convert(&table.schema, files, history),
        Tool::Rails => rails::convert(files, history),
        Tool::Refinery => refinery::convert(files, history),
        Tool::Dbmate | Tool::GolangMigrate | Tool::Sqlx | Tool::Goose | Tool::Atlas => {
            as_they_are::convert(tool, &table.schema, files, history)
        }
    }
}

fn refuse_failed(tool: Tool, history: &[Entry]) -> Result<()> {
    let Some(failed) = history.iter().find(|entry| entry.state == State::Failed) else {
        return Ok(());
    };
    let name = [failed.version.as_str(), failed.name.as_str()]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(" ");
    Err(MigrationError::new(
        Problem::AdoptUnfinished,
        format!("cannot take over from {tool}: it left {name} failed or half done"),
    )
    .hint(tool.after_a_failure()))
}

fn refused(file: &str, why: &str) -> MigrationError {
    MigrationError::new(Problem::AdoptFiles, format!("cannot take over {file}: {why}")).at(file, None)
}

/// What the tool has applied and nobody has a file for.
fn missing(tool: Tool, versions: &[String]) -> MigrationError {
    MigrationError::new(
        Problem::AdoptFiles,
        format!(
            "cannot take over from {tool}: it has applied {}, and there is no file for that",
            versions.join(", ")
        ),
    )
    .hint("name the directory that holds them: ponte migrate adopt --files DIR")
}

#[cfg(test)]
mod tests;
