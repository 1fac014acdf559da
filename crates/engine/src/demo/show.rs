//! What goes on while the demo runs, from the first write to the proof.
//!
//! The order of the end: the traffic stops, and what was sent is waited for; the worker ends its pass and stops; passes are run
//! until nothing moves; both sides are compared; the sessions end. Only then may the servers stop.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;
use ponte_sync::link::Side;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::board::{Board, Snapshot};
use super::proof::{self, Proof};
use super::rivals::Rivals;
use super::stage::Set;
use super::traffic::Crowd;
use super::watch::Watcher;
use crate::error::{Error, ErrorKind, Result};
use crate::worker::LinkWorker;

/// How long a statement that was sent before the end may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The traffic, the link's worker, and what is known of both.
pub struct Show {
    set: Set,
    board: Arc<Board>,
    stop_traffic: CancellationToken,
    traffic: JoinSet<()>,
    stop_link: CancellationToken,
    worker: JoinHandle<Result<()>>,
}

impl Show {
    pub(super) fn begin(set: Set) -> Result<Self> {
        let board = Arc::new(Board::new(set.ports));
        let heard = Arc::clone(&board);
        let worker = LinkWorker::new(set.plan.clone(), set.servers.clone(), move |event| {
            heard.heard(event);
        })?;
        let stop_link = CancellationToken::new();
        let worker = tokio::spawn(worker.run(stop_link.clone()));
        let stop_traffic = CancellationToken::new();
        let mut traffic = JoinSet::new();
        let season = season();
        for side in Side::BOTH {
            let crowd = Crowd {
                side,
                conninfo: set.applications[side.index()].clone(),
                board: Arc::clone(&board),
                rng: Rng::new(),
                season,
                number: 0,
            };
            traffic.spawn(crowd.run(stop_traffic.clone()));
        }
        let rivals = Rivals {
            conninfos: set.applications.clone(),
            board: Arc::clone(&board),
            rng: Rng::new(),
        };
        traffic.spawn(rivals.run(stop_traffic.clone()));
        let watcher = Watcher {
            plan: set.plan.clone(),
            servers: set.servers.clone(),
            board: Arc::clone(&board),
        };
        traffic.spawn(watcher.run(stop_traffic.clone()));
        Ok(Self {
            set,
            board,
            stop_traffic,
            traffic,
            stop_link,
            worker,
        })
    }

    /// What a view shows.
    pub fn snapshot(&self) -> Snapshot {
        self.board.snapshot()
    }

    /// Whether the link's worker has given up, which it does only at its very first step.
    pub fn is_over(&self) -> bool {
        self.worker.is_finished()
    }

    /// Stops the traffic, carries what is left, and compares both sides.
    ///
    /// # Errors
    /// A node that cannot be reached, a link that cannot go on: nothing is proved then.
    pub async fn finish(mut self) -> Result<Proof> {
        let outcome = self.prove().await;
        self.stop_traffic.cancel();
        self.stop_link.cancel();
        self.traffic.shutdown().await;
        let left = self.set.servers.leave().await;
        let proof = outcome?;
        left.map(|()| proof)
    }

    async fn prove(&mut self) -> Result<Proof> {
        self.stop_traffic.cancel();
        let wrote_for = self.board.snapshot().elapsed;
        let ended = async { while self.traffic.join_next().await.is_some() {} };
        // What hangs longer than this is cut off, and rolled back.
        let _ = tokio::time::timeout(PATIENCE, ended).await;
        self.traffic.shutdown().await;
        self.stop_link.cancel();
        let worker = (&mut self.worker).await;
        worker.map_err(|e| Error::new(ErrorKind::State, "the link's worker ended early").because(e))??;
        let draining = Instant::now();
        let seen = self.board.snapshot();
        let mut totals = seen.totals;
        let mut link = self.set.plan.open(&self.set.servers).await?;
        proof::drain(&mut link, &mut totals).await?;
        let drained_in = draining.elapsed();
        let tables = link.compare().await?;
        let (pending, conflicts_kept, example) = proof::kept(&mut link).await?;
        Ok(Proof {
            nodes: self.set.plan.spec.nodes.clone(),
            tables,
            pending,
            writes: [seen.nodes[0].writes, seen.nodes[1].writes],
            wrote_for,
            totals,
            drained_in,
            conflicts_kept,
            example,
        })
    }
}

/// A number that no earlier demo on the same servers had.
fn season() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
