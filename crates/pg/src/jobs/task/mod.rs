//! What a run does, one kind per file.
//!
//! A kind that can be one transaction is one, with the note of its success inside: either both are there afterwards or neither is. Kinds
//! that cannot look at the fence before each step, and write success at the end.

mod call;
mod statements;

use std::time::Duration;

use ponte_schema::{Ident, Literal, Sql};

pub use call::{Argument, Call};
pub use statements::Statements;

use super::run::Claim;
use super::{Problem, problem};
use crate::error::Result;
use crate::sync::Peer;
use crate::sync::peer::{Access, Plan};

/// What a job does in its database.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Calls a function or a procedure.
    Call(Call),
    /// Runs statements.
    Statements(Statements),
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
        let limit = |length: Duration| Literal::new(length.as_millis().to_string());
        let mut sql = Sql::render(
            "SET LOCAL search_path TO DEFAULT; SET LOCAL lock_timeout = {lock}; SET LOCAL statement_timeout = {statement}; \
             SET LOCAL TimeZone = {zone};",
            &[
                ("lock", &limit(self.lock_timeout)),
                ("statement", &limit(self.statement_timeout)),
                ("zone", &Literal::new(&self.time_zone)),
            ],
        );
        if let Some(role) = &self.role {
            sql.push(&Sql::render("SET LOCAL ROLE {role};", &[("role", role)]));
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
        }
    }

    /// What would be sent, for a person to read.
    pub fn describe(&self) -> Vec<String> {
        match self {
            Self::Call(call) => vec![call.select().as_str().to_owned()],
            Self::Statements(statements) => statements.describe(),
        }
    }
}

/// Carries out a run: its effects, and the note that it succeeded.
///
/// # Errors
/// `jobs.fenced` where the run is not this process's any more, or whatever the server answers. Nothing of a transaction stays then;
/// whether a COMMIT whose answer was lost took effect is in the books.
pub async fn perform(task: &Task, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<Done> {
    match task {
        Task::Call(_) | Task::Statements(_) => in_one_transaction(task, peer, claim, terms).await,
    }
}

async fn in_one_transaction(task: &Task, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<Done> {
    peer.begin(Access::Write, &terms.settings(), "begin a run")
        .await?;
    let outcome = match task {
        Task::Call(call) => call.run(peer).await,
        Task::Statements(statements) => statements.run(peer).await,
    };
    match outcome {
        Ok(done) => succeed(peer, claim, done).await,
        Err(error) => {
            peer.roll_back().await;
            Err(error)
        }
    }
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
            Err(problem(
                Problem::Fenced,
                "cannot keep what the run did: it is not this process's any more",
            ))
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
