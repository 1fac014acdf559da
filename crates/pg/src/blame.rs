//! The journal of who changed what in a database: event triggers that note every DDL statement, installed where somebody asks for it.
//!
//! It lies in a schema of its own, because its functions have the rights of whoever installs it. It is bounded, and what goes wrong in it never fails
//! a statement of the user's.

use ponte_schema::Sql;
use ponte_schema::model::Change;
use tokio_postgres::Row;

use crate::error::{During, Result};
use crate::session::Session;

/// How many entries are kept.
pub const ROWS_MAX: i64 = 10_000;

/// Longer statements are cut off.
const STATEMENT_CHARS_MAX: i64 = 2_000;

/// What there is to know about who changed what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Journal {
    /// Nobody writes anything down here.
    #[default]
    None,
    /// It is there, and this role may not read it.
    Closed,
    /// Newest first.
    Read(Vec<Change>),
}

/// Installs it, or brings it up to date.
///
/// # Errors
/// What the server answers: event triggers are the superuser's, or of whoever a provider lets make them.
pub async fn install(session: &Session) -> Result<()> {
    let sql = Sql::render(
        include_str!("blame/install.sql"),
        &[
            ("rows_max", &ROWS_MAX),
            ("statement_chars_max", &STATEMENT_CHARS_MAX),
        ],
    );
    together(session, sql)
        .await
        .during(|| "install the journal of changes".to_owned())
}

/// Takes it away, with everything that it holds.
///
/// # Errors
/// What the server answers.
pub async fn remove(session: &Session) -> Result<()> {
    let sql = Sql::text(include_str!("blame/remove.sql"));
    together(session, sql)
        .await
        .during(|| "remove the journal of changes".to_owned())
}

/// All of it or nothing: statements in one message are one transaction.
async fn together(session: &Session, sql: Sql) -> Result<(), tokio_postgres::Error> {
    session.client().batch_execute(sql.as_str()).await
}

/// Reads what it knows.
///
/// # Errors
/// What the server answers.
pub async fn read(session: &Session) -> Result<Journal> {
    let reading = || "read the journal of changes".to_owned();
    let client = session.client();
    let state = client.query_typed_one(include_str!("blame/state.sql"), &[]).await;
    let state = state.during(reading)?;
    match (state.get("is_there"), state.get("readable")) {
        (false, _) => Ok(Journal::None),
        (true, false) => Ok(Journal::Closed),
        (true, true) => {
            let rows = client.query_typed(include_str!("blame/read.sql"), &[]).await;
            Ok(Journal::Read(rows.during(reading)?.iter().map(change).collect()))
        }
    }
}

fn change(row: &Row) -> Change {
    Change {
        at: row.get("at"),
        role: row.get("role"),
        application: row.get("application"),
        client: row.get("client"),
        command: row.get("command"),
        identity: row.get("identity"),
        statement: row.get("statement"),
    }
}
