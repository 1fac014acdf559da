//! Carrying one batch from its source into its target: what `ponte_sync::machine` says, with the statements of `ponte_sync::apply`.
//!
//! [`carry`] asks the machine and tells it what came of each step. [`begin`] takes the fence, [`stage`] brings the rows over,
//! [`place`] writes rows that are only new as they come, [`sweep`] what is staged the short way, [`plan`] and [`round`] compare, decide and write them, [`rescue`] finds out which ones the target refuses,
//! [`extras`] runs the user's hooks and writes their log, [`finish`] counts, [`offer`] makes sure at the source that it may be committed.

mod ask;
mod batch;
mod begin;
mod carry;
mod extras;
mod finish;
mod offer;
mod parents;
mod parked;
mod place;
mod plan;
mod rescue;
mod retried;
mod round;
mod stage;
mod stop;
mod sweep;
mod write;

pub(crate) use batch::{Batch, Content, Quarantine};
pub(crate) use begin::{begin, open};
pub(crate) use carry::{bring, carry, carry_within};
pub(crate) use finish::{keep_stages, links_changed};
pub(crate) use offer::{DURABLE, harden};
pub(crate) use place::refused_a_row;
pub(crate) use retried::{Retried, due};
pub(crate) use stop::overtaken;

/// Batches up to this many rows run on kept plans that go through the index of the user's table.
pub(crate) const SMALL_BATCH_ROWS_MAX: i64 = 500;

/// For a small batch the planner has no statistics of the stage worth having; a scan of the user's table is always wrong.
const SMALL_BATCH_PLANS: &str =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// What the planner may choose from where the number of rows is unknown.
const ANY_PLAN: &str =
    "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";

/// What a batch did at its target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows inserted or updated.
    pub upserts: u64,
    /// Rows deleted.
    pub deletes: u64,
    /// Conflicts recorded.
    pub conflicts: u64,
    /// Rows that the target refused and that went into the quarantine.
    pub quarantined: u64,
}

impl Applied {
    /// Rows written.
    fn rows(&self) -> u64 {
        self.upserts + self.deletes
    }

    /// Adds what another batch did.
    pub(crate) fn add(&mut self, other: Self) {
        self.upserts += other.upserts;
        self.deletes += other.deletes;
        self.conflicts += other.conflicts;
        self.quarantined += other.quarantined;
    }
}

/// A number that the server printed.
fn count(printed: Option<String>) -> u64 {
    printed.and_then(|n| n.parse().ok()).unwrap_or(0)
}
