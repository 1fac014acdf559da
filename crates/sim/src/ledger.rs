//! What clients wrote, kept outside of the model so that nothing there can hide it.

/// The number of a client's write. Rows carry it, so that every value can be followed to whoever wrote it.
pub type Stamp = usize;

/// What became of a write's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It has not ended.
    Open,
    /// It committed and is still there.
    Committed,
    /// It was rolled back, or did not survive a crash because it had not asked to.
    Gone,
}

/// One write of one row.
#[derive(Debug, Clone)]
pub struct Write {
    /// Where.
    pub node: usize,
    /// Which row.
    pub key: Key,
    /// Whether it took the row away.
    pub delete: bool,
    /// The write that it found there.
    pub saw: Option<Stamp>,
    /// What became of it.
    pub fate: Fate,
}

/// A row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The table.
    pub table: usize,
    /// The row's key.
    pub id: u8,
}

/// All writes of a history.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    writes: Vec<Write>,
    accounted: Vec<bool>,
    overwritten: Vec<Vec<Stamp>>,
}

impl Ledger {
    /// Notes a write.
    pub fn add(&mut self, write: Write) -> Stamp {
        let stamp = self.writes.len();
        if let Some(saw) = write.saw {
            self.overwritten[saw].push(stamp);
        }
        self.writes.push(write);
        self.accounted.push(false);
        self.overwritten.push(Vec::new());
        stamp
    }

    /// Says what became of a write.
    pub fn ended(&mut self, stamp: Stamp, fate: Fate) {
        self.writes[stamp].fate = fate;
    }

    /// A delete met a row that was gone already: its effect is there.
    pub fn has_effect(&mut self, stamp: Stamp) {
        self.accounted[stamp] = true;
    }

    /// The write with that number.
    pub fn get(&self, stamp: Stamp) -> &Write {
        &self.writes[stamp]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Whether a later write that committed had seen it, or its effect was met elsewhere.
    pub fn is_superseded(&self, stamp: Stamp) -> bool {
        self.accounted[stamp] || self.overwritten_by(stamp).is_some()
    }

    /// A later write that committed and had seen it.
    pub fn overwritten_by(&self, stamp: Stamp) -> Option<Stamp> {
        let committed = |by: &&Stamp| self.writes[**by].fate == Fate::Committed;
        self.overwritten[stamp].iter().find(committed).copied()
    }
}
