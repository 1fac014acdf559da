//! Work in several transactions, each of which ends with a look at the fence and a note of how far the run has come.

use ponte_schema::{Literal, Sql};
use tokio_postgres::Row;

use super::{Claim, Done, Terms, fenced, succeed};
use crate::error::Result;
use crate::sync::Peer;
use crate::sync::peer::{Access, Plan};

/// A run that works in steps.
pub(super) struct Steps<'a> {
    peer: &'a mut Peer,
    claim: &'a Claim,
    terms: &'a Terms,
}

impl<'a> Steps<'a> {
    pub(super) fn new(peer: &'a mut Peer, claim: &'a Claim, terms: &'a Terms) -> Self {
        Self { peer, claim, terms }
    }

    /// Begins the transaction of a step.
    pub(super) async fn begin(&mut self) -> Result<()> {
        let settings = self.terms.settings();
        self.peer
            .begin(Access::Write, &settings, "begin a step of a run")
            .await
    }

    /// A statement of a step; when it fails the step is undone.
    pub(super) async fn script(&mut self, sql: &Sql, what: &str) -> Result<()> {
        let outcome = self.peer.script(sql, what).await;
        self.or_undo(outcome).await
    }

    /// The rows of a statement of a step; when it fails the step is undone.
    pub(super) async fn rows(&mut self, sql: &Sql, what: &str) -> Result<Vec<Row>> {
        let outcome = self.peer.fresh_rows(sql, &[], what).await;
        self.or_undo(outcome).await
    }

    /// Commits a step with a note of how far the run has come, if the run is still this process's.
    pub(super) async fn end(&mut self, progress: &str) -> Result<()> {
        self.end_with(&Sql::default(), progress).await
    }

    /// The same with something that is noted in the books beside it.
    pub(super) async fn end_with(&mut self, note: &Sql, progress: &str) -> Result<()> {
        let outcome = self.note(note, progress).await;
        if self.or_undo(outcome).await? {
            return self.peer.commit("commit a step of a run").await;
        }
        self.peer.roll_back().await;
        Err(fenced())
    }

    /// Ends the run.
    pub(super) async fn succeed(self, done: Done) -> Result<Done> {
        let settings = self.terms.settings();
        self.peer.begin(Access::Write, &settings, "end a run").await?;
        succeed(self.peer, self.claim, done).await
    }

    async fn note(&mut self, note: &Sql, progress: &str) -> Result<bool> {
        let mut first = Sql::text(include_str!("../../migrate/sql/as_ourselves.sql"));
        first.push(note);
        self.peer.script(&first, "note a step of a run").await?;
        let sql = Sql::render(
            include_str!("../sql/progress.sql"),
            &[
                ("progress", &Literal::new(progress)),
                ("run", &self.claim.run),
                ("fence", &self.claim.fence),
            ],
        );
        let noted = self
            .peer
            .touched(&sql, Plan::Fresh, "note a step of a run")
            .await?;
        Ok(noted == 1)
    }

    async fn or_undo<T>(&mut self, outcome: Result<T>) -> Result<T> {
        if outcome.is_err() {
            self.peer.roll_back().await;
        }
        outcome
    }
}
