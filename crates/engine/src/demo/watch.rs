//! Somebody who looks at both nodes twice a second, as a person with psql would.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ponte_pg::sync::Peer;
use ponte_pg::sync::conflicts::{Conflict, conflicts};
use ponte_pg::sync::status::node_status;
use ponte_sync::link::Side;
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::during;
use crate::error::Result;
use crate::link::LinkPlan;
use crate::servers::Servers;

/// How often.
const PACE: Duration = Duration::from_millis(500);

/// How many conflicts are shown.
const CONFLICTS_MAX: usize = 16;

const ROWS: &str = "SELECT count(*) FROM public.perfis";

/// The one who looks.
pub(super) struct Watcher {
    pub(super) plan: LinkPlan,
    pub(super) servers: Servers,
    pub(super) board: Arc<Board>,
}

impl Watcher {
    /// Looks until `stop` is cancelled.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut peers = [None, None];
        let mut before = ([0, 0], Instant::now());
        while !stop.is_cancelled() {
            let mut found = Vec::new();
            for side in Side::BOTH {
                match self.look(side, &mut peers[side.index()]).await {
                    Ok(conflicts) => found.extend(conflicts),
                    Err(error) => {
                        peers[side.index()] = None;
                        self.board
                            .node(side, |node| node.trouble = Some(error.in_words()));
                    }
                }
            }
            if !found.is_empty() {
                self.board.found(newest(found));
            }
            before = self.measure(before);
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PACE) => {}
            }
        }
    }

    async fn look(&self, side: Side, peer: &mut Option<Peer>) -> Result<Vec<Conflict>> {
        let peer = match peer {
            Some(peer) => peer,
            None => peer.insert(self.plan.peer(&self.servers, side).await?),
        };
        let counted = peer.session().client().query_one(ROWS, &[]).await;
        let rows: i64 = during(counted, "count the rows of perfis")?.get(0);
        let status = node_status(&self.plan.spec, peer).await?;
        self.board.node(side, |node| {
            node.rows = Some(rows);
            if let Some(status) = status {
                node.pending = status.pending;
                node.lag_seconds = status.lag_seconds;
                node.conflicts = status.conflicts;
            }
        });
        let limit = i64::try_from(CONFLICTS_MAX).unwrap_or(i64::MAX);
        Ok(conflicts(&self.plan.spec.name, peer, limit).await?)
    }

    /// How much was written since the last time, per second.
    fn measure(&self, (before, at): ([u64; 2], Instant)) -> ([u64; 2], Instant) {
        let now = Instant::now();
        let nodes = self.board.snapshot().nodes;
        let writes = [nodes[0].writes, nodes[1].writes];
        let seconds = now.duration_since(at).as_secs_f64();
        for side in Side::BOTH {
            let new = writes[side.index()] - before[side.index()];
            if seconds > 0.1 {
                #[expect(clippy::cast_precision_loss, reason = "a number of rows in half a second")]
                self.board.measured(side, new as f64 / seconds);
            }
        }
        (writes, now)
    }
}

/// The newest of what both nodes keep. A timestamp in RFC 3339 sorts as text.
fn newest(mut found: Vec<Conflict>) -> Vec<Conflict> {
    found.sort_by(|a, b| (&b.found_at, &b.node, b.id).cmp(&(&a.found_at, &a.node, a.id)));
    found.truncate(CONFLICTS_MAX);
    found
}
