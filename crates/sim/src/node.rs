//! A model node: tables, changelog and bookkeeping of one database, and its clock.

use std::collections::{BTreeMap, BTreeSet};

use ponte_sync::decide::{self, Note, Version};
use ponte_sync::snapshot::Snapshot;
use uuid::Uuid;

use crate::ledger::{Key, Stamp};
use crate::store::{Cell, Held, Transactions, Xid};

/// A link's number.
pub type LinkId = usize;

/// The table whose rows others point at, with a secondary unique column.
pub const PARENTS: usize = 0;
/// The table whose rows point at the other's.
pub const CHILDREN: usize = 1;
/// How many tables there are.
pub const TABLES: usize = 2;

/// What stands under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Whether there is a row; what else is here then still says who took it away.
    pub present: bool,
    /// Who wrote it.
    pub stamp: Stamp,
    /// The version column, where the application gives versions.
    pub version: i64,
    /// In a parent, a value that no other parent may have.
    pub unique: Option<u8>,
    /// In a child, its parent.
    pub parent: Option<u8>,
}

/// Which links a note is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// All.
    All,
    /// All but the one that it came over.
    Via(LinkId),
    /// One.
    Only(LinkId),
}

/// How far the changes of the other node have arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The consumed snapshot.
    pub consumed: Snapshot,
    /// The highest number in the changelog, for the mutation that trusts it.
    pub sequence: u64,
}

impl Progress {
    fn nothing() -> Self {
        Self {
            consumed: Snapshot::new(1, &[]),
            sequence: 0,
        }
    }
}

/// Rows that were set aside with their images: a conflict's loser and winner, or a refused row.
#[derive(Debug, Clone)]
pub struct Record {
    by: Xid,
    /// Whose row it is about.
    key: Key,
    /// The writes whose images are kept.
    pub images: Vec<Stamp>,
}

/// A row that this node refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Whether it still waits to be tried again.
    pub waits: bool,
    /// Its version.
    pub version: Version,
    /// What the other side had consumed when it was first refused.
    pub seen: Snapshot,
}

/// One database.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its `ponte.node` id.
    pub id: Uuid,
    /// Its transactions.
    pub all: Transactions,
    /// Its tables.
    pub rows: BTreeMap<Key, Cell<Row>>,
    /// Its changelogs.
    pub notes: Vec<Note<Key, LinkId>>,
    /// `ponte.progress`.
    pub progress: BTreeMap<LinkId, Cell<Progress>>,
    /// `ponte.outgoing`.
    pub outgoing: BTreeMap<LinkId, Cell<Snapshot>>,
    /// `ponte.conflict`, and the images in `ponte.quarantine`.
    pub records: Vec<Record>,
    /// `ponte.quarantine`.
    pub quarantine: BTreeMap<(LinkId, Key), Cell<Refused>>,
    /// `ponte.clock`.
    pub seen: Cell<i64>,
    /// How far its clock is off.
    pub skew: i64,
    /// How often it has died, so that sessions notice.
    pub lives: u32,
    /// Whether changes are stamped after everything seen.
    pub hybrid: bool,
    sequence: u64,
}

impl Node {
    /// A database with these links and without rows.
    pub fn new(number: usize, links: &[LinkId], skew: i64, hybrid: bool) -> Self {
        let mut all = Transactions::new();
        let installer = all.begin();
        let mut node = Self {
            id: Uuid::from_u128(number as u128 + 1),
            all,
            rows: BTreeMap::new(),
            notes: Vec::new(),
            progress: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            records: Vec::new(),
            quarantine: BTreeMap::new(),
            seen: Cell::default(),
            skew,
            lives: 0,
            hybrid,
            sequence: 0,
        };
        node.seen.write(installer, i64::MIN);
        for link in links {
            let progress = node.progress.entry(*link).or_default();
            progress.write(installer, Progress::nothing());
            let outgoing = node.outgoing.entry(*link).or_default();
            outgoing.write(installer, Progress::nothing().consumed);
        }
        node.all.commit(installer, true);
        node
    }

    /// What its clock says.
    pub fn clock(&self, time: i64) -> i64 {
        time + self.skew
    }

    /// What a change without a version column is stamped with.
    pub fn stamp(&self, time: i64, own: Xid) -> i64 {
        let seen = self
            .seen
            .latest(&self.all, Some(own))
            .map_or(i64::MIN, |(_, at)| *at);
        if self.hybrid {
            decide::stamp(self.clock(time), seen)
        } else {
            self.clock(time)
        }
    }

    /// Moves the clock past a version, unless it is there already.
    pub fn push_clock(&mut self, xid: Xid, time: i64, newest: i64) -> Result<(), Held> {
        let seen = self
            .seen
            .latest(&self.all, Some(xid))
            .map_or(i64::MIN, |(_, at)| *at);
        if newest > seen.max(self.clock(time)) {
            self.seen.free_for(&self.all, xid)?;
            self.seen.write(xid, newest);
            self.all.wrote(xid);
        }
        Ok(())
    }

