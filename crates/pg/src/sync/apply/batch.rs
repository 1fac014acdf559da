//! A batch: what it carries, from where to where, and what has to be known of its tables.

use ponte_schema::{QualifiedName, Sql};
use ponte_sync::apply::{Direction, Local, Part, Reference, Stage, Winner};
use ponte_sync::batch::{self, Source, Wire};
use ponte_sync::chunk::Range;
use ponte_sync::forward::Shipped;
use ponte_sync::link::{ApplyAs, LinkSpec, Side};
use ponte_sync::shape::ForeignKey;
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::TableSide;

use super::retried::Retried;
use crate::sync::inspect::LinkedTable;
use crate::sync::peer::{Peer, Plan};
use crate::sync::sharing::Shared;

/// What has to be known to apply a batch.
pub(crate) struct Batch<'a> {
    pub(crate) spec: &'a LinkSpec,
    pub(crate) source: Side,
    pub(crate) tables: &'a [LinkedTable],
    /// Which tables have anything to carry.
    pub(crate) touched: Vec<usize>,
    /// Which of them were truncated at the source.
    pub(crate) truncated: Vec<usize>,
    pub(crate) content: Content<'a>,
    pub(crate) small: bool,
    /// Which tables the target carries over other links too; known once the batch has begun.
    pub(crate) carried_on: Shared,
    /// The consumed snapshot the batch starts from, and the one it leads to.
    pub(crate) from: Snapshot,
    pub(crate) to: Snapshot,
    /// Who wins whatever the tables' rules say: at the first contact.
    pub(crate) winner: Option<Winner>,
    /// Who wins where the table has no version column, if that is somebody else.
    pub(crate) without_versions: Option<Winner>,
    /// Whether keys are parked at the source.
    pub(crate) parked_at_source: bool,
    /// Where its rows and keys stand in the quarantines of both nodes.
    pub(crate) quarantine: Quarantine,
    /// Which of the staged rows are written; all of them where nothing was refused.
    pub(crate) part: Option<Part>,
    /// How many rows were written without being staged.
    pub(crate) placed: u64,
}

/// What a batch has to know of the quarantines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quarantine {
    /// Whether the source has one for this link: changes of these keys are not read.
    pub(crate) at_source: bool,
    /// Whether the target has one for this link.
    pub(crate) at_target: bool,
    /// The target's rows that are tried again with this batch.
    pub(crate) retried: Vec<Retried>,
}

impl Quarantine {
    /// How many rows are tried again.
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.retried.len()).unwrap_or(i64::MAX)
    }

    /// Whether rows of this table of the target are tried again.
    pub(crate) fn retries(&self, table: &QualifiedName) -> bool {
        self.retried.iter().any(|r| r.table == *table)
    }
}

/// Is told, now and then, how many rows and bytes of the link's n-th table have gone by since it was told last.
pub(crate) type TableMeter<'a> = &'a (dyn Fn(usize, u64, u64) + Send + Sync);

/// Which rows a batch carries.
#[derive(Clone)]
pub(crate) enum Content<'a> {
    /// Those that changed; with what the source had consumed of the target.
    Changes {
        seen_by_source: Snapshot,
        /// Which tables the source carries over other links too.
        shared: Shared,
    },
    /// Those of the first that are there, for what refers to them.
    Present { seen_by_source: Snapshot },
    /// All of a range of keys: the first contact.
    Everything { range: Range, meter: TableMeter<'a> },
}

