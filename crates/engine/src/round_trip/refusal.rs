//! A statement that fails on rows: where it stands, on which table, and a row that shows it.

use ponte_pg::migrate::SqlFailure;
use ponte_pg::shadow::Replay;
use ponte_schema::QualifiedName;
use ponte_schema::lexer::Position;
use ponte_schema::migration::plan::Direction;
use ponte_schema::migration::{Foresight, Migration};

/// NOT NULL: the only refusal that quotes no row where rows that are there already are looked at.
const NOT_NULL: &str = "23502";
/// The longest that is shown of a row.
const ROW_CHARS_MAX: usize = 200;

/// A statement that fails on rows and not without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// UP or DOWN.
    pub direction: Direction,
    /// The file.
    pub file: String,
    /// Where in it; nothing where the commit failed.
    pub position: Option<Position>,
    /// The statement.
    pub statement: Option<String>,
    /// What the server says.
    pub message: String,
    /// Five characters.
    pub sqlstate: String,
    /// The table, where it is known.
    pub table: Option<QualifiedName>,
    /// A made-up row that shows it, or what the server quotes of it.
    pub row: Option<String>,
}

impl Refusal {
    /// Of an error of the runner; nothing where it is not about a statement.
    pub(super) async fn of(
        migration: &Migration,
        direction: Direction,
        error: &ponte_pg::Error,
        replay: &Replay,
    ) -> Option<Self> {
        let failure = error.migration()?;
        let script = match direction {
            Direction::Up => &migration.up,
            Direction::Down => migration.down.as_ref()?,
        };
        let statement = failure.statement.and_then(|at| script.statements().get(at));
        let named = statement.and_then(|statement| Foresight::of(statement, script.text()));
        let table = match (&failure.table, named) {
            (Some(table), _) => Some(table.clone()),
            (None, Some(named)) => named_table(replay, &named.relation).await,
            (None, None) => None,
        };
        Some(Self {
            direction,
            file: failure.file.clone(),
            position: failure.position,
            statement: statement.map(|statement| statement.text(script.text()).to_owned()),
            message: failure.message.clone(),
            sqlstate: failure.sqlstate.clone(),
            row: row(failure, table.as_ref(), replay).await.map(shortened),
            table,
        })
    }
}

/// A name as a statement spells it. What the server cannot tell stays unknown: this is an addition to a finding.
async fn named_table(replay: &Replay, relation: &str) -> Option<QualifiedName> {
    replay.named(relation).await.ok().flatten()
}

async fn row(failure: &SqlFailure, table: Option<&QualifiedName>, replay: &Replay) -> Option<String> {
    if let Some(quoted) = failure.quoted.of_made_up_rows() {
        return Some(quoted.to_owned());
    }
    if failure.sqlstate != NOT_NULL {
        return None;
    }
    let table = table?;
    let with_null = match &failure.column {
        // The column may be one that the statement would have added.
        Some(column) => replay.some_row(table, Some(column)).await.ok().flatten(),
        None => None,
    };
    match with_null {
        Some(row) => Some(row),
        None => replay.some_row(table, None).await.ok().flatten(),
    }
}

fn shortened(row: String) -> String {
    match row.char_indices().nth(ROW_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &row[..end]),
        None => row,
    }
}
