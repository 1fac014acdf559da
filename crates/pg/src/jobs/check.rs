//! Whether what a job names exists and may be used, asked of the server before anything is run.

use ponte_schema::Sql;
use ponte_schema::sql::Fragment;

use super::task::{Task, Terms};
use crate::error::{Error, Result, server};
use crate::sync::Peer;
use crate::sync::peer::Access;

/// What is wrong with a job, in one lower-case sentence; nothing where it would work.
///
/// # Errors
/// What keeps the server from being asked.
pub async fn check(task: &Task, peer: &mut Peer, terms: &Terms) -> Result<Option<String>> {
    let begun = peer.begin(Access::Write, &terms.settings(), "try a job").await;
    let outcome = match begun {
        Ok(()) => inside(task, peer).await,
        Err(error) => Err(error),
    };
    peer.roll_back().await;
    match outcome {
        Ok(fault) => Ok(fault),
        Err(error) => said(error).map(Some),
    }
}

/// What the server said about it; anything else is no fault of the job.
fn said(error: Error) -> Result<String> {
    match error.server() {
        Some(db) if error.kind().retry() == crate::Retry::Never => Ok(server::message(db).to_owned()),
        _ => Err(error),
    }
}

async fn inside(task: &Task, peer: &mut Peer) -> Result<Option<String>> {
    match task {
        Task::Call(call) => match call.statement(peer).await? {
            None => Ok(Some(format!("there is no function {}", call.function))),
            // The server resolves a procedure when it is called, and not before.
            Some(sql) if sql.as_str().starts_with("CALL ") => Ok(None),
            Some(sql) => prepare(peer, &sql).await,
        },
        Task::Statements(statements) => {
            for command in statements.commands() {
                prepare(peer, command).await?;
            }
            Ok(None)
        }
    }
}

/// Has the server resolve every name and type of a statement, without running it.
async fn prepare(peer: &Peer, statement: &dyn Fragment) -> Result<Option<String>> {
    let sql = Sql::render(
        "PREPARE ponte_job_check AS {statement}; DEALLOCATE ponte_job_check",
        &[("statement", &Sql::of(statement))],
    );
    peer.script(&sql, "try a job").await?;
    Ok(None)
}
