//! What a run does, one kind per file.
//!
//! A kind that can be one transaction is one, with the note of its success inside: either both are there afterwards or neither is. Kinds
//! that cannot look at the fence before each step, and write success at the end.

mod analyze;
mod call;
mod delete;
mod partitions;
mod refresh;
mod reindex;
mod statements;
mod step;

use std::time::Duration;

use ponte_schema::{Ident, Literal, Sql};

pub use analyze::Analyze;
pub use call::{Argument, Call};
pub use delete::Delete;
pub use partitions::{Every, Expired, Partitions};
pub use refresh::Refresh;
pub use reindex::Reindex;
pub use statements::Statements;

use super::run::Claim;
use super::{Problem, problem};
use crate::error::{Error, Result};
use crate::sync::Peer;
use crate::sync::peer::{Access, Plan};

/// The longest limit that the server knows, in milliseconds.
const LIMIT_MAX: u128 = i32::MAX as u128;

/// What a job does in its database.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Calls a function or a procedure.
    Call(Call),
    /// Runs statements.
    Statements(Statements),
    /// Refreshes a materialized view.
    Refresh(Refresh),
    /// Renews the planner's statistics.
    Analyze(Analyze),
    /// Rebuilds indexes.
    Reindex(Reindex),
    /// Makes partitions and takes old ones away.
    Partitions(Partitions),
    /// Deletes old rows.
    Delete(Delete),
}

/// Under what terms a run works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
    /// After how long the server ends a statement by itself, should nobody else do so.
    pub statement_timeout: Duration,
    /// The role to work as.
    pub role: Option<Ident>,
    /// The time zone that statements see.
    pub time_zone: String,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// How many rows it touched, where that means something.
    pub rows: Option<u64>,
}

impl Terms {
    /// The settings of a transaction that works under these terms, and sees names as the role does.
    pub(super) fn settings(&self) -> Sql {
        self.set("SET LOCAL")
    }

    /// The same for a session that is this run's alone.
    fn session_settings(&self) -> Sql {
        self.set("SET")
    }

    fn set(&self, verb: &'static str) -> Sql {
        let limit = |length: Duration| Literal::new(length.as_millis().min(LIMIT_MAX).to_string());
        let verb = Sql::text(verb);
        let mut sql = Sql::render(
            "{set} search_path TO DEFAULT; {set} lock_timeout = {lock}; {set} statement_timeout = {statement}; \
             {set} TimeZone = {zone};",
            &[
                ("set", &verb),
                ("lock", &limit(self.lock_timeout)),
                ("statement", &limit(self.statement_timeout)),
                ("zone", &Literal::new(&self.time_zone)),
            ],
        );
        if let Some(role) = &self.role {
            sql.push(&Sql::render(
                "{set} ROLE {role};",
                &[("set", &verb), ("role", role)],
            ));
        }
        sql
    }
}

impl Task {
    /// The word for its kind, which is the key of the configuration.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Statements(_) => "sql",
            Self::Refresh(_) => "refresh",
            Self::Analyze(_) => "analyze",
            Self::Reindex(_) => "reindex",
            Self::Partitions(_) => "partitions",
            Self::Delete(_) => "delete",
        }
    }
}

/// What a run would do now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// The statements, in their order.
    pub statements: Vec<String>,
    /// How many rows would be deleted.
    pub rows: Option<u64>,
}

