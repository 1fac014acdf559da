//! What everybody on stage reports, and the snapshot of it that a view shows.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ponte_pg::sync::PassReport;
use ponte_pg::sync::conflicts::Conflict;
use ponte_sync::link::Side;

use super::NODES;
use crate::worker::Event;

/// How many passes are remembered.
const PASSES_MAX: usize = 64;

/// How many measurements of the writes per second are remembered.
const HISTORY_MAX: usize = 120;

/// One node at a moment.
#[derive(Debug, Clone, Default)]
pub struct NodeView {
    /// What it is called.
    pub name: String,
    /// Its port on the loopback address.
    pub port: u16,
    /// Rows in the table; `None` until somebody has looked, or while nobody gets through.
    pub rows: Option<i64>,
    /// Rows that applications wrote here and that were acknowledged, since the beginning.
    pub writes: u64,
    /// The same per second, over the last measurement.
    pub writes_per_second: f64,
    /// Earlier measurements, the oldest first.
    pub history: VecDeque<u64>,
    /// Changed keys that the other side does not have yet.
    pub pending: i64,
    /// How long the oldest of them has been waiting, in seconds.
    pub lag_seconds: f64,
    /// Conflicts that were found here.
    pub conflicts: i64,
    /// Why nobody gets through to it at the moment.
    pub trouble: Option<String>,
}

/// One direction of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direction {
    /// The node that the rows came from.
    pub from: String,
    /// The node that they went to.
    pub to: String,
    /// Rows inserted or updated.
    pub upserts: u64,
    /// Rows deleted.
    pub deletes: u64,
    /// Conflicts recorded.
    pub conflicts: u64,
    /// How long it took.
    pub duration: Duration,
}

/// A pass that moved something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassView {
    /// When it ended.
    pub at: Timestamp,
    /// The directions in which something moved.
    pub directions: Vec<Direction>,
}

/// What the link is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Mood {
    /// Nothing was heard of it yet.
    #[default]
    Starting,
    /// Passes follow each other.
    Running,
    /// Somebody paused it.
    Paused,
    /// Something failed that passes by itself.
    Retrying(String),
    /// Something failed that a person has to mend.
    Stopped(String),
}

/// What passes did since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Passes that moved something.
    pub passes: u64,
    /// Rows inserted or updated on the other side.
    pub upserts: u64,
    /// Rows deleted there.
    pub deletes: u64,
    /// Conflicts recorded.
    pub conflicts: u64,
}

impl Totals {
    /// Adds a pass.
    pub(super) fn count(&mut self, report: &PassReport) {
        self.passes += u64::from(report.moved());
        for direction in &report.directions {
            self.upserts += direction.applied.upserts;
            self.deletes += direction.applied.deletes;
            self.conflicts += direction.applied.conflicts;
        }
    }
}

/// Everything that a view shows.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Since the traffic began.
    pub elapsed: Duration,
    /// Both nodes.
    pub nodes: [NodeView; 2],
    /// What the link is doing.
    pub mood: Mood,
    /// The last passes that moved something, the newest first.
    pub passes: VecDeque<PassView>,
    /// The last conflicts, the newest first.
    pub conflicts: Vec<Conflict>,
    /// What passes did.
    pub totals: Totals,
}

/// Where everybody writes down what happened.
pub(super) struct Board {
    began: Instant,
    state: Mutex<Snapshot>,
}

impl Board {
    pub(super) fn new(ports: [u16; 2]) -> Self {
        let node = |side: Side| NodeView {
            name: NODES[side.index()].to_owned(),
            port: ports[side.index()],
            ..NodeView::default()
        };
        Self {
            began: Instant::now(),
            state: Mutex::new(Snapshot {
                elapsed: Duration::ZERO,
                nodes: [node(Side::First), node(Side::Second)],
                mood: Mood::default(),
                passes: VecDeque::new(),
                conflicts: Vec::new(),
                totals: Totals::default(),
            }),
        }
    }

    /// Nobody leaves the board half written, whatever made them panic.
    fn state(&self) -> MutexGuard<'_, Snapshot> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            elapsed: self.began.elapsed(),
            ..self.state().clone()
        }
    }

    /// Rows were written by an application and acknowledged.
    pub(super) fn wrote(&self, side: Side, rows: u64) {
        self.state().nodes[side.index()].writes += rows;
    }

    pub(super) fn node(&self, side: Side, change: impl FnOnce(&mut NodeView)) {
        change(&mut self.state().nodes[side.index()]);
    }

    /// One more measurement of the writes per second.
    pub(super) fn measured(&self, side: Side, writes_per_second: f64) {
        self.node(side, |node| {
            node.writes_per_second = writes_per_second;
            if node.history.len() == HISTORY_MAX {
                node.history.pop_front();
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rate is small and not negative"
            )]
            node.history.push_back(writes_per_second.round() as u64);
        });
    }

    pub(super) fn found(&self, conflicts: Vec<Conflict>) {
        self.state().conflicts = conflicts;
    }

    /// What the link's worker says.
    pub(super) fn heard(&self, event: &Event) {
        let mut state = self.state();
        state.mood = match event {
            Event::Passed(_) => Mood::Running,
            Event::Paused => Mood::Paused,
            Event::Retrying { reason, .. } => Mood::Retrying(reason.clone()),
            Event::Stopped { reason } => Mood::Stopped(reason.clone()),
        };
        let Event::Passed(report) = event else { return };
        if !report.moved() {
            return;
        }
        state.totals.count(report);
        state.passes.push_front(view(report));
        state.passes.truncate(PASSES_MAX);
    }
}

fn view(report: &PassReport) -> PassView {
    let moved = report
        .directions
        .iter()
        .filter(|d| d.applied != Default::default());
    PassView {
        at: Timestamp::now(),
        directions: moved
            .map(|d| Direction {
                from: d.from.clone(),
                to: d.to.clone(),
                upserts: d.applied.upserts,
                deletes: d.applied.deletes,
                conflicts: d.applied.conflicts,
                duration: d.duration,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use ponte_pg::sync::{Applied, DirectionReport};

    use super::*;

    fn pass(upserts: u64) -> Event {
        let direction = |from: &str, to: &str, upserts| DirectionReport {
            from: from.into(),
            to: to.into(),
            applied: Applied {
                upserts,
                ..Applied::default()
            },
            duration: Duration::from_millis(2),
        };
        Event::Passed(PassReport {
            directions: vec![
                direction("replit", "neon", upserts),
                direction("neon", "replit", 0),
            ],
            paused: false,
        })
    }

    #[test]
    fn passes_that_moved_nothing_are_not_remembered() {
        let board = Board::new([1, 2]);
        board.heard(&pass(3));
        board.heard(&pass(0));
        let seen = board.snapshot();
        assert_eq!(seen.mood, Mood::Running);
        assert_eq!((seen.totals.passes, seen.totals.upserts), (1, 3));
        assert_eq!(seen.passes.len(), 1);
        assert_eq!(
            seen.passes[0].directions.len(),
            1,
            "only the direction that moved"
        );
    }

    #[test]
    fn the_newest_pass_comes_first_and_old_ones_are_forgotten() {
        let board = Board::new([1, 2]);
        for upserts in 1..=100 {
            board.heard(&pass(upserts));
        }
        let seen = board.snapshot();
        assert_eq!(seen.passes.len(), PASSES_MAX);
        assert_eq!(seen.passes[0].directions[0].upserts, 100);
        assert_eq!(seen.totals.passes, 100);
    }
}
