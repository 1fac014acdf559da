//! What a server was seen doing while it ran a statement: the locks it took, the tables it rewrote or read through.
//!
//! The observer in `ponte-pg` runs a migration on a shadow and fills these values in. Objects are told apart by whether they were there
//! before the file began: what a file makes itself, nobody waits for.

use std::collections::BTreeMap;
use std::fmt;

use super::statement::Name;

/// A table, an index, a view, as it was when it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relation {
    /// Its schema.
    pub schema: String,
    /// Its name in it.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// It was there before the file began.
    pub existed: bool,
    /// Of an index: its table. Of a partition: its parent.
    pub parent: Option<Name>,
    /// It is a partition.
    pub is_partition: bool,
}

impl Relation {
    /// Whether a name in a statement can mean it.
    pub fn is(&self, name: &Name) -> bool {
        self.name == name.name && name.schema.as_ref().is_none_or(|schema| *schema == self.schema)
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::QualifiedName::new(self.schema.as_str(), self.name.as_str()).fmt(f)
    }
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RelationKind {
    /// A table.
    Table,
    /// A table that consists of partitions.
    PartitionedTable,
    /// An index, partitioned or not.
    Index,
    /// A materialized view.
    MaterializedView,
    /// A view, a sequence, a foreign table, a composite type.
    Other,
}

/// The modes of a lock on a relation, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LockMode {
    /// Readers take it.
    AccessShare,
    /// SELECT FOR UPDATE takes it.
    RowShare,
    /// Writers take it.
    RowExclusive,
    /// VACUUM and concurrent builds take it.
    ShareUpdateExclusive,
    /// Writers wait.
    Share,
    /// Writers wait, and so does another of its kind.
    ShareRowExclusive,
    /// Everybody but readers waits.
    Exclusive,
    /// Everybody waits.
    AccessExclusive,
}

impl LockMode {
    /// The mode that `pg_locks` calls so.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "AccessShareLock" => Self::AccessShare,
            "RowShareLock" => Self::RowShare,
            "RowExclusiveLock" => Self::RowExclusive,
            "ShareUpdateExclusiveLock" => Self::ShareUpdateExclusive,
            "ShareLock" => Self::Share,
            "ShareRowExclusiveLock" => Self::ShareRowExclusive,
            "ExclusiveLock" => Self::Exclusive,
            "AccessExclusiveLock" => Self::AccessExclusive,
            _ => return None,
        })
    }

    /// As SQL calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// Whether writers wait for it.
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }

    /// Whether readers wait for it too.
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }
}

/// A lock that is held after a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// On what.
    pub relation: Relation,
    /// The strongest mode of it that is held.
    pub mode: LockMode,
    /// This statement took it; else one before it in the same transaction did.
    pub taken_now: bool,
}

/// Work that takes the longer the more rows there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    /// A table or a materialized view is written anew.
    Rewrite(Relation),
    /// All rows of a table are read to check something.
    Scan(Relation),
    /// An index is built.
    Build {
        /// The index's name.
        index: String,
        /// Its table.
        table: Relation,
    },
    /// All rows of a table are looked up in the one that they refer to.
    CheckReferences {
        /// The constraint's name.
        constraint: String,
        /// The table that refers.
        table: Relation,
    },
}

impl Work {
    /// The table that it reads or writes.
    pub fn table(&self) -> &Relation {
        match self {
            Self::Rewrite(table)
            | Self::Scan(table)
            | Self::Build { table, .. }
            | Self::CheckReferences { table, .. } => table,
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rewrite(table) => write!(f, "rewrites {table}"),
            Self::Scan(table) => write!(f, "reads every row of {table}"),
            Self::Build { index, table } => write!(f, "builds the index {index} of {table}"),
            Self::CheckReferences { constraint, table } => {
                write!(f, "looks up every row of {table} for {constraint}")
            }
        }
    }
}

/// What one statement was seen doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// Locks that are held after it, on objects of the users'.
    pub held: Vec<Held>,
    /// The work it did on objects that were there before the file.
    pub works: Vec<Work>,
    /// It had nothing to do: what it was to make is there.
    pub skipped: bool,
}

impl Observation {
    /// The strongest lock that is held on a table.
    pub fn lock_on(&self, table: &Name) -> Option<LockMode> {
        self.held
            .iter()
            .filter(|held| held.relation.is(table))
            .map(|held| held.mode)
            .max()
    }

    /// Whether the table was rewritten, or one below it.
    pub fn rewrites(&self) -> bool {
        self.works.iter().any(|work| matches!(work, Work::Rewrite(_)))
    }

    /// Whether a table was read through.
    pub fn scans(&self) -> bool {
        self.works.iter().any(|work| matches!(work, Work::Scan(_)))
    }

    /// Whether an index of a table that was there before was built.
    pub fn builds(&self) -> bool {
        self.works.iter().any(|work| matches!(work, Work::Build { .. }))
    }

    /// Whether references were looked up.
    pub fn checks_references(&self) -> bool {
        self.works
            .iter()
            .any(|work| matches!(work, Work::CheckReferences { .. }))
    }

    /// Tables that were there before the file and that others now wait for.
    pub fn blocked(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| {
            held.relation.existed
                && held.mode.blocks_writes()
                && matches!(
                    held.relation.kind,
                    RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView
                )
        })
    }

    /// Of those the ones that this statement took: the strongest lock on each table.
    pub fn taken_from_others(&self) -> BTreeMap<&Relation, LockMode> {
        let mut strongest: BTreeMap<&Relation, LockMode> = BTreeMap::new();
        for held in self.blocked().filter(|held| held.taken_now) {
            let mode = strongest.entry(&held.relation).or_insert(held.mode);
            *mode = held.mode.max(*mode);
        }
        strongest
    }

    /// The same, for a person: the strongest lock that this statement took on each table, and its work.
    pub fn in_words(&self) -> Vec<String> {
        let locks = self.taken_from_others().into_iter().map(|(relation, mode)| {
            let who = if mode.blocks_reads() {
                "reads and writes wait"
            } else {
                "writes wait"
            };
            format!("{} on {relation}: {who}", mode.word())
        });
        locks.chain(self.works.iter().map(ToString::to_string)).collect()
    }
}

/// How large a table is where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSize {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Rows, as the server estimates them.
    pub rows: u64,
    /// Bytes, with indexes and long values.
    pub bytes: u64,
}

/// The tables of a live database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sizes(Vec<TableSize>);

impl Sizes {
    /// Takes them as they were read.
    pub fn new(tables: Vec<TableSize>) -> Self {
        Self(tables)
    }

    /// The one that a name means; of several with that name the largest.
    pub fn of(&self, name: &Name) -> Option<&TableSize> {
        self.0
            .iter()
            .filter(|table| table.name == name.name)
            .filter(|table| name.schema.as_ref().is_none_or(|schema| *schema == table.schema))
            .max_by_key(|table| table.bytes)
    }
}
