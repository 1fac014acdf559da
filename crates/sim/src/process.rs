//! A process of a link: the machine of `ponte-sync`, and what its actions do to model nodes, moment by moment.
//!
//! A moment is a statement, or one row of a statement that writes. Between two moments anything may happen at the nodes, so every
//! statement takes its own snapshot, as READ COMMITTED does, and a row that somebody holds is waited for.

mod apply;
mod light;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use ponte_sync::decide::Version;
use ponte_sync::link::Side;
use ponte_sync::machine::{Action, Machine, Observation, Stop};
use ponte_sync::snapshot::Snapshot;

use crate::ledger::Key;
use crate::model::Model;
use crate::node::{LinkId, Progress, Row};
use crate::store::{Held, Xid};

/// How many moments a process waits for a row before the server takes it for one of a deadlock.
const WAITS_MAX: u32 = 60;

/// A row in the stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staged {
    pub(crate) key: Key,
    pub(crate) row: Row,
    pub(crate) version: Version,
    pub(crate) inserted: bool,
}

/// A row in the plan, and the version of the target's row that it was compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) staged: Staged,
    pub(crate) seen: Option<Xid>,
}

/// What a server still has to find out about a process that is gone.
#[derive(Debug, Clone)]
pub struct Orphan {
    /// Where.
    pub node: usize,
    xid: Xid,
    commits: bool,
    expected: Option<BTreeMap<Key, Row>>,
}

/// A process in the middle of a pass.
#[derive(Debug)]
pub struct Process {
    link: LinkId,
    machine: Machine,
    /// What it does now.
    pub action: Action,
    /// Which moment of that comes next.
    moment: usize,
    lives: [u32; 2],
    waits: u32,
    /// Whether the batch goes the short way.
    light: bool,
    /// The answer to the next COMMIT is lost; whether the COMMIT itself arrives.
    pub lose_answer: Option<bool>,
    batch: Batch,
}

/// What a direction works with.
#[derive(Debug, Clone)]
struct Batch {
    from: Progress,
    to: Progress,
    seen_by_source: Snapshot,
    /// What the target had to say when the batch began.
    early: Snapshot,
    /// When local changes were looked for.
    looked: Snapshot,
    xid: Option<Xid>,
    stage: Vec<Staged>,
    plan: Vec<Planned>,
    /// Rows written since the last savepoint, with what undoes that.
    written: Vec<(Key, usize)>,
    /// The newest note at that savepoint.
    note: u64,
    /// Rows that were refused, and those that have been staged.
    refused: Vec<Key>,
    arrived: BTreeSet<Key>,
    /// What the target has to look like in the end, where it takes no writes of its own.
    expected: Option<BTreeMap<Key, Row>>,
}

/// What came of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It went by.
    Went,
    /// The process waits for somebody.
    Waits,
    /// The pass is over, as it should be or before its end.
    Over(Option<Stop>),
}

/// What a moment of an action answers: an observation when the action is over.
type Outcome = Result<Option<Observation>, Held>;

impl Process {
    /// A process that begins a pass.
    pub fn new(model: &Model, link: LinkId) -> Self {
        Self::driving(Machine::new(), model, link)
    }

    /// One that was woken because something changed at a side.
    pub fn woken(model: &Model, link: LinkId, source: Side) -> Self {
        Self::driving(Machine::woken(source), model, link)
    }

    fn driving(machine: Machine, model: &Model, link: LinkId) -> Self {
        Self {
            link,
            action: machine.first(),
            machine,
            moment: 0,
            lives: Side::BOTH.map(|side| model.nodes[model.end(link, side)].lives),
            waits: 0,
            light: false,
            lose_answer: None,
            batch: Batch::empty(),
        }
    }

    /// Goes on by one moment.
    pub fn go(&mut self, model: &mut Model, orphans: &mut Vec<Orphan>) -> Moment {
        let outcome = if self.is_cut_off(model) {
            Ok(Some(Observation::ConnectionLost))
        } else {
            self.act(model, orphans)
        };
        match outcome {
            Ok(None) => self.moment += 1,
            Ok(Some(seen)) => {
                self.moment = 0;
                self.tell(model, seen);
                self.action = self.machine.next(seen);
            }
            Err(Held) if self.waits < WAITS_MAX => {
                self.waits += 1;
                return Moment::Waits;
            }
            Err(Held) => self.action = self.machine.next(Observation::ConnectionLost),
        }
        self.waits = 0;
        match self.action {
            Action::Done => Moment::Over(None),
            Action::Stop(stop) => {
                self.roll_back(model);
                Moment::Over(Some(stop))
            }
            _ => Moment::Went,
        }
    }

