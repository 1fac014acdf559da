//! A model of one PostgreSQL database, as far as the sync can tell it from a real one.
//!
//! Every value that can change is a [`Cell`]: its versions in the order in which they were written, at most the newest of them by a
//! transaction that still runs, which thereby holds the row. What a statement sees is decided by a snapshot. A deleted row
//! is a version that is not present, because whoever inserts the key again waits for the one who deleted it.
//!
//! A commit may leave its WAL unflushed. A crash then takes it back, and gives the numbers of transactions that left nothing on
//! the disk out again, as a server does.

use std::collections::BTreeMap;

use ponte_sync::snapshot::Snapshot;

/// A transaction's number.
pub type Xid = u64;

/// The number of a new database's first transaction.
const FIRST_XID: Xid = 10;

/// Somebody else holds what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Running,
    Committed { at: u64 },
    RolledBack,
}

#[derive(Debug, Clone)]
struct Transaction {
    fate: Fate,
    /// Its first WAL record, which is the first that a disk can know of it.
    first: Option<u64>,
}

/// The transactions of a database, and its log on disk.
#[derive(Debug, Clone, Default)]
pub struct Transactions {
    known: BTreeMap<Xid, Transaction>,
    next: Xid,
    inserted: u64,
    flushed: u64,
}

impl Transactions {
    /// Those of a new database.
    pub fn new() -> Self {
        Self {
            next: FIRST_XID,
            ..Self::default()
        }
    }

    /// Begins one.
    pub fn begin(&mut self) -> Xid {
        let xid = self.next;
        self.next += 1;
        let fate = Fate::Running;
        self.known.insert(xid, Transaction { fate, first: None });
        xid
    }

    /// What `pg_current_snapshot()` says.
    pub fn snapshot(&self) -> Snapshot {
        let running: Vec<Xid> = self.running().collect();
        Snapshot::new(self.next, &running)
    }

    /// Those that have not ended.
    pub fn running(&self) -> impl Iterator<Item = Xid> {
        let runs = |(xid, t): (&Xid, &Transaction)| (t.fate == Fate::Running).then_some(*xid);
        self.known.iter().filter_map(runs)
    }

    /// Whether it has not ended.
    pub fn runs(&self, xid: Xid) -> bool {
        self.known.get(&xid).is_some_and(|t| t.fate == Fate::Running)
    }

    /// Whether it has committed.
    pub fn committed(&self, xid: Xid) -> bool {
        let fate = self.known.get(&xid).map(|t| t.fate);
        matches!(fate, Some(Fate::Committed { .. }))
    }

    /// Whether a statement with this snapshot, in this transaction, sees what `xid` wrote.
    pub fn sees(&self, snapshot: &Snapshot, own: Option<Xid>, xid: Xid) -> bool {
        own == Some(xid) || (snapshot.sees(xid) && self.committed(xid))
    }

    /// Notes that a transaction wrote something.
    pub fn wrote(&mut self, xid: Xid) {
        self.inserted += 1;
        let at = self.inserted;
        if let Some(transaction) = self.known.get_mut(&xid) {
            transaction.first.get_or_insert(at);
        }
    }

    /// Commits; without a flush where the transaction did not ask for one.
    pub fn commit(&mut self, xid: Xid, durable: bool) {
        self.wrote(xid);
        let fate = Fate::Committed { at: self.inserted };
        if let Some(transaction) = self.known.get_mut(&xid) {
            transaction.fate = fate;
        }
        if durable {
            self.flush();
        }
    }

    /// Rolls back, which flushes nothing.
    pub fn roll_back(&mut self, xid: Xid) {
        self.wrote(xid);
        if let Some(transaction) = self.known.get_mut(&xid) {
            transaction.fate = Fate::RolledBack;
        }
    }

    /// What the WAL writer does from time to time, and the sync where it hardens.
    pub fn flush(&mut self) {
        self.flushed = self.inserted;
    }

    /// How much was ever written.
    pub fn written(&self) -> u64 {
        self.inserted
    }

    /// The server dies and comes back; answers the transactions that had committed and did not survive.
    pub fn crash(&mut self) -> Vec<Xid> {
        let flushed = self.flushed;
        let mut lost = Vec::new();
        for (xid, transaction) in &mut self.known {
            match transaction.fate {
                Fate::Committed { at } if at > flushed => {
                    lost.push(*xid);
                    transaction.fate = Fate::RolledBack;
                }
                Fate::Running => transaction.fate = Fate::RolledBack,
                _ => {}
            }
        }
        self.known
            .retain(|_, t| t.first.is_some_and(|first| first <= flushed));
        self.next = self.known.keys().last().map_or(FIRST_XID, |last| last + 1);
        self.inserted = flushed;
        lost
    }
}

