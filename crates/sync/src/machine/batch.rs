//! What happens to a batch that is staged at its target, up to the commit.
//!
//! ```text
//!   EndReading ──► LookForMassDeletes ──► LookForLocal ──none──► Sweep ──► LookForLocal ──none, all──► LookForRewrites
//!       │ empty        │ not to be            │ some               │ refused    │ some                     │ none  │ some
//!       │              │ swept                │                    └───► UndoSweep                        │       │
//!       │              ▼                      ▼                             │                             │       │
//!       │            rounds, see [`rounds`] ◄───────────────────────────────┴──── ForgetPlan ◄────────────│───────┘
//!       │              │ written    └─ refused ─► Isolate ─► ForgetPlan ─► rounds                         │
//!       ▼              ▼                                                                                  │
//!     Record ◄────────────────────────────────────────────────────────────────────────────────────────────┘
//!       └──► Harden ──► LookForOverlap ──► Commit
//! ```
//!
//! *Sweep*: written at once, as if nobody else wrote, and looked at afterwards. *Rounds*: compared, decided and written over the
//! very versions that were compared. A batch that is carried inside somebody else's transactions begins with the rounds and ends
//! with [`Step::Record`]; a light one is written when it gets here, and begins with [`Step::Harden`].

use super::Stop;
use super::rounds::{self, Rounds};

/// What is to be done next with a staged batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Close the source's transaction.
    EndReading,
    /// Whether so much is deleted that a person has to approve it. Making the source durable, and looking for an overlap there, may
    /// begin once this is answered; [`Step::Harden`] and [`Step::LookForOverlap`] wait for them.
    LookForMassDeletes,
    /// Whether the target has changes that the source had not seen.
    LookForLocal,
    /// Write the stage as if nobody else wrote here, so that it can be undone.
    Sweep,
    /// Undo that.
    UndoSweep,
    /// Compare the stage with the tables, and remember the very row versions that differ.
    Pin,
    /// Hold the rows in conflict and decide them.
    Resolve,
    /// Write what is planned, where it still is the pinned version.
    Write,
    /// Whether changes were committed here since that look under keys that had no row: there is none to tell a row that came and
    /// went in the meantime from one that never was.
    LookForLate,
    /// Undo what was just written, or all that the rounds have done.
    UndoWrite,
    /// Undo a write that was refused, find the rows that the target refuses, and take them out of the stage into the quarantine. What
    /// is left may be written on the way.
    Isolate,
    /// Forget the plan: another round follows.
    ForgetPlan,
    /// Whether triggers or cascades changed rows of the batch on account of what was written.
    LookForRewrites,
    /// Have everything checked that would be checked at the commit, when rows cannot be told apart any more.
    Check,
    /// Count what was done; whether links were made here meanwhile.
    Record,
    /// What was read must survive a crash of the source before anything counts on it.
    Harden,
    /// Whether a batch of the same link was being applied to the source when the snapshot was taken there. It had compared rows and
    /// not yet said so: each side would believe that the other one takes its row.
    LookForOverlap,
    /// Commit.
    Commit,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seen {
    /// A step that only succeeds.
    Carried,
    /// Of a look: whether there is any; of [`Step::Record`]: whether a link was made.
    Found(bool),
    /// How many rows a step planned or swept.
    Rows(u64),
    /// Of [`Step::Write`].
    Written {
        /// How many rows it wrote.
        rows: u64,
        /// Whether there may be some among them for whose keys there was no row.
        inserted: bool,
    },
    /// A row cannot stand at the target: a constraint, a type, a reference. Of [`Step::Isolate`]: rows cannot be told apart.
    Refused,
}

/// How a batch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The target has it.
    Done,
    /// It has to be rolled back.
    Stopped(Stop),
}

/// A staged batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    state: State,
    staged: u64,
    sweepable: bool,
    /// Inside somebody else's transactions.
    within: bool,
    /// Written by the sweep.
    swept: Option<u64>,
    isolations: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Did(Step),
    InRounds(Rounds),
}

impl Batch {
    /// What every batch begins with that has transactions of its own.
    pub const FIRST: Step = Step::EndReading;

    /// A batch whose stage holds so many rows.
    pub fn new(staged: u64, sweepable: bool) -> Self {
        Self {
            state: State::Did(Self::FIRST),
            staged,
            sweepable,
            within: false,
            swept: None,
            isolations: 0,
        }
    }