impl Batch<'_> {
    pub(super) fn plan(&self) -> Plan {
        if self.small { Plan::Keep } else { Plan::Fresh }
    }

    pub(super) fn local(&self) -> Local<'_> {
        match &self.content {
            Content::Changes { seen_by_source, .. } if self.quarantine.at_target => {
                Local::Held(seen_by_source)
            }
            Content::Changes { seen_by_source, .. } | Content::Present { seen_by_source } => {
                Local::Pending(seen_by_source)
            }
            Content::Everything { range, .. } => Local::All(range),
        }
    }

    pub(super) fn direction(&self, target: &Peer) -> Direction<'_> {
        Direction {
            link: &self.spec.name,
            here: self.spec.node(self.source.other()),
            here_id: target.id(),
            there: self.spec.node(self.source),
        }
    }

    pub(super) fn copy_out(&self, source: &Peer, position: usize) -> Sql {
        let table = &self.tables[position].sides[self.source.index()];
        let reader = self.reader(source);
        let wire = self.wire(position);
        match &self.content {
            Content::Changes { shared, .. } => {
                batch::copy_pending(reader, table, shared.shipped(table), &self.from, wire)
            }
            Content::Present { .. } => batch::copy_present(reader, table, Shipped::Others, &self.from, wire),
            Content::Everything { range, .. } => batch::copy_all(reader, table, range, wire),
        }
    }

    pub(super) fn winner(&self, position: usize) -> Winner {
        let unversioned = self.target_side(position).version.is_none();
        let exception = self.without_versions.filter(|_| unversioned).or(self.winner);
        exception.unwrap_or_else(|| self.tables[position].conflict.seen_from(self.source))
    }

    pub(super) fn reader(&self, source: &Peer) -> Source<'_> {
        Source {
            link: &self.spec.name,
            node_id: source.id(),
            parked: self.parked_at_source,
            holds_back: self.quarantine.at_source,
        }
    }

    /// The same batch, of which only a part is written.
    pub(super) fn part(&self, touched: Vec<usize>, part: Part) -> Self {
        Self {
            touched,
            content: self.content.clone(),
            small: false,
            from: self.from.clone(),
            to: self.to.clone(),
            quarantine: Quarantine {
                retried: Vec::new(),
                ..self.quarantine
            },
            part: Some(part),
            placed: 0,
            truncated: self.truncated.clone(),
            carried_on: self.carried_on.clone(),
            ..*self
        }
    }

    /// What the source had seen of the target, where it had seen anything.
    pub(super) fn seen_by_source(&self) -> Option<&Snapshot> {
        match &self.content {
            Content::Changes { seen_by_source, .. } | Content::Present { seen_by_source } => {
                Some(seen_by_source)
            }
            Content::Everything { .. } => None,
        }
    }

    pub(super) fn wire(&self, position: usize) -> Wire {
        let sides = &self.tables[position].sides;
        Wire::between(&sides[0], &sides[1])
    }

    pub(super) fn meter(&self, position: usize) -> impl Fn(u64, u64) + Send + Sync {
        move |rows, bytes| {
            if let Content::Everything { meter, .. } = &self.content {
                meter(position, rows, bytes);
            }
        }
    }

    pub(crate) fn target_side(&self, position: usize) -> &TableSide {
        &self.tables[position].sides[self.source.other().index()]
    }

    /// The name of the link, where other links carry on what it brings for the n-th table.
    pub(super) fn forwarded_from(&self, position: usize) -> Option<&str> {
        let table = &self.target_side(position).name;
        self.carried_on.contains(table).then_some(&*self.spec.name)
    }

    pub(super) fn carries_on(&self) -> bool {
        self.touched.iter().any(|i| self.forwarded_from(*i).is_some())
    }

    /// Foreign keys at the target that reference the n-th table from a table of the link; in replica mode from any table,
    /// because then nobody else looks.
    pub(super) fn references_to(&self, position: usize) -> Vec<Reference<'_>> {
        let side = self.source.other().index();
        let parent = &self.target_side(position).name;
        let linked = |key: &ForeignKey| self.tables.iter().any(|t| t.sides[side].name == key.child_name());
        self.tables[position].shapes[side]
            .foreign_keys
            .iter()
            .filter(|key| {
                key.parent_name() == *parent && (self.spec.apply == ApplyAs::Replica || linked(key))
            })
            .map(|key| Reference {
                key,
                child: self.stage_of(&key.child_name()),
            })
            .collect()
    }

    /// A table that this batch changes, and its stage.
    pub(super) fn stage_of(&self, name: &QualifiedName) -> Option<(&TableSide, Stage)> {
        let position = *self
            .touched
            .iter()
            .find(|i| self.target_side(**i).name == *name)?;
        Some((self.target_side(position), Stage::new(position)))
    }

    pub(super) fn references_itself(&self, position: usize) -> bool {
        let name = &self.target_side(position).name;
        self.references_from(position)
            .any(|key| key.parent_name() == *name)
    }

    pub(super) fn references_from(&self, position: usize) -> impl Iterator<Item = &ForeignKey> {
        let child = &self.target_side(position).name;
        let shape = &self.tables[position].shapes[self.source.other().index()];
        shape
            .foreign_keys
            .iter()
            .filter(move |key| key.child_name() == *child)
    }
}
