//! What a pass does next, given what it has seen: the control flow of the sync as a value.
//!
//! The machine answers an observation with an action and knows nothing of servers, clocks or rows. Whoever drives it carries
//! out the action and tells what came of it, so the same decisions run against PostgreSQL and against model nodes.
//!
//! ```text
//!            ┌──────────────────────── the other direction, then Done ◄──────────────────────────┐
//!            ▼                                                                                   │
//!      ReadStandings ──► CountPending ──► (Remind, where the source was not told) ──nothing──────┤
//!            │                                │ something       │ refused rows may go by now     │
//!         paused                              │                 ▼                                │
//!            ▼                                │           LookIntoQuarantine ──none due──────────┤
//!           Done                              ▼                 │ some                           │
//!                                       BeginReading ◄──────────┘                                │
//!                                             ▼                                                  │
//!                                         TakeFence ──taken──► FillStage ──► Batch(…), see [`batch`]
//!                                             │ lost                             │ committed     │
//!                                             ▼                                  ▼               │
//!                                      Stop(Overtaken)          (RefreshParked,) Acknowledge ────┘
//! ```
//!
//! Nothing is remembered between passes: an answer that was lost at COMMIT ends the pass, and the standings that the next one
//! begins with tell whether the commit took place. Guessing has no state here.
//!
//! A pass that one node asks for because something changed there ([`Machine::woken`]) takes a short way where it can:
//!
//! ```text
//!      Glance ──a handful──► WriteLight ──written──► Batch(Harden, LookForOverlap, Commit) ──► Done
//!        │ │ other               │ disturbed
//!        │ └────────────────► ReadStandings, as above
//!        └─nothing──► Done
//! ```
//!
//! What the target had when it was asked last stands for the standings there: the fence finds out whether it still is so. What has
//! arrived is told to the source with the next offer, or by the next whole pass ([`Action::Remind`]).

pub mod batch;
pub mod rounds;

use crate::link::Side;
use batch::{Batch, Step};

/// What is to be done next. Where an action is about one node, it is the source or the target of [`Machine::source`]'s direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read from both nodes whether the link is paused or ready, and what each has consumed.
    ReadStandings,
    /// At the source, in one snapshot: how it stands, and the rows that are not in what the target had consumed when it was asked last.
    Glance,
    /// At the target, in one transaction that stays open: take the fence, write the rows of a light batch as if nobody else wrote,
    /// count them, and look in later statements whether anything was not as usual. If it was, or a row could not be written, or the
    /// fence is not where it was expected, undo it all.
    WriteLight,
    /// At the source, look for changes that are not in what the target has consumed.
    CountPending,
    /// Tell the source what had arrived before: a crash came before the acknowledgement. Before anything new is offered, because
    /// the source must always know what its target holds.
    Remind,
    /// At the target, look which of the rows that it refused are tried again.
    LookIntoQuarantine,
    /// At the source, open the transaction whose snapshot becomes the consumed one, and read what the source has consumed.
    BeginReading,
    /// At the target, open the transaction and move progress, if it still is where the standings saw it.
    TakeFence,
    /// Copy what is pending into the stage.
    FillStage,
    /// Bring what is staged into the tables, and commit.
    Batch(Step),
    /// At the source, bring the conflicts up to date that wait for a person.
    RefreshParked,
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
    /// The target refuses rows, and they could not be set apart.
    Blocked,
    /// The batch deletes so much that a person has to approve it.
    Unapproved,
    /// Another link of the target was made meanwhile, which counts on what the batch did not note for it.
    LinksChanged,
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
    /// Of [`Action::Glance`].
    Glanced(Glance),
    /// Of [`Action::WriteLight`]: whether it is written; else it has been undone.
    WroteLight(bool),
    /// Of [`Action::CountPending`].
    Pending(Pending),
    /// Of [`Action::LookIntoQuarantine`]: how many rows are tried again.
    Retried(u64),
    /// Of [`Action::BeginReading`].
    Reading {
        /// Whether keys of the source wait for a person.
        parked: bool,
    },
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
    /// Of any action: it failed, the connection is gone, and so is its transaction.
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
    /// One of the nodes does not remember what the other one does.
    WentBack,
}

/// What a source shows at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Glance {
    /// There is nothing to be carried from here.
    Nothing,
    /// A handful of rows that need no thought.
    Light,
    /// Anything else: a whole pass finds out what.
    Other,
}

/// What a source has for its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pending {
    /// How much there is.
    pub changes: Changes,
    /// Whether the source knows what has arrived.
    pub acknowledged: bool,
    /// Rows that the target refused before.
    pub refused: Refused,
}

/// How much a source has that its target has not consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Changes {
    /// Nothing that the link ships, and not much else.
    None,
    /// Nothing that the link ships, but so much else that looking through it again and again costs more than moving on.
    OnlyOthers,
    /// Something.
    Some,
    /// The source's history lies before what was read from it.
    WentBack,
}