    /// The row under a key as the newest commits and this transaction left it.
    pub fn row(&self, key: Key, own: Option<Xid>) -> Option<(Xid, Row)> {
        self.rows.get(&key)?.latest(&self.all, own).copied()
    }

    /// The same, where there is a row.
    pub fn live(&self, key: Key, own: Option<Xid>) -> Option<(Xid, Row)> {
        self.row(key, own).filter(|(_, row)| row.present)
    }

    /// The row under a key in a snapshot.
    pub fn row_in(&self, key: Key, snapshot: &Snapshot, own: Option<Xid>) -> Option<(Xid, Row)> {
        self.rows.get(&key)?.visible(&self.all, snapshot, own).copied()
    }

    /// Every row in a snapshot.
    pub fn state_in(&self, snapshot: &Snapshot) -> BTreeMap<Key, Row> {
        let keys = self.rows.keys();
        let there = keys.filter_map(|key| Some((*key, self.row_in(*key, snapshot, None)?.1)));
        there.filter(|(_, row)| row.present).collect()
    }

    /// Every row that is there now.
    pub fn state(&self) -> BTreeMap<Key, Row> {
        self.state_in(&self.all.snapshot())
    }

    /// Writes a row, without a note.
    pub fn write(&mut self, xid: Xid, key: Key, row: Row) {
        self.rows.entry(key).or_default().write(xid, row);
        self.all.wrote(xid);
    }

    /// Writes a note.
    pub fn note(&mut self, xid: Xid, key: Key, insert: bool, version: Version, route: Route) {
        self.sequence += 1;
        self.notes.push(Note {
            key,
            xid,
            seq: self.sequence,
            insert,
            // Which kind a conflict is called by is none of the simulator's business.
            delete: false,
            at: version.at,
            noted: version.noted,
            version_node: (version.node != self.id).then_some(version.node),
            via: match route {
                Route::Via(link) => Some(link),
                _ => None,
            },
            only: match route {
                Route::Only(link) => Some(link),
                _ => None,
            },
        });
        self.all.wrote(xid);
    }

    /// The number of the newest note.
    pub fn last_note(&self) -> u64 {
        self.sequence
    }

    /// The notes that a snapshot shows.
    pub fn notes_in<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        own: Option<Xid>,
    ) -> impl Iterator<Item = &'a Note<Key, LinkId>> {
        let shown = move |note: &&Note<Key, LinkId>| self.all.sees(snapshot, own, note.xid);
        self.notes.iter().filter(shown)
    }

    /// Keeps images.
    pub fn record(&mut self, xid: Xid, key: Key, images: Vec<Stamp>) {
        self.records.push(Record { by: xid, key, images });
        self.all.wrote(xid);
    }

    /// Takes back what a transaction decided about a row that was refused after all.
    pub fn undecide(&mut self, xid: Xid, key: Key) {
        self.records
            .retain(|record| record.by != xid || record.key != key);
        self.notes
            .retain(|note| note.xid != xid || note.key != key || note.only.is_none());
    }

    /// The writes whose images are kept here.
    pub fn recorded(&self) -> BTreeSet<Stamp> {
        self.records
            .iter()
            .flat_map(|r| r.images.iter().copied())
            .collect()
    }

    /// The keys that wait in the quarantine of a link.
    pub fn waiting(&self, link: LinkId) -> Vec<Key> {
        let waits = |cell: &Cell<Refused>| cell.latest(&self.all, None).is_some_and(|(_, r)| r.waits);
        let of_link = self
            .quarantine
            .iter()
            .filter(|((of, _), cell)| *of == link && waits(cell));
        of_link.map(|((_, key), _)| *key).collect()
    }

    /// Whether a snapshot shows that the key waits there.
    pub fn waits_in(&self, snapshot: &Snapshot, link: LinkId, key: Key) -> bool {
        let cell = self.quarantine.get(&(link, key));
        cell.and_then(|cell| cell.visible(&self.all, snapshot, None))
            .is_some_and(|(_, refused)| refused.waits)
    }

    /// Takes back a transaction.
    pub fn roll_back(&mut self, xid: Xid) {
        if self.all.runs(xid) {
            self.all.roll_back(xid);
            self.forget(&|by| by == xid);
        }
    }

    /// Dies and comes back; answers the transactions that had committed and are lost.
    pub fn crash(&mut self) -> Vec<Xid> {
        let lost = self.all.crash();
        self.lives += 1;
        let all = self.all.clone();
        self.forget(&|by| !all.committed(by));
        lost
    }

    fn forget(&mut self, gone: &impl Fn(Xid) -> bool) {
        self.rows.values_mut().for_each(|cell| cell.forget(gone));
        self.progress.values_mut().for_each(|cell| cell.forget(gone));
        self.outgoing.values_mut().for_each(|cell| cell.forget(gone));
        self.quarantine.values_mut().for_each(|cell| cell.forget(gone));
        self.seen.forget(gone);
        self.notes.retain(|note| !gone(note.xid));
        self.records.retain(|record| !gone(record.by));
    }
}