/// What a run would do now. Changes nothing.
///
/// # Errors
/// `jobs.unfit`, or whatever the server answers.
pub async fn preview(task: &Task, peer: &mut Peer, terms: &Terms) -> Result<Preview> {
    let (mut sql, mut rows) = (Vec::new(), None);
    match task {
        Task::Call(call) => sql.push(call.statement(peer).await?.unwrap_or_else(|| call.select())),
        Task::Statements(statements) => sql.extend(statements.commands().iter().map(|c| Sql::of(c))),
        Task::Refresh(refresh) => sql.extend(refresh.statement(peer).await?),
        Task::Analyze(analyze) => sql = analyze.statements(),
        Task::Reindex(reindex) => sql = Reindex::statements(&reindex.look(peer).await?),
        Task::Partitions(partitions) => {
            let found = partitions.look(peer, &terms.time_zone).await?;
            sql = partitions.statements(&found);
        }
        Task::Delete(delete) => {
            let key = delete.key(peer).await?;
            sql.push(delete.batch(&key, None));
            peer.begin(Access::Write, &terms.settings(), "count the rows of a job")
                .await?;
            let counted = peer.value(&delete.count(), "count the rows of a job").await;
            peer.roll_back().await;
            rows = counted?.and_then(|count| count.parse().ok());
        }
    }
    let shown = |sql: &Sql| {
        let lines = sql.as_str().lines().filter(|line| !line.starts_with("--"));
        lines.collect::<Vec<_>>().join("\n")
    };
    Ok(Preview {
        statements: sql.iter().map(shown).collect(),
        rows,
    })
}

/// Carries out a run: its effects, and the note that it succeeded.
///
/// # Errors
/// `jobs.fenced` where the run is not this process's any more, or whatever the server answers. Nothing of a transaction stays then;
/// whether a COMMIT whose answer was lost took effect is in the books.
pub async fn perform(task: &Task, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<Done> {
    match task {
        Task::Call(_) | Task::Statements(_) | Task::Refresh(_) => {
            in_one_transaction(task, peer, claim, terms).await
        }
        Task::Analyze(analyze) => analyze.perform(peer, claim, terms).await,
        Task::Reindex(reindex) => reindex.perform(peer, claim, terms).await,
        Task::Partitions(partitions) => partitions.perform(peer, claim, terms).await,
        Task::Delete(delete) => delete.perform(peer, claim, terms).await,
    }
}

async fn in_one_transaction(task: &Task, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<Done> {
    peer.begin(Access::Write, &terms.settings(), "begin a run")
        .await?;
    let outcome = match task {
        Task::Call(call) => call.run(peer).await,
        Task::Statements(statements) => statements.run(peer).await,
        Task::Refresh(refresh) => refresh.run(peer).await,
        _ => Ok(Done::default()),
    };
    match outcome {
        Ok(done) => succeed(peer, claim, done).await,
        Err(error) => {
            peer.roll_back().await;
            Err(error)
        }
    }
}

/// Notes that a run succeeded whose work was done elsewhere.
///
/// # Errors
/// `jobs.fenced` where the run is not this process's any more, or whatever the server answers.
pub async fn complete(peer: &mut Peer, claim: &Claim, done: Done) -> Result<Done> {
    peer.begin(Access::Write, &Sql::default(), "end a run").await?;
    succeed(peer, claim, done).await
}

fn fenced() -> Error {
    problem(
        Problem::Fenced,
        "cannot keep what the run did: it is not this process's any more",
    )
}

/// Ends a transaction with the note that its run succeeded, if the run is still this process's.
async fn succeed(peer: &mut Peer, claim: &Claim, done: Done) -> Result<Done> {
    match note_success(peer, claim, done).await {
        Ok(true) => {
            peer.commit("commit a run").await?;
            Ok(done)
        }
        Ok(false) => {
            peer.roll_back().await;
            Err(fenced())
        }
        Err(error) => {
            peer.roll_back().await;
            Err(error)
        }
    }
}

async fn note_success(peer: &mut Peer, claim: &Claim, done: Done) -> Result<bool> {
    let rows = done.rows.and_then(|rows| i64::try_from(rows).ok());
    let rows = rows.map_or_else(|| Sql::text("NULL"), |rows| Sql::of(&rows));
    let ours = Sql::text(include_str!("../../migrate/sql/as_ourselves.sql"));
    peer.script(&ours, "note that a run succeeded").await?;
    let finish = Sql::render(
        include_str!("../sql/finish.sql"),
        &[("rows", &rows), ("run", &claim.run), ("fence", &claim.fence)],
    );
    let noted = peer
        .touched(&finish, Plan::Fresh, "note that a run succeeded")
        .await?;
    Ok(noted == 1)
}
