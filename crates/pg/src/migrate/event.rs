//! What a caller may want to show while migrations run.

use std::time::Duration;

use ponte_schema::migration::Migration;
use ponte_schema::migration::plan::Direction;

use super::Holder;

/// Hears what happens. Nothing in this crate prints.
pub type Observer<'a> = dyn FnMut(Event<'_>) + Send + 'a;

/// A session that ours waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Its process on the server.
    pub pid: i32,
    /// Its `application_name`.
    pub application_name: String,
    /// Its role.
    pub username: String,
    /// What it does (`active`, `idle in transaction`); empty where this role may not know.
    pub state: String,
    /// How long its transaction has been open.
    pub transaction_seconds: i64,
}

/// Something happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another runner is at work; this one waits.
    WaitingForRunner {
        /// Who, where the server tells.
        holder: Option<&'a Holder>,
    },
    /// A script begins.
    Started {
        /// Of this migration.
        migration: &'a Migration,
        /// Which way.
        direction: Direction,
    },
    /// A script that was left half done is taken up again.
    Resumed {
        /// Of this migration.
        migration: &'a Migration,
        /// Steps that were done before.
        steps_done: usize,
    },
    /// A statement waits for other sessions' locks.
    Blocked {
        /// Of this file, without its suffix.
        what: &'a str,
        /// By these.
        by: &'a [Blocker],
    },
    /// A lock did not come in time; what was done of the file or step is rolled back, and it will be tried again.
    LockTimedOut {
        /// Of this file, without its suffix.
        what: &'a str,
        /// The sessions that were in the way when last seen.
        by: &'a [Blocker],
        /// After this time.
        again_in: Duration,
    },
    /// An index is being built.
    BuildingIndex {
        /// By this file, without its suffix.
        what: &'a str,
        /// As the server calls it.
        phase: &'a str,
        /// How much of the phase is done, where the server tells.
        percent: Option<i64>,
    },
    /// A statement takes long, and nobody is in its way.
    StillRunning {
        /// Of this file, without its suffix.
        what: &'a str,
        /// For so long.
        seconds: u64,
    },
    /// An index that an earlier build had left invalid was dropped, to be built anew.
    InvalidIndexDropped {
        /// `schema.index`.
        index: String,
    },
    /// A repeatable file was run.
    Repeated {
        /// Its name.
        name: &'a str,
        /// From its first statement on.
        duration: Duration,
    },
    /// A script has come to its end, and so has its transaction.
    Finished {
        /// Of this migration.
        migration: &'a Migration,
        /// Which way.
        direction: Direction,
        /// From its first statement on.
        duration: Duration,
    },
}
