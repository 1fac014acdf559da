//! What happens to the rows that exist before the link does.
//!
//! A table that is empty on one side is filled by COPY straight into it. Where both sides hold rows, those of the first side go
//! through the same stage and the same conflict rule as any batch, with every row of the second side counted as a local
//! change; rows that only the second side has, or that it won, are entered in its changelog and travel with the next pass.
//!
//! Either way a table is cut into ranges of its key. The plan is written down at the target ([`plan`]), several connections carry the
//! ranges under one snapshot of the source ([`crew`], [`carry`]), and each range is marked as copied by the transaction that writes
//! its rows. Whoever comes after a crash goes on with the rest, under a snapshot of its own. That leaves no gap: capture was
//! there before the first snapshot, and the snapshot from which the first pass reads stays the one of the installation. Whatever
//! changed since then, in a range copied before or after the crash, is pending and will be carried again.

mod carry;
mod crew;
mod plan;
mod progress;

use std::sync::Arc;

use ponte_sync::link::{FirstContact, LinkSpec, Side};

use super::apply::{self, Applied};
use super::history;
use super::install::{InitPlan, current_snapshot, install, mark_ready};
use super::members;
use super::pass::{LiveLink, PassReport};
use super::peer::Peer;
use crate::error::Result;
use ponte_schema::Sql;

pub use plan::Unfinished;
pub(crate) use plan::unfinished;
pub use progress::{ContactEvent, ContactProgress, TableProgress};

/// How many rows a chunk has, about. Smaller ones lose less to a crash, larger ones spend less on beginning.
const CHUNK_ROWS: i64 = 500_000;

/// How many connections to each side share the work.
const CONNECTIONS: usize = 4;

/// How a first contact goes about its work.
#[derive(Clone)]
pub struct InitOptions {
    /// How many rows a chunk has at most, about.
    pub chunk_rows: i64,
    /// How many connections to each side share the work, at most.
    pub connections: usize,
    /// Is told what happens, often and in a hurry.
    pub observe: Arc<dyn Fn(&ContactEvent) + Send + Sync>,
}

impl Default for InitOptions {
    fn default() -> Self {
        Self {
            chunk_rows: CHUNK_ROWS,
            connections: CONNECTIONS,
            observe: Arc::new(|_| {}),
        }
    }
}

impl InitOptions {
    /// How many chunks a table of so many rows is cut into, about.
    fn chunks_of(&self, rows: i64) -> i64 {
        let most = self.chunk_rows.max(1);
        rows / most + i64::from(rows % most > 0)
    }
}

/// What `init` did with the rows that were there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InitReport {
    /// Rows copied straight into empty tables, by this run.
    pub copied: u64,
    /// What the union of both sides changed, in this run.
    pub merged: Applied,
    /// Chunks that this run carried.
    pub chunks: u64,
    /// Chunks that an earlier run had carried.
    pub chunks_before: u64,
    /// The pass that carried the rest.
    pub settled: Option<PassReport>,
}

/// Installs the link and makes the first contact. Can be run again after any failure.
///
/// # Errors
/// What [`install`] or a pass refuses.
pub async fn init(spec: LinkSpec, peers: [Peer; 2], plan: InitPlan) -> Result<InitReport> {
    init_with(spec, peers, plan, &InitOptions::default()).await
}

/// The same, with a say in how.
///
/// # Errors
/// As [`init`].
pub async fn init_with(
    spec: LinkSpec,
    mut peers: [Peer; 2],
    plan: InitPlan,
    options: &InitOptions,
) -> Result<InitReport> {
    if !plan.members.is_empty() {
        return members::change(spec, peers, plan, options).await;
    }
    install(&spec, &mut peers, &plan).await?;
    let met_before = plan.met_before() && plan.guards.is_empty();
    let mut link = LiveLink::assume(spec, peers, plan.tables);
    let outcome = if met_before {
        Ok(InitReport::default())
    } else {
        link.make_contact(options).await
    };
    if outcome.is_err() {
        for peer in link.peers_mut() {
            peer.roll_back().await;
        }
    }
    let mut report = outcome?;
    for side in Side::BOTH {
        let name = link.spec.name.clone();
        mark_ready(&name, &mut link.peers[side.index()]).await?;
    }
    link.check().await?;
    if link.spec.first_contact != FirstContact::Trust {
        (options.observe)(&ContactEvent::Settling);
        report.settled = Some(link.pass().await?);
    }
    Ok(report)
}

impl LiveLink {
    pub(super) async fn make_contact(&mut self, options: &InitOptions) -> Result<InitReport> {
        let mut report = InitReport::default();
        if self.spec.first_contact == FirstContact::Trust {
            return self.trust().await.map(|()| report);
        }
        let plans = self.contact_plans(options).await?;
        for plan in &plans {
            let done = plan.chunks.iter().filter(|c| c.done).count();
            report.chunks_before += done as u64;
            (options.observe)(&ContactEvent::Begun(self.progress_of(plan)));
        }
        for source in Side::BOTH {
            let (mine, _): (Vec<_>, Vec<_>) = plans.iter().partition(|plan| plan.source == source);
            self.carry_from(source, &mine, options, &mut report).await?;
        }
        Ok(report)
    }

    /// Both sides are said to be equal: everything captured so far counts as having arrived.
    async fn trust(&mut self) -> Result<()> {
        for source in Side::BOTH {
            let reached = current_snapshot(&mut self.peers[source.index()]).await?;
            history::offer(&self.peers[source.index()], &self.spec.name, &reached).await?;
            let from = self.consumed_at(source.other()).await?;
            let writer = &mut self.peers[source.other().index()];
            apply::begin(writer, &self.spec, &from, &reached).await?;
            writer.commit("record the starting point").await?;
            self.acknowledge(source, &reached).await?;
        }
        Ok(())
    }

    async fn consumed_at(&mut self, side: Side) -> Result<ponte_sync::snapshot::Snapshot> {
        let sql = Sql::text("SELECT consumed::text FROM ponte.progress WHERE link = $1");
        let row = self.peers[side.index()]
            .row(&sql, &[&self.spec.name], "read the link's progress")
            .await?;
        super::install::parse_snapshot(row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: i64, chunks: i64) {
        assert_eq!(InitOptions::default().chunks_of(rows), chunks, "{rows}");
    }

    #[test]
    fn a_table_is_cut_where_a_chunk_is_full() {
        check(0, 0);
        check(1, 1);
        check(500_000, 1);
        check(500_001, 2);
        check(2_000_001, 5);
    }
}
