//! Whether what a job names exists and may be used, asked of the server before anything is run.

use ponte_schema::sql::Fragment;
use ponte_schema::{QualifiedName, Sql};

use super::relation::{self, Relation};
use super::task::{Task, Terms};
use super::{Problem, problem};
use crate::error::{Error, ErrorKind, Result, server};
use crate::sync::Peer;
use crate::sync::peer::Access;

/// What is wrong with a job, in one lower-case sentence; nothing where it would work.
///
/// # Errors
/// What keeps the server from being asked.
pub async fn check(task: &Task, peer: &mut Peer, terms: &Terms) -> Result<Option<String>> {
    let mut outcome = tried(task, peer, terms).await;
    if let (Ok(()), Task::Partitions(partitions)) = (&outcome, task) {
        outcome = partitions.look(peer, &terms.time_zone).await.map(|_| ());
    }
    match outcome {
        Ok(()) => Ok(None),
        Err(error) => said(error).map(Some),
    }
}

/// Tries a job in a transaction that is given up.
async fn tried(task: &Task, peer: &mut Peer, terms: &Terms) -> Result<()> {
    let begun = peer.begin(Access::Write, &terms.settings(), "try a job").await;
    let outcome = match begun {
        Ok(()) => inside(task, peer).await,
        Err(error) => Err(error),
    };
    peer.roll_back().await;
    outcome
}

/// What was said about the job; anything else is no fault of the job.
fn said(error: Error) -> Result<String> {
    match error.server() {
        _ if error.kind() == ErrorKind::Jobs(Problem::Unfit) => Ok(error.to_string()),
        Some(db) if error.kind().retry() == crate::Retry::Never => Ok(server::message(db).to_owned()),
        _ => Err(error),
    }
}

fn unfit(message: String) -> Error {
    problem(Problem::Unfit, message)
}

async fn inside(task: &Task, peer: &mut Peer) -> Result<()> {
    match task {
        Task::Call(call) => match call.statement(peer).await? {
            None => Err(unfit(format!("there is no function {}", call.function))),
            // The server resolves a procedure when it is called, and not before.
            Some(sql) if sql.as_str().starts_with("CALL ") => Ok(()),
            Some(sql) => explain(peer, &sql).await,
        },
        Task::Statements(statements) => {
            for command in statements.commands() {
                explain(peer, command).await?;
            }
            Ok(())
        }
        Task::Refresh(refresh) => owned(peer, &refresh.view, "materialized view", "m")
            .await
            .map(drop),
        Task::Analyze(analyze) => {
            for table in &analyze.tables {
                owned(peer, table, "table", "rpmf").await?;
            }
            Ok(())
        }
        Task::Reindex(reindex) => {
            owned(peer, &reindex.target, "table or index", "rmi").await?;
            if peer.is_pooled() {
                let what = "it cannot rebuild indexes through a pooler in transaction mode; give the node a direct_url";
                return Err(unfit(what.to_owned()));
            }
            reindex.look(peer).await.map(drop)
        }
        Task::Partitions(partitions) => owned(peer, &partitions.table, "partitioned table", "p")
            .await
            .map(drop),
        Task::Delete(delete) => {
            let key = delete.key(peer).await?;
            explain(peer, &delete.count()).await?;
            if key.is_empty() {
                return Err(unfit(format!("table {} has no primary key", delete.table)));
            }
            explain(peer, &delete.batch(&key, None)).await
        }
    }
}

/// The relation of that name, if it is of one of these kinds and this role may do with it what its owner may.
async fn owned(peer: &Peer, name: &QualifiedName, what: &str, kinds: &str) -> Result<Relation> {
    let found = relation::find(peer, name).await?;
    match found.filter(|relation| kinds.contains(&relation.kind)) {
        None => Err(unfit(format!("there is no {what} {name}"))),
        Some(relation) if !relation.owned => Err(unfit(format!("{what} {name} belongs to another role"))),
        Some(relation) => Ok(relation),
    }
}

/// Has the server plan a statement, which resolves every name and type and asks for every privilege, without running it.
async fn explain(peer: &Peer, statement: &dyn Fragment) -> Result<()> {
    let sql = Sql::render("EXPLAIN {statement}", &[("statement", &Sql::of(statement))]);
    peer.value(&sql, "try a job").await.map(drop)
}
