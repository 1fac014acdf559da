//! What happens to a batch that is staged at its target, up to the commit.
//!
//! ```text
//!   EndReading ──► LookForLocal ──none──► Sweep ──► LookForLocal ──none──► LookForRewrites ──none──► Harden
//!       │               │ some              │ refused    │ some                │ some              │
//!       │ not to be     │                   └───► UndoSweep                    │              Record, Commit
//!       │ swept         ▼                            │                         ▼
//!       └─────────►  Pin ◄───────────────────────────┘◄── ForgetPlan ◄─── fewer written than planned
//!                     ▼                                     ▲  ▲                 │
//!               LookForLocal ──some──► Resolve ──► Write ───│──│──────► LookForLate ──none, all written──► LookForRewrites
//!                     └──────none─────────────────► ▲ │     │  └── UndoWrite ◄──┘ some
//!                                                     └► refused: Isolate
//! ```
//!
//! *Sweep*: written at once, as if nobody else wrote, and looked at afterwards. *Rounds*: pin the row versions that are there, look
//! for local changes in a later statement, decide, write only what still is the pinned version, and go round again for the rest.
//! A row that was not there has no version to pin; whether somebody came and went under its key is asked after the write.
//! A round that wrote everything it planned ends them. Local writers, triggers and refused rows can each keep a batch going
//! round; all three are counted and bounded.

use super::Stop;

/// How often a batch goes round while local writers keep changing the same rows, before it is given up and read anew.
pub const ROUNDS_MAX: u32 = 50;

/// How often a batch goes round because triggers changed the rows that it wrote.
pub const TRIGGER_ROUNDS_MAX: u32 = 3;

/// What is to be done next with a staged batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Close the source's transaction. Making the source durable may begin now; [`Step::Harden`] waits for it.
    EndReading,
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
    /// Undo what was just written.
    UndoWrite,
    /// Undo a write that was refused, find the rows that the target refuses, and take them out of the stage into the quarantine.
    Isolate,
    /// Forget the plan: another round follows.
    ForgetPlan,
    /// Whether triggers or cascades changed rows of the batch on account of what was written.
    LookForRewrites,
    /// What was read must survive a crash of the source before anything counts on it.
    Harden,
    /// Count what was done; check what can only be checked at the end.
    Record,
    /// Commit.
    Commit,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seen {
    /// A step that only succeeds.
    Carried,
    /// Of a look: whether there is any.
    Found(bool),
    /// How many rows a step planned or wrote.
    Rows(u64),
    /// A row cannot stand at the target: a constraint, a type, a reference.
    Refused,
    /// The refused rows are gone from the stage, `0` where none could be set apart.
    Isolated(u64),
}

/// How a batch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The target has it.
    Committed,
    /// It has to be rolled back.
    Stopped(Stop),
}

/// A staged batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    did: Step,
    staged: u64,
    sweepable: bool,
    /// Written by the sweep.
    swept: Option<u64>,
    /// Planned and written in this round.
    planned: u64,
    written: u64,
    rounds: u32,
    trigger_rounds: u32,
    refusals: u64,
}

impl Batch {
    /// What every batch begins with.
    pub const FIRST: Step = Step::EndReading;

    /// A batch whose stage holds so many rows.
    pub fn new(staged: u64, sweepable: bool) -> Self {
        Self {
            did: Self::FIRST,
            staged,
            sweepable,
            swept: None,
            planned: 0,
            written: 0,
            rounds: 0,
            trigger_rounds: 0,
            refusals: 0,
        }
    }

    /// What to do, given what came of the last step.
    ///
    /// # Errors
    /// The end of the batch.
    pub fn next(&mut self, seen: Seen) -> Result<Step, End> {
        let step = match (self.did, seen) {
            (Step::EndReading, Seen::Carried) if self.sweepable => Step::LookForLocal,
            (Step::EndReading | Step::UndoSweep | Step::ForgetPlan, Seen::Carried) => self.go_round()?,
            (Step::LookForLocal, Seen::Found(found)) if self.sweepable => self.sweep_looked(found)?,
            (Step::LookForLocal, Seen::Found(found)) => {
                if found {
                    Step::Resolve
                } else {
                    Step::Write
                }
            }
            (Step::Sweep, Seen::Rows(rows)) => {
                self.swept = Some(rows);
                Step::LookForLocal
            }
            (Step::Sweep, Seen::Refused) => self.sweep_failed(),
            (Step::Pin, Seen::Rows(0)) => Step::Harden,
            (Step::Pin, Seen::Rows(rows)) => self.plan(rows, Step::LookForLocal),
            (Step::Resolve, Seen::Rows(rows)) => self.plan(rows, Step::Write),
            (Step::Write, Seen::Rows(rows)) => {
                self.written = rows;
                Step::LookForLate
            }
            (Step::LookForLate, Seen::Found(true)) => Step::UndoWrite,
            (Step::LookForLate, Seen::Found(false)) => self.wrote(),
            (Step::UndoWrite, Seen::Carried) => Step::ForgetPlan,
            (Step::Write | Step::Record, Seen::Refused) => Step::Isolate,
            (Step::Isolate, Seen::Isolated(rows)) => self.isolated(rows)?,
            (Step::LookForRewrites, Seen::Found(found)) => self.looked_for_rewrites(found)?,
            (Step::Harden, Seen::Carried) => Step::Record,
            (Step::Record, Seen::Carried) => Step::Commit,
            (Step::Commit, Seen::Carried) => return Err(End::Committed),
            (Step::Commit, Seen::Refused) => return Err(End::Stopped(Stop::Blocked)),
            _ => return Err(End::Stopped(Stop::OutOfTurn)),
        };
        self.did = step;
        Ok(step)
    }

    /// The look before the sweep, or the one after it.
    fn sweep_looked(&mut self, found: bool) -> Result<Step, End> {
        match self.swept {
            None if found => {
                self.sweepable = false;
                self.go_round()
            }
            None => Ok(Step::Sweep),
            Some(_) if found => Ok(self.sweep_failed()),
            Some(rows) => {
                self.sweepable = false;
                if rows == self.staged {
                    Ok(Step::LookForRewrites)
                } else {
                    self.go_round()
                }
            }
        }
    }

    fn sweep_failed(&mut self) -> Step {
        self.sweepable = false;
        Step::UndoSweep
    }

    fn go_round(&mut self) -> Result<Step, End> {
        if self.rounds == ROUNDS_MAX {
            return Err(End::Stopped(Stop::Contended));
        }
        self.rounds += 1;
        Ok(Step::Pin)
    }

    fn plan(&mut self, rows: u64, then: Step) -> Step {
        self.planned = rows;
        then
    }

    fn wrote(&self) -> Step {
        match self.planned {
            planned if self.written != planned => Step::ForgetPlan,
            0 => Step::Harden,
            _ => Step::LookForRewrites,
        }
    }

    fn looked_for_rewrites(&mut self, found: bool) -> Result<Step, End> {
        if !found {
            return Ok(Step::Harden);
        }
        if self.trigger_rounds == TRIGGER_ROUNDS_MAX {
            return Err(End::Stopped(Stop::Rewritten));
        }
        self.trigger_rounds += 1;
        Ok(Step::ForgetPlan)
    }

    /// What is left goes round again; that ends, because the stage has become smaller.
    fn isolated(&mut self, rows: u64) -> Result<Step, End> {
        self.refusals += rows;
        if rows == 0 || self.refusals > self.staged {
            return Err(End::Stopped(Stop::Blocked));
        }
        self.rounds = 0;
        Ok(Step::ForgetPlan)
    }
}
