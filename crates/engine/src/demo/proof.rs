//! What is certain when everything has come to rest.

use std::time::Duration;

use ponte_pg::sync::LiveLink;
use ponte_pg::sync::compare::TableComparison;
use ponte_pg::sync::conflicts::{Conflict, conflicts};
use ponte_pg::sync::status::node_status;
use ponte_sync::link::Side;
use tokio::time::Instant;

use super::board::Totals;
use crate::error::Result;

/// How long the link may take to carry what is left.
const DRAIN_MAX: Duration = Duration::from_secs(60);

/// How many conflicts are read to find an example among them.
const EXAMPLES: i64 = 50;

/// The result of a demo.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Both nodes.
    pub nodes: [String; 2],
    /// Each table, compared by checksums inside the databases.
    pub tables: Vec<TableComparison>,
    /// Changed keys that did not reach the other side, per node.
    pub pending: [i64; 2],
    /// Rows that applications wrote and that were acknowledged, per node.
    pub writes: [u64; 2],
    /// How long they wrote.
    pub wrote_for: Duration,
    /// What passes did, those after the end of the traffic included.
    pub totals: Totals,
    /// How long it took to carry what was left.
    pub drained_in: Duration,
    /// Rows in `ponte.conflict` on both nodes together: each holds both images.
    pub conflicts_kept: i64,
    /// The newest conflict where both rows existed, else the newest one.
    pub example: Option<Conflict>,
}

impl Proof {
    /// Whether both sides hold the same rows and nothing is on its way.
    pub fn holds(&self) -> bool {
        let settled = self
            .tables
            .iter()
            .all(|table| table.equal() && table.in_flight == 0);
        settled && !self.tables.is_empty() && self.pending == [0, 0]
    }
}

/// Runs passes until nothing moves. Whoever still writes, by hand, does not hold the end up for ever.
pub(super) async fn drain(link: &mut LiveLink, totals: &mut Totals) -> Result<()> {
    let deadline = Instant::now() + DRAIN_MAX;
    loop {
        let report = link.pass().await?;
        totals.count(&report);
        if !report.moved() || Instant::now() >= deadline {
            return Ok(());
        }
    }
}

/// What both nodes still have to send, and the conflicts that they keep.
pub(super) async fn kept(link: &mut LiveLink) -> Result<([i64; 2], i64, Option<Conflict>)> {
    let spec = link.spec().clone();
    let (mut pending, mut kept, mut found) = ([0, 0], 0, Vec::new());
    for side in Side::BOTH {
        let peer = &mut link.peers_mut()[side.index()];
        if let Some(status) = node_status(&spec, peer).await? {
            pending[side.index()] = status.pending;
            kept += status.conflicts;
        }
        found.extend(conflicts(&spec.name, peer, EXAMPLES).await?);
    }
    let whole = |conflict: &Conflict| conflict.here.row.is_some() && conflict.there.row.is_some();
    let example = found
        .into_iter()
        .max_by(|a, b| (whole(a), &a.found_at).cmp(&(whole(b), &b.found_at)));
    Ok((pending, kept, example))
}