/// A value that transactions change.
#[derive(Debug, Clone)]
pub struct Cell<T> {
    versions: Vec<(Xid, T)>,
    /// Who holds it without having written it.
    held: Option<Xid>,
    /// Who has to be waited for before it may be deleted.
    shared: Vec<Xid>,
}

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self {
            versions: Vec::new(),
            held: None,
            shared: Vec::new(),
        }
    }
}

impl<T> Cell<T> {
    /// The version that a snapshot shows.
    pub fn visible(&self, all: &Transactions, snapshot: &Snapshot, own: Option<Xid>) -> Option<&(Xid, T)> {
        self.versions
            .iter()
            .rev()
            .find(|(xid, _)| all.sees(snapshot, own, *xid))
    }

    /// The newest version that is committed or one's own.
    pub fn latest(&self, all: &Transactions, own: Option<Xid>) -> Option<&(Xid, T)> {
        self.versions
            .iter()
            .rev()
            .find(|(xid, _)| own == Some(*xid) || all.committed(*xid))
    }

    /// The newest version of all, whoever wrote it.
    pub fn newest(&self) -> Option<&(Xid, T)> {
        self.versions.last()
    }

    /// Fails where another transaction holds the value.
    pub fn free_for(&self, all: &Transactions, xid: Xid) -> Result<(), Held> {
        let foreign = |holder: Xid| holder != xid && all.runs(holder);
        let written = self.versions.last().is_some_and(|(by, _)| foreign(*by));
        if written || self.held.is_some_and(foreign) {
            return Err(Held);
        }
        Ok(())
    }

    /// Fails where another transaction counts on the row to stay.
    pub fn free_to_delete(&self, all: &Transactions, xid: Xid) -> Result<(), Held> {
        if self.shared.iter().any(|by| *by != xid && all.runs(*by)) {
            return Err(Held);
        }
        self.free_for(all, xid)
    }

    /// Holds the value until the end of the transaction.
    pub fn hold(&mut self, all: &Transactions, xid: Xid) -> Result<(), Held> {
        self.free_for(all, xid)?;
        self.held = Some(xid);
        Ok(())
    }

    /// Keeps the row from being deleted until the end of the transaction.
    pub fn share(&mut self, all: &Transactions, xid: Xid) -> Result<(), Held> {
        self.free_for(all, xid)?;
        self.shared.push(xid);
        Ok(())
    }

    /// Writes a new version; the caller has made sure that nobody else holds it.
    pub fn write(&mut self, xid: Xid, value: T) {
        self.versions.push((xid, value));
    }

    /// How many versions there are.
    pub fn count(&self) -> usize {
        self.versions.len()
    }

    /// How many of them a transaction wrote, for [`Self::undo`].
    pub fn mark(&self, xid: Xid) -> usize {
        self.versions.iter().filter(|(by, _)| *by == xid).count()
    }

    /// Forgets what a transaction wrote after a mark.
    pub fn undo(&mut self, xid: Xid, mark: usize) {
        let mut own = 0;
        self.versions.retain(|(by, _)| {
            own += usize::from(*by == xid);
            *by != xid || own <= mark
        });
    }

    /// Forgets what a transaction that is no more has done here.
    pub fn forget(&mut self, gone: &impl Fn(Xid) -> bool) {
        self.versions.retain(|(xid, _)| !gone(*xid));
        self.held = self.held.filter(|xid| !gone(*xid));
        self.shared.retain(|xid| !gone(*xid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_shows_what_had_committed_when_it_was_taken() {
        let mut all = Transactions::new();
        let mut cell = Cell::default();
        let (early, late) = (all.begin(), all.begin());
        cell.write(late, "late");
        all.commit(late, true);
        let between = all.snapshot();
        cell.write(early, "early");
        all.commit(early, true);
        assert_eq!(cell.visible(&all, &between, None), Some(&(late, "late")));
        assert_eq!(cell.latest(&all, None), Some(&(early, "early")));
    }

    #[test]
    fn a_written_value_is_held_until_its_transaction_ends() {
        let mut all = Transactions::new();
        let mut cell = Cell::default();
        let (one, other) = (all.begin(), all.begin());
        cell.write(one, 1);
        assert_eq!(cell.free_for(&all, other), Err(Held));
        all.roll_back(one);
        assert_eq!(cell.free_for(&all, other), Ok(()));
    }

    #[test]
    fn a_crash_takes_back_what_was_not_flushed_and_gives_its_number_out_again() {
        let mut all = Transactions::new();
        let durable = all.begin();
        all.commit(durable, true);
        let lost = all.begin();
        all.commit(lost, false);
        assert_eq!(all.crash(), [lost]);
        assert!(all.committed(durable) && !all.committed(lost));
        assert_eq!(all.begin(), lost);
    }
}