    /// A batch that is written and counted, all at once, and its first step.
    pub fn written() -> (Self, Step) {
        let mut batch = Self::new(0, false);
        let first = batch.does(Step::Harden);
        (batch, first)
    }

    /// A batch inside somebody else's transactions, and its first step.
    pub fn within(staged: u64) -> (Self, Step) {
        let mut batch = Self {
            within: true,
            ..Self::new(staged, false)
        };
        let first = if staged == 0 {
            batch.does(Step::Record)
        } else {
            batch.go_round()
        };
        (batch, first)
    }

    /// What to do, given what came of the last step.
    ///
    /// # Errors
    /// The end of the batch.
    pub fn next(&mut self, seen: Seen) -> Result<Step, End> {
        match &mut self.state {
            State::InRounds(rounds) => match rounds.next(seen) {
                Ok(step) => Ok(step),
                Err(rounds::End::Written) => Ok(self.does(Step::Record)),
                Err(rounds::End::Refused) => self.isolate(),
                Err(rounds::End::Stopped(stop)) => Err(End::Stopped(stop)),
            },
            State::Did(done) => {
                let done = *done;
                self.after(done, seen)
            }
        }
    }

    fn after(&mut self, done: Step, seen: Seen) -> Result<Step, End> {
        let step = match (done, seen) {
            (Step::EndReading, Seen::Carried) if self.staged == 0 => Step::Record,
            (Step::EndReading, Seen::Carried) => Step::LookForMassDeletes,
            (Step::LookForMassDeletes, Seen::Found(true)) => return Err(End::Stopped(Stop::Unapproved)),
            (Step::LookForMassDeletes, Seen::Found(false)) if self.sweepable => Step::LookForLocal,
            (Step::LookForMassDeletes, Seen::Found(false))
            | (Step::UndoSweep | Step::ForgetPlan, Seen::Carried) => {
                return Ok(self.go_round());
            }
            (Step::LookForLocal, Seen::Found(found)) => return Ok(self.looked(found)),
            (Step::Sweep, Seen::Rows(rows)) => {
                self.swept = Some(rows);
                Step::LookForLocal
            }
            (Step::Sweep, Seen::Refused) => Step::UndoSweep,
            (Step::LookForRewrites, Seen::Found(true)) | (Step::Isolate, Seen::Carried) => Step::ForgetPlan,
            (Step::LookForRewrites, Seen::Found(false)) => Step::Record,
            (Step::Record, Seen::Found(true)) => return Err(End::Stopped(Stop::LinksChanged)),
            (Step::Record, Seen::Found(false)) if self.within => return Err(End::Done),
            (Step::Record, Seen::Found(false)) => Step::Harden,
            (Step::Harden, Seen::Carried) => Step::LookForOverlap,
            (Step::LookForOverlap, Seen::Found(true)) => return Err(End::Stopped(Stop::Overtaken)),
            (Step::LookForOverlap, Seen::Found(false)) => Step::Commit,
            (Step::Commit, Seen::Carried) => return Err(End::Done),
            (Step::Isolate | Step::Commit, Seen::Refused) => return Err(End::Stopped(Stop::Blocked)),
            _ => return Err(End::Stopped(Stop::OutOfTurn)),
        };
        Ok(self.does(step))
    }

    /// The look before the sweep, or the one after it.
    fn looked(&mut self, found: bool) -> Step {
        match self.swept {
            None if found => self.go_round(),
            None => self.does(Step::Sweep),
            Some(_) if found => self.does(Step::UndoSweep),
            Some(rows) if rows == self.staged => self.does(Step::LookForRewrites),
            Some(_) => self.go_round(),
        }
    }

    fn go_round(&mut self) -> Step {
        self.state = State::InRounds(Rounds::new());
        Rounds::FIRST
    }

    /// What is left goes round again. That ends: each time the stage becomes smaller, or what was refused was refused for a moment only.
    fn isolate(&mut self) -> Result<Step, End> {
        if self.isolations == self.staged {
            return Err(End::Stopped(Stop::Blocked));
        }
        self.isolations += 1;
        Ok(self.does(Step::Isolate))
    }

    fn does(&mut self, step: Step) -> Step {
        self.state = State::Did(step);
        step
    }
}
