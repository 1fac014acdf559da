//! What a pass does next, given what it has seen: the control flow of the sync as a value.
//!
//! The machine answers an observation with an action and knows nothing of servers, clocks or rows. Whoever drives it carries
//! out the action and tells what came of it, so the same decisions run against PostgreSQL and against model nodes.
//!
//! ```text
//!            ┌──────────────────────── the other direction, then Done ◄──────────────────────┐
//!            ▼                                                                               │
//!      ReadStandings ──► CountPending ──nothing──► (Acknowledge, where the source lags) ─────┤
//!            │                │ something                                                    │
//!         paused          BeginReading ──► TakeFence ──taken──► FillStage                    │
//!            ▼                                 │ lost               │                        │
//!           Done                               ▼                    ▼                        │
//!                                       Stop(Overtaken)   Batch(…), see [`batch`]            │
//!                                                                   │ committed              │
//!                                                              Acknowledge ──────────────────┘
//! ```
//!
//! Nothing is remembered between passes: an answer that was lost at COMMIT ends the pass, and the standings that the next one
//! begins with tell whether the commit took place. Guessing has no state here.

pub mod batch;

use crate::link::Side;
use batch::{Batch, Step};

/// What is to be done next. Where an action is about one node, it is the source or the target of [`Machine::source`]'s direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read from both nodes whether the link is paused or ready, and what each has consumed.
    ReadStandings,
    /// At the source, look for changes that are not in what the target has consumed.
    CountPending,
    /// At the source, open the transaction whose snapshot becomes the consumed one, and read what the source has consumed.
    BeginReading,
    /// At the target, open the transaction and move progress, if it still is where the standings saw it.
    TakeFence,
    /// Copy what is pending into the stage.
    FillStage,
    /// Bring what is staged into the tables, and commit.
    Batch(Step),
    /// Tell the source what has arrived.
    Acknowledge,
    /// The pass is over.
    Done,
    /// The pass is over before its end.
    Stop(Stop),
}

/// Why a pass ends before its end. Transactions that are open are to be rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The link is not initialised on one of the nodes.
    NotReady,
    /// The source lies before what was read from it.
    WentBack,
    /// Another process has moved progress.
    Overtaken,
    /// Local writers kept changing the rows of the batch.
    Contended,
    /// Triggers change the rows of the batch every time they are written.
    Rewritten,
    /// The target refuses a row, and rows cannot be set apart here.
    Blocked,
    /// A connection was lost, or the answer to a COMMIT. The next pass reads what became of it.
    ConnectionLost,
    /// The observation does not belong to the action: a defect of whoever drives the machine.
    OutOfTurn,
}

/// What came of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Observation {
    /// Of [`Action::ReadStandings`].
    Standings(Standing),
    /// Of [`Action::CountPending`].
    Pending(Pending),
    /// Of [`Action::TakeFence`]: whether progress was where it was expected.
    Fence {
        /// Nobody else has moved it.
        taken: bool,
    },
    /// Of [`Action::FillStage`].
    Staged {
        /// How many rows are in the stage.
        rows: u64,
        /// Whether they may be written before anybody looks, see [`batch`].
        sweepable: bool,
    },
    /// Of a [`Action::Batch`].
    Batch(batch::Seen),
    /// Of an action that only succeeds.
    Carried,
    /// Of any action: the connection is gone and so is its transaction.
    ConnectionLost,
}

/// Where a link stands on both nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It can run.
    Ready,
    /// Somebody paused it on one of the nodes.
    Paused,
    /// The first contact is not complete.
    NotReady,
}

/// What a source has for its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pending {
    /// Nothing, and the source knows that everything has arrived.
    Nothing,
    /// Nothing, but the source was not told what has arrived: a crash came before the acknowledgement.
    Unacknowledged,
    /// Something.
    Changes,
    /// The source's history lies before what was read from it.
    WentBack,
}

/// One pass of a link: first to second, then second to first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    source: Side,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Did(Action),
    InBatch(Batch),
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// A pass that has not begun; its first action is [`Self::FIRST`].
    pub fn new() -> Self {
        Self {
            source: Side::First,
            state: State::Did(Self::FIRST),
        }
    }

    /// What every pass begins with.
    pub const FIRST: Action = Action::ReadStandings;

    /// The source of the direction that is under way.
    pub fn source(&self) -> Side {
        self.source
    }

    /// What to do, given what came of the last action.
    pub fn next(&mut self, seen: Observation) -> Action {
        if seen == Observation::ConnectionLost {
            return self.does(Action::Stop(Stop::ConnectionLost));
        }
        match &mut self.state {
            State::InBatch(batch) => {
                let Observation::Batch(seen) = seen else {
                    return self.does(Action::Stop(Stop::OutOfTurn));
                };
                match batch.next(seen) {
                    Ok(step) => Action::Batch(step),
                    Err(batch::End::Committed) => self.does(Action::Acknowledge),
                    Err(batch::End::Stopped(stop)) => self.does(Action::Stop(stop)),
                }
            }
            State::Did(done) => {
                let done = *done;
                self.after(done, seen)
            }
        }
    }

    fn after(&mut self, done: Action, seen: Observation) -> Action {
        let next = match (done, seen) {
            (Action::ReadStandings, Observation::Standings(standing)) => match standing {
                Standing::Ready => Action::CountPending,
                Standing::Paused => Action::Done,
                Standing::NotReady => Action::Stop(Stop::NotReady),
            },
            (Action::CountPending, Observation::Pending(pending)) => match pending {
                Pending::Nothing => return self.turn(),
                Pending::Unacknowledged => Action::Acknowledge,
                Pending::Changes => Action::BeginReading,
                Pending::WentBack => Action::Stop(Stop::WentBack),
            },
            (Action::BeginReading, Observation::Carried) => Action::TakeFence,
            (Action::TakeFence, Observation::Fence { taken: true }) => Action::FillStage,
            (Action::TakeFence, Observation::Fence { taken: false }) => Action::Stop(Stop::Overtaken),
            (Action::FillStage, Observation::Staged { rows, sweepable }) => {
                return self.stage_filled(rows, sweepable);
            }
            (Action::Acknowledge, Observation::Carried) => return self.turn(),
            _ => Action::Stop(Stop::OutOfTurn),
        };
        self.does(next)
    }

    /// The batch is all at the target: the rest of the direction is its own machine's.
    fn stage_filled(&mut self, rows: u64, sweepable: bool) -> Action {
        self.state = State::InBatch(Batch::new(rows, sweepable));
        Action::Batch(Batch::FIRST)
    }

    fn turn(&mut self) -> Action {
        match self.source {
            Side::First => {
                self.source = Side::Second;
                self.does(Action::ReadStandings)
            }
            Side::Second => self.does(Action::Done),
        }
    }

    fn does(&mut self, action: Action) -> Action {
        self.state = State::Did(action);
        action
    }
}

#[cfg(test)]
mod tests;
