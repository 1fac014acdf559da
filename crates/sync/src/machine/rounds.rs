//! Comparing, deciding and writing until everything that is staged is written, or a part of it.
//!
//! ```text
//!      Pin ──► LookForLocal ──some──► Resolve ──► Write ──► LookForLate ──none, all written──► LookForRewrites ──none──► Check
//!       ▲ │           └──────none───────────────► ▲            │ some          │ fewer than planned    │ some            ▲
//!       │ └─nothing differs────────────────────── │ ───────────│───────────────│───────────────────────│─────────────────┘
//!       └── ForgetPlan ◄───────────────────────── │ ───── UndoWrite ◄──────────┴───────────────────────┘
//! ```
//!
//! Pin the row versions that are there, look for local changes in a later statement, decide, write only what still is the pinned
//! version, and go round again for the rest. A row that was not there has no version to pin; whether somebody came and went under
//! its key is asked after it was inserted. Local writers and triggers can each keep the rounds going; both are counted and bounded.

use super::Stop;
use super::batch::{Seen, Step};

/// How often a batch goes round while local writers keep changing the same rows, before it is given up and read anew.
pub const ROUNDS_MAX: u32 = 50;

/// How often a batch goes round because triggers changed the rows that it wrote.
pub const TRIGGER_ROUNDS_MAX: u32 = 3;

/// How the rounds end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Everything is written and checked.
    Written,
    /// The target refuses a row.
    Refused,
    /// It does not end well.
    Stopped(Stop),
}

/// The rounds of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rounds {
    did: Step,
    /// In this round.
    planned: u64,
    written: u64,
    rounds: u32,
    trigger_rounds: u32,
}

impl Default for Rounds {
    fn default() -> Self {
        Self::new()
    }
}

impl Rounds {
    /// What all rounds begin with.
    pub const FIRST: Step = Step::Pin;

    /// Rounds that have not begun.
    pub fn new() -> Self {
        Self {
            did: Self::FIRST,
            planned: 0,
            written: 0,
            rounds: 1,
            trigger_rounds: 0,
        }
    }

    /// What to do, given what came of the last step.
    ///
    /// # Errors
    /// The end of the rounds.
    pub fn next(&mut self, seen: Seen) -> Result<Step, End> {
        let step = match (self.did, seen) {
            (Step::Pin | Step::LookForLocal | Step::Resolve | Step::Write | Step::Check, Seen::Refused) => {
                return Err(End::Refused);
            }
            (Step::Pin | Step::Resolve, Seen::Rows(0)) => Step::Check,
            (Step::Pin, Seen::Rows(rows)) => self.plan(rows, Step::LookForLocal),
            (Step::LookForLocal, Seen::Found(true)) => Step::Resolve,
            (Step::LookForLocal, Seen::Found(false)) => Step::Write,
            (Step::Resolve, Seen::Rows(rows)) => self.plan(rows, Step::Write),
            (Step::Write, Seen::Written { rows, inserted }) => {
                self.written = rows;
                if inserted { Step::LookForLate } else { self.wrote() }
            }
            (Step::LookForLate, Seen::Found(true)) => Step::UndoWrite,
            (Step::LookForLate, Seen::Found(false)) => self.wrote(),
            (Step::UndoWrite, Seen::Carried) => Step::ForgetPlan,
            (Step::LookForRewrites, Seen::Found(true)) => self.rewritten()?,
            (Step::LookForRewrites, Seen::Found(false)) => Step::Check,
            (Step::ForgetPlan, Seen::Carried) => self.go_round()?,
            (Step::Check, Seen::Carried) => return Err(End::Written),
            _ => return Err(End::Stopped(Stop::OutOfTurn)),
        };
        self.did = step;
        Ok(step)
    }

    fn plan(&mut self, rows: u64, then: Step) -> Step {
        self.planned = rows;
        then
    }

    fn wrote(&self) -> Step {
        if self.written == self.planned {
            Step::LookForRewrites
        } else {
            Step::ForgetPlan
        }
    }

    fn rewritten(&mut self) -> Result<Step, End> {
        if self.trigger_rounds == TRIGGER_ROUNDS_MAX {
            return Err(End::Stopped(Stop::Rewritten));
        }
        self.trigger_rounds += 1;
        Ok(Step::ForgetPlan)
    }

    fn go_round(&mut self) -> Result<Step, End> {
        if self.rounds == ROUNDS_MAX {
            return Err(End::Stopped(Stop::Contended));
        }
        self.rounds += 1;
        Ok(Step::Pin)
    }
}
