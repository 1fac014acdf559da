//! What a run would do, said before it does: each statement with the lock it will take and the size of what it locks.

use ponte_schema::migration::{Effort, Foresight, LockMode, Script, TransactionMode};
use ponte_schema::{Literal, QualifiedName, Sql};

use crate::error::{During, Result};
use crate::session::Session;

/// Bytes a second that a table is read with, for a rough guess: a middling disk.
const SCAN_BYTES_PER_SECOND: f64 = 200e6;
/// The same for writing it anew with its indexes.
const REWRITE_BYTES_PER_SECOND: f64 = 40e6;

/// A script before it is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreseen {
    /// Its file.
    pub file: String,
    /// Whether all of it is one transaction.
    pub in_one_transaction: bool,
    /// Its statements.
    pub statements: Vec<ForeseenStatement>,
}

/// A statement before it is run.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeseenStatement {
    /// The line of the file that it begins in.
    pub line: u32,
    /// As it will be sent.
    pub sql: String,
    /// What it will ask of a table that is there now.
    pub lock: Option<ForeseenLock>,
}

/// A lock before it is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeseenLock {
    /// Which.
    pub mode: LockMode,
    /// On this table.
    pub table: QualifiedName,
    /// Its size without indexes.
    pub table_bytes: i64,
    /// Its rows, as the server estimates them.
    pub table_rows: i64,
    /// What the statement goes through.
    pub effort: Effort,
    /// A rough guess at how long that takes; nothing where it does not depend on the table's size.
    pub seconds: Option<f64>,
}

/// Looks at a script's statements one by one.
pub(super) async fn foresee(session: &Session, script: &Script) -> Result<Foreseen> {
    let mut statements = Vec::new();
    for statement in script.statements() {
        let lock = match Foresight::of(statement, script.text()) {
            Some(foresight) => sized(session, &foresight).await?,
            None => None,
        };
        let end = statement
            .copy_rows
            .as_ref()
            .map_or(statement.span.end, |rows| rows.end);
        statements.push(ForeseenStatement {
            line: script.in_file(statement.start).line,
            sql: script.text()[statement.span.start..end].to_owned(),
            lock,
        });
    }
    Ok(Foreseen {
        file: script.file().to_owned(),
        in_one_transaction: script.mode() == TransactionMode::Together,
        statements,
    })
}

/// A table that is not there yet is made by a statement before this one, and nobody waits for it.
async fn sized(session: &Session, foresight: &Foresight) -> Result<Option<ForeseenLock>> {
    let sql = Sql::render(
        include_str!("sql/relation_size.sql"),
        &[("relation", &Literal::new(&foresight.relation))],
    );
    let row = session.client().query_typed_opt(sql.as_str(), &[]).await;
    let row = row.during(|| format!("look at {}", foresight.relation))?;
    Ok(row.map(|row| {
        let bytes: i64 = row.get("bytes");
        let has_work = foresight.effort != Effort::Nothing;
        ForeseenLock {
            mode: foresight.lock,
            table: QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
            table_bytes: bytes,
            table_rows: row.get("rows"),
            effort: foresight.effort,
            seconds: has_work.then(|| work_seconds(foresight.effort, u64::try_from(bytes).unwrap_or(0))),
        }
    }))
}

/// A rough guess at how long going through so many bytes takes.
#[expect(
    clippy::cast_precision_loss,
    reason = "a guess in seconds needs no more than 52 bits"
)]
pub fn work_seconds(effort: Effort, bytes: u64) -> f64 {
    let bytes = bytes as f64;
    match effort {
        Effort::Nothing => 0.0,
        Effort::Scan => bytes / SCAN_BYTES_PER_SECOND,
        Effort::Rewrite => bytes / REWRITE_BYTES_PER_SECOND,
    }
}