/// The rows that a target refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refused {
    /// There are none.
    None,
    /// They wait; one that lacks its parent is tried when other rows arrive.
    Waiting,
    /// For some of them it is time to be tried again.
    Due,
}

/// One pass of a link, first to second, then second to first; or one direction of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    source: Side,
    last: Side,
    first: Action,
    /// What was counted; whether keys of the source are parked.
    pending: Option<Pending>,
    parked: bool,
    /// Whether the batch goes the short way.
    light: bool,
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
    /// A pass that has not begun.
    pub fn new() -> Self {
        Self::beginning(Side::First, Side::Second, Action::ReadStandings)
    }

    /// One direction, because its source has said that something changed there; a whole pass, where that needs one.
    pub fn woken(source: Side) -> Self {
        Self::beginning(source, source, Action::Glance)
    }

    /// One direction, for somebody who has read the standings and knows better than they whether it may go.
    pub fn one_way(source: Side) -> Self {
        Self::beginning(source, source, Action::CountPending)
    }

    /// The same from where the source is being read.
    pub fn from_reading(source: Side) -> Self {
        Self::beginning(source, source, Action::TakeFence)
    }

    fn beginning(source: Side, last: Side, first: Action) -> Self {
        Self {
            source,
            last,
            first,
            pending: None,
            parked: false,
            light: false,
            state: State::Did(first),
        }
    }

    /// What it begins with.
    pub fn first(&self) -> Action {
        self.first
    }

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
                    Err(batch::End::Done) if self.light => self.does(Action::Done),
                    Err(batch::End::Done) if self.parked => self.does(Action::RefreshParked),
                    Err(batch::End::Done) => self.does(Action::Acknowledge),
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
                Standing::WentBack => Action::Stop(Stop::WentBack),
            },
            (Action::Glance, Observation::Glanced(glance)) => match glance {
                Glance::Nothing => Action::Done,
                Glance::Light => Action::WriteLight,
                Glance::Other => return self.whole_pass(),
            },
            (Action::WriteLight, Observation::WroteLight(true)) => return self.wrote_light(),
            (Action::WriteLight, Observation::WroteLight(false)) => return self.whole_pass(),
            (Action::CountPending, Observation::Pending(pending)) => return self.counted(pending),
            (Action::Remind, Observation::Carried) => return self.weigh(),
            (Action::LookIntoQuarantine, Observation::Retried(rows)) => return self.looked(rows),
            (Action::BeginReading, Observation::Reading { parked }) => {
                self.parked = parked;
                Action::TakeFence
            }
            (Action::TakeFence, Observation::Fence { taken: true }) => Action::FillStage,
            (Action::TakeFence, Observation::Fence { taken: false }) => Action::Stop(Stop::Overtaken),
            (Action::FillStage, Observation::Staged { rows, sweepable }) => {
                return self.stage_filled(rows, sweepable);
            }
            (Action::RefreshParked, Observation::Carried) => Action::Acknowledge,
            (Action::Acknowledge, Observation::Carried) => return self.turn(),
            _ => Action::Stop(Stop::OutOfTurn),
        };
        self.does(next)
    }

    /// The short way does not lead there.
    fn whole_pass(&mut self) -> Action {
        *self = Self::new();
        self.first
    }

    fn wrote_light(&mut self) -> Action {
        let (batch, first) = Batch::written();
        self.light = true;
        self.state = State::InBatch(batch);
        Action::Batch(first)
    }

    fn counted(&mut self, pending: Pending) -> Action {
        self.pending = Some(pending);
        if pending.changes == Changes::WentBack {
            return self.does(Action::Stop(Stop::WentBack));
        }
        if !pending.acknowledged {
            return self.does(Action::Remind);
        }
        self.weigh()
    }

    /// Refused rows go along where anything goes, and go alone where it is time.
    fn weigh(&mut self) -> Action {
        let Some(pending) = self.pending else {
            return self.does(Action::Stop(Stop::OutOfTurn));
        };
        match (pending.refused, pending.changes) {
            (Refused::Due, _) | (Refused::Waiting, Changes::Some) => self.does(Action::LookIntoQuarantine),
            _ => self.looked(0),
        }
    }

    fn looked(&mut self, retried: u64) -> Action {
        match self.pending.map(|pending| pending.changes) {
            Some(Changes::Some | Changes::OnlyOthers) => self.does(Action::BeginReading),
            _ if retried > 0 => self.does(Action::BeginReading),
            _ => self.turn(),
        }
    }

    /// The batch is all at the target: the rest of the direction is its own machine's.
    fn stage_filled(&mut self, rows: u64, sweepable: bool) -> Action {
        self.state = State::InBatch(Batch::new(rows, sweepable));
        Action::Batch(Batch::FIRST)
    }

    fn turn(&mut self) -> Action {
        if self.source == self.last {
            return self.does(Action::Done);
        }
        self.source = self.last;
        self.pending = None;
        self.parked = false;
        self.does(Action::ReadStandings)
    }

    fn does(&mut self, action: Action) -> Action {
        self.state = State::Did(action);
        action
    }
}

#[cfg(test)]
mod tests;