    fn tell(&self, model: &mut Model, seen: Observation) {
        let (from, to) = (self.source(model), self.target(model));
        if let Some(told) = &mut model.told {
            let row = |s: &Staged| format!(" {}.{}={}@{}", s.key.table, s.key.id, s.row.stamp, s.version.at);
            let stage: String = self.batch.stage.iter().map(row).collect();
            told.push(format!("{from}>{to} {:?}: {seen:?}{stage}", self.action));
        }
    }

    /// Dies. What it had open at the target stays open until the server notices.
    pub fn kill(self, model: &Model, orphans: &mut Vec<Orphan>) {
        if let Some(xid) = self.batch.xid
            && self.target_lives(model)
        {
            orphans.push(self.orphan(model, xid, false));
        }
    }

    fn orphan(&self, model: &Model, xid: Xid, commits: bool) -> Orphan {
        Orphan {
            node: self.target(model),
            xid,
            commits,
            expected: self.batch.expected.clone(),
        }
    }

    fn act(&mut self, model: &mut Model, orphans: &mut Vec<Orphan>) -> Outcome {
        match self.action {
            Action::ReadStandings => Ok(self.read_standings(model)),
            Action::Glance => Ok(Some(self.glance(model))),
            Action::WriteLight => self.write_light(model),
            Action::CountPending => Ok(Some(self.count_pending(model))),
            Action::Remind => self.remind(model),
            Action::LookIntoQuarantine => Ok(Some(self.look_into_quarantine(model))),
            Action::BeginReading => Ok(Some(self.begin_reading(model))),
            Action::TakeFence => self.take_fence(model),
            Action::FillStage => self.fill_stage(model),
            Action::Batch(step) => self.apply(model, step, orphans),
            // Nobody decides conflicts by hand here.
            Action::RefreshParked => Ok(Some(Observation::Carried)),
            Action::Acknowledge => self.acknowledge(model),
            Action::Done | Action::Stop(_) => Ok(None),
        }
    }

    fn source(&self, model: &Model) -> usize {
        model.end(self.link, self.machine.source())
    }

    fn target(&self, model: &Model) -> usize {
        model.end(self.link, self.machine.source().other())
    }

    /// One of the servers has died since the process connected.
    fn is_cut_off(&self, model: &Model) -> bool {
        let lives = Side::BOTH.map(|side| model.nodes[model.end(self.link, side)].lives);
        lives != self.lives
    }

    fn roll_back(&mut self, model: &mut Model) {
        let (target, lives) = (self.target(model), self.target_lives(model));
        if let Some(xid) = self.batch.xid.take().filter(|_| lives) {
            model.nodes[target].roll_back(xid);
        }
    }

    fn target_lives(&self, model: &Model) -> bool {
        let side = self.machine.source().other();
        model.nodes[self.target(model)].lives == self.lives[side.index()]
    }
}

impl Orphan {
    /// The server notices: the COMMIT that had arrived is carried out, or the transaction rolled back.
    pub fn settle(self, model: &mut Model) {
        if self.commits {
            apply::commit(model, self.node, self.xid, self.expected.as_ref());
        } else {
            model.nodes[self.node].roll_back(self.xid);
        }
    }
}

impl Batch {
    fn empty() -> Self {
        let nothing = Snapshot::new(1, &[]);
        let progress = Progress {
            consumed: nothing.clone(),
            sequence: 0,
        };
        Self {
            from: progress.clone(),
            to: progress,
            seen_by_source: nothing.clone(),
            early: nothing.clone(),
            looked: nothing,
            xid: None,
            stage: Vec::new(),
            plan: Vec::new(),
            written: Vec::new(),
            note: 0,
            refused: Vec::new(),
            arrived: BTreeSet::new(),
            expected: None,
        }
    }
}
