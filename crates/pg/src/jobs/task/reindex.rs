//! Rebuilding indexes while the table is read and written.
//!
//! `REINDEX CONCURRENTLY` cannot be part of a transaction. What an interrupted one leaves behind, invalid indexes with `_ccnew` or `_ccold` in their
//! names, is dropped before and after: it costs every writer and helps nobody.

use ponte_schema::{QualifiedName, Sql};

use super::step::Steps;
use super::{Claim, Done, Terms, fenced};
use crate::error::{Error, Result};
use crate::jobs::relation;
use crate::jobs::{Problem, problem, run};
use crate::sync::Peer;

/// An index, or a table with all of its indexes, to be rebuilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reindex {
    /// Its name.
    pub target: QualifiedName,
}

/// What is there.
#[derive(Debug, Default)]
pub(in crate::jobs) struct Found {
    indexes: Vec<QualifiedName>,
    invalid: Vec<QualifiedName>,
    leftovers: Vec<QualifiedName>,
}

impl Reindex {
    /// The indexes, and what interrupted rebuilds left.
    ///
    /// # Errors
    /// `jobs.unfit` where there is nothing of that name.
    pub(in crate::jobs) async fn look(&self, peer: &Peer) -> Result<Found> {
        let Some(relation) = relation::find(peer, &self.target).await? else {
            let message = format!("there is no table or index {}", self.target);
            return Err(problem(Problem::Unfit, message));
        };
        let sql = Sql::text(include_str!("../sql/indexes.sql"));
        let rows = peer
            .fresh_rows(&sql, &[&relation.id], "look for the indexes of a job")
            .await?;
        let mut found = Found::default();
        for row in &rows {
            let name = QualifiedName::new(row.get::<_, String>("schema_name"), row.get::<_, String>("name"));
            if row.get("leftover") {
                found.leftovers.push(name);
                continue;
            }
            if !row.get::<_, bool>("valid") {
                found.invalid.push(name.clone());
            }
            found.indexes.push(name);
        }
        Ok(found)
    }

    /// The statements of what is to be done, in their order.
    pub(in crate::jobs) fn statements(found: &Found) -> Vec<Sql> {
        let drop = |name| Sql::render("DROP INDEX CONCURRENTLY IF EXISTS {index}", &[("index", name)]);
        let rebuild = |name| Sql::render("REINDEX INDEX CONCURRENTLY {index}", &[("index", name)]);
        let drops = found.leftovers.iter().map(|name| drop(name));
        drops
            .chain(found.indexes.iter().map(|name| rebuild(name)))
            .collect()
    }

    /// Refuses to begin what could not come to its end: a rebuild waits for every transaction that is older than it, and one that has
    /// been open for longer than the rebuild may wait is not about to end.
    async fn nobody_is_in_the_way(&self, peer: &Peer, terms: &Terms) -> Result<()> {
        let Some(relation) = relation::find(peer, &self.target).await? else {
            return Ok(());
        };
        let sql = Sql::text(include_str!("../sql/held.sql"));
        let rows = peer
            .fresh_rows(
                &sql,
                &[&relation.id, &terms.lock_timeout.as_secs_f64()],
                "look for transactions that are in the way",
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let (pid, application, seconds): (i32, String, i64) =
            (row.get("pid"), row.get("application"), row.get("seconds"));
        let message = format!(
            "cannot rebuild {}: it would wait for process {pid} ({application}), whose transaction is open since {seconds} s",
            self.target
        );
        Err(problem(Problem::Held, message))
    }

    pub(super) async fn perform(&self, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<Done> {
        if peer.is_pooled() {
            let message = format!(
                "cannot rebuild {} through a pooler in transaction mode",
                self.target
            );
            return Err(problem(Problem::Unfit, message).hint("give the node a direct_url"));
        }
        self.nobody_is_in_the_way(peer, terms).await?;
        let outcome = self.rebuild(peer, claim, terms).await;
        let after = self.look(peer).await;
        let outcome = outcome.and_then(|count| Ok((count, after?)));
        match outcome {
            Ok((count, found)) if found.invalid.is_empty() => {
                let rows = Some(count);
                Steps::new(peer, claim, terms).succeed(Done { rows }).await
            }
            Ok((_, found)) => Err(invalid(&found.invalid)),
            Err(error) => {
                self.tidy(peer).await;
                Err(error)
            }
        }
    }

    async fn rebuild(&self, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<u64> {
        let found = self.look(peer).await?;
        for sql in Self::statements(&found) {
            // The role of the job need not see the books.
            peer.script(&Sql::text("SET ROLE NONE"), "begin a step of a run")
                .await?;
            if !run::is_ours(peer, claim).await? {
                return Err(fenced());
            }
            peer.script(&terms.session_settings(), "begin a step of a run")
                .await?;
            peer.script(&sql, "rebuild the indexes of a job").await?;
        }
        Ok(found.indexes.len() as u64)
    }

    /// Drops what a failed rebuild left; what cannot be dropped now is by the next run.
    async fn tidy(&self, peer: &Peer) {
        let Ok(found) = self.look(peer).await else { return };
        let left = Found {
            indexes: Vec::new(),
            ..found
        };
        for sql in Self::statements(&left) {
            if let Err(error) = peer.script(&sql, "drop what a failed rebuild left").await {
                tracing::warn!("{error}");
            }
        }
    }
}

fn invalid(indexes: &[QualifiedName]) -> Error {
    let names: Vec<String> = indexes.iter().map(ToString::to_string).collect();
    let message = format!("cannot rebuild {}: still invalid", names.join(", "));
    problem(Problem::Unfit, message).hint("look for rows that a unique index would refuse")
}
