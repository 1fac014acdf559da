//! The order of the steps: what is needed before what needs it, and nothing dropped that something still needs.
//!
//! The edges are the server's own, of both sides: those of the first say what has to go before something can be dropped, those of the second
//! what has to be there before something can be made.

use std::collections::{BTreeMap, BTreeSet};

use super::between::Between;
use super::change::{Change, Changes};
use super::kinds::{self, types};
use super::step::{Placement, Step, Steps};
use crate::model::{Kind, ObjectId};

/// Something to do about an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    /// Free a column of its default.
    Release(ObjectId),
    /// Drop it.
    Drop(ObjectId),
    /// Change it.
    Alter(ObjectId),
    /// Make it.
    Create(ObjectId),
    /// Give a view that was made hollow its definition.
    Fill(ObjectId),
    /// Drop what made way for a type that was made anew.
    Leave(ObjectId),
}

impl Act {
    fn object(&self) -> &ObjectId {
        match self {
            Self::Release(id)
            | Self::Drop(id)
            | Self::Alter(id)
            | Self::Create(id)
            | Self::Fill(id)
            | Self::Leave(id) => id,
        }
    }
}

/// Why there is no order yet, and what is to be done otherwise.
pub(super) enum Again {
    /// The defaults of these tables have to wait for what needs the tables.
    LateDefaults(BTreeSet<ObjectId>),
    /// These would be built between the end and the return of something in use: they are built under a lock.
    AtOnce(BTreeSet<ObjectId>),
    /// These views need what needs them: they are made hollow and filled.
    Hollow(BTreeSet<ObjectId>),
}

/// The steps in order, or what has to be done otherwise, because without that there is no order.
pub(super) fn ordered(between: &Between<'_>, changes: &Changes) -> Result<Vec<Step>, Again> {
    let mut graph = Graph::new(between, changes);
    let builds = graph.keep_together();
    if !builds.is_empty() {
        return Err(Again::AtOnce(builds));
    }
    let acts = graph.sorted()?;
    let mut steps = Vec::new();
    let mut late = Vec::new();
    let mut work = graph.work;
    for act in acts {
        let done = work.remove(&act).unwrap_or_default();
        steps.extend(done.now);
        late.extend(done.late);
    }
    late.sort_by_key(|step: &Step| step.placement);
    steps.extend(late);
    Ok(steps)
}

struct Graph<'a> {
    between: &'a Between<'a>,
    changes: &'a Changes,
    work: BTreeMap<Act, Steps>,
    /// Acts, and those that come before them.
    before: BTreeMap<Act, BTreeSet<Act>>,
}

impl<'a> Graph<'a> {
    fn new(between: &'a Between<'a>, changes: &'a Changes) -> Self {
        let mut graph = Self {
            between,
            changes,
            work: BTreeMap::new(),
            before: BTreeMap::new(),
        };
        for (id, change) in changes {
            match change {
                Change::Create => graph.add(Act::Create(id.clone())),
                Change::Drop => graph.add(Act::Drop(id.clone())),
                Change::Alter => graph.add(Act::Alter(id.clone())),
                Change::Replace => {
                    graph.add(Act::Drop(id.clone()));
                    graph.add(Act::Create(id.clone()));
                }
            }
        }
        for column in &between.reset {
            graph.add(Act::Release(column.clone()));
        }
        for (id, change) in changes {
            graph.add_in_parts(id, *change);
        }
        for table in &between.late_defaults {
            let goes = graph.goes(table);
            let columns = between.from.parts(table, Kind::Column).into_iter();
            for column in columns.filter(|column| goes && between.from.fact(column, "default").is_some()) {
                let release = Act::Release(column.clone());
                graph.add(release.clone());
                graph.edge(release, Act::Drop(table.clone()));
            }
        }
        graph.edges_of_sequences();
        graph.edges_of_first();
        graph.edges_of_second();
        graph.edges_of_names();
        graph.edges_of_partitions();
        graph.edges_of_logging();
        graph
    }

    /// What is done to some objects beside their change: a table leaves its parent before, a type drops its old self after, a view in a ring
    /// is emptied before and filled after.
    fn add_in_parts(&mut self, id: &ObjectId, change: Change) {
        let between = self.between;
        if change == Change::Alter && kinds::leaves_parent(between, id) {
            self.add(Act::Release(id.clone()));
            self.edge(Act::Release(id.clone()), Act::Alter(id.clone()));
        }
        if change == Change::Alter && types::is_made_anew(between, id) {
            self.add(Act::Leave(id.clone()));
            self.edge(Act::Alter(id.clone()), Act::Leave(id.clone()));
        }
        if between.hollow.contains(id) && matches!(change, Change::Drop | Change::Replace) {
            self.add(Act::Release(id.clone()));
            self.edge(Act::Release(id.clone()), Act::Drop(id.clone()));
        }
        if between.hollow.contains(id) && matches!(change, Change::Create | Change::Replace) {
            self.add(Act::Fill(id.clone()));
            self.edge(Act::Create(id.clone()), Act::Fill(id.clone()));
        }
    }

    fn add(&mut self, act: Act) {
        let between = self.between;
        let steps = match &act {
            Act::Release(id) => kinds::release(between, id),
            Act::Drop(id) if self.vanishes_with(id).is_some() => return,
            Act::Drop(id) => kinds::drop(between, id),
            Act::Create(id) if id.kind == Kind::Column && comes_with_whole(between, id) => return,
            Act::Create(id) => kinds::create(between, id),
            Act::Alter(id) if id.kind == Kind::Column && comes_with_whole(between, id) => return,
            Act::Alter(id) => kinds::alter(between, id).unwrap_or_default(),
            Act::Fill(id) => kinds::fill(between, id),
            Act::Leave(id) => kinds::leave(between, id),
        };
        self.before.entry(act.clone()).or_default();
        self.work.insert(act, steps);
    }

    fn goes(&self, id: &ObjectId) -> bool {
        matches!(self.changes.get(id), Some(Change::Drop | Change::Replace))
    }

    /// What takes the object along when it is dropped.
    fn vanishes_with(&self, id: &ObjectId) -> Option<ObjectId> {
        if let Some(column) = self.between.from.owned.get(id) {
            let table = self.between.from.whole(column);
            return [Some(column.clone()), table]
                .into_iter()
                .flatten()
                .find(|owner| self.goes(owner));
        }
        if id.kind == Kind::Table && self.between.from.fact(id, "partition of").is_some() {
            let stays = self.changes.get(id) == Some(&Change::Alter);
            let mut needs = self.between.from.needs_of(id);
            let parent = needs.find(|need| need.kind == Kind::Table && self.goes(need));
            return parent.filter(|_| !stays).cloned();
        }
        let whole = self.between.from.whole(id).filter(|whole| self.goes(whole))?;
        (!self.is_knotted(id, &whole)).then_some(whole)
    }

    /// Whether the object is a foreign key to a table that goes too and needs this one itself.
    fn is_knotted(&self, id: &ObjectId, table: &ObjectId) -> bool {
        if id.kind != Kind::Constraint {
            return false;
        }
        let from = self.between.from;
        let mut seen = BTreeSet::new();
        let targets = |id: &ObjectId| -> Vec<ObjectId> {
            let needs = from
                .needs_of(id)
                .map(|need| from.whole(need).unwrap_or_else(|| need.clone()));
            needs.filter(|need| need.kind == Kind::Table).collect()
        };
        let mut todo: Vec<ObjectId> = targets(id).into_iter().filter(|other| other != table).collect();
        while let Some(next) = todo.pop() {
            if next == *table {
                return true;
            }
            if self.goes(&next) && seen.insert(next.clone()) {
                todo.extend(from.parts(&next, Kind::Constraint).into_iter().flat_map(targets));
            }
        }
        false
    }

    fn drop_of(&self, id: &ObjectId) -> Option<Act> {
        let act = Act::Drop(id.clone());
        if self.work.contains_key(&act) {
            return Some(act);
        }
        self.drop_of(&self.vanishes_with(id)?)
    }

    /// The act that makes the object, or the change that makes it what others need.
    fn made_by(&self, id: &ObjectId) -> Vec<Act> {
        let mut acts: Vec<Act> = [Act::Create(id.clone()), Act::Alter(id.clone())]
            .into_iter()
            .filter(|act| self.work.contains_key(act))
            .collect();
        if let Some(whole) = self.between.to.whole(id) {
            let whole = Act::Create(whole);
            acts.extend(self.work.contains_key(&whole).then_some(whole));
        }
        if self.between.to.is_identity(id)
            && let Some(column) = self.between.to.owned.get(id)
        {
            acts.extend(self.made_by(column));
        }
        acts
    }

    fn edge(&mut self, first: Act, second: Act) {
        if first != second {
            self.before.entry(second).or_default().insert(first);
        }
    }

    fn edges_of_first(&mut self) {
        let from = self.between.from;
        let parts = from
            .model
            .objects
            .keys()
            .filter_map(|id| Some((id, from.whole(id)?)));
        let needs = from
            .needs
            .iter()
            .flat_map(|(id, needs)| needs.iter().map(move |need| (id, need.clone())));
        for (dependent, need) in needs.chain(parts) {
            let drop_of_dependent = self.drop_of(dependent);
            let alter = Act::Alter(dependent.clone());
            let alter = self.work.contains_key(&alter).then_some(alter);
            let release = Act::Release(dependent.clone());
            let release = self.work.contains_key(&release).then_some(release);
            if let Some(drop) = self.drop_of(&need) {
                let frees = match dependent.kind {
                    Kind::Table => true,
                    Kind::View => !is_for_columns(&need),
                    _ => is_for_defaults(&need),
                };
                let release = release.filter(|_| frees);
                let first = release.or(drop_of_dependent.clone()).or(alter.clone());
                if let Some(first) = first {
                    self.edge(first, drop);
                }
            }
            let leave = Act::Leave(need.clone());
            if self.work.contains_key(&leave) {
                let uses = [Act::Alter(dependent.clone()), Act::Leave(dependent.clone())];
                for first in uses.into_iter().filter(|_| types::is_remade(dependent)) {
                    if self.work.contains_key(&first) {
                        self.edge(first, leave.clone());
                    }
                }
            }
            let change = Act::Alter(need.clone());
            let leaves = Act::Release(need.clone());
            let is_latent = from.latent.contains_key(dependent) && self.work.contains_key(&leaves);
            if is_latent && let Some(drop) = &drop_of_dependent {
                self.edge(leaves, drop.clone());
            }
            if self.work.contains_key(&change) && !kinds::only_grows(self.between, &need) {
                if let Some(drop) = drop_of_dependent {
                    self.edge(drop, change);
                } else if let Some(alter) = alter
                    && kinds::disturbs(self.between, &need)
                    && !self.between.to.needs_of(dependent).any(|other| *other == need)
                {
                    self.edge(alter, change);
                }
            }
        }
    }

    fn edges_of_second(&mut self) {
        let to = self.between.to;
        let parts = to.model.objects.keys().filter_map(|id| Some((id, to.whole(id)?)));
        let needs = to
            .needs
            .iter()
            .flat_map(|(id, needs)| needs.iter().map(move |need| (id, need.clone())));
        for (dependent, need) in needs.chain(parts) {
            let same_table = to
                .whole(dependent)
                .is_some_and(|whole| to.whole(&need).as_ref() == Some(&whole));
            let hollow = self.between.hollow.contains(dependent) && !is_for_columns(&need);
            let fill = Act::Fill(dependent.clone());
            let seconds = if hollow && self.work.contains_key(&fill) {
                vec![fill]
            } else {
                self.made_by(dependent)
            };
            for first in self.made_by(&need) {
                for second in seconds.clone() {
                    let is_inner = same_table && first.object().kind == Kind::Table && first == second;
                    let waits = is_for_defaults(&need) && self.is_default_that_waits(dependent, &second);
                    if !is_inner && !waits {
                        self.edge(first.clone(), second);
                    }
                }
            }
        }
    }

    /// A sequence behind an identity column comes and goes with the identity.
    fn edges_of_sequences(&mut self) {
        for (sequence, column) in &self.between.from.owned {
            let release = Act::Release(column.clone());
            if self.work.contains_key(&release) {
                self.edge(release.clone(), Act::Drop(sequence.clone()));
                self.edge(release, Act::Create(sequence.clone()));
            }
            let lets_go = Act::Alter(sequence.clone());
            if let Some(drop) = self.drop_of(column)
                && self.work.contains_key(&lets_go)
            {
                self.edge(lets_go, drop);
            }
        }
        for (sequence, column) in &self.between.to.owned {
            let drop = Act::Drop(sequence.clone());
            if self.work.contains_key(&drop) && self.between.to.is_identity(sequence) {
                self.edge(drop, Act::Alter(column.clone()));
            }
        }
    }

    /// Whether the edge comes from a column whose table is made without the default that needs it.
    fn is_default_that_waits(&self, dependent: &ObjectId, second: &Act) -> bool {
        dependent.kind == Kind::Column
            && self.between.late_defaults.contains(second.object())
            && self.between.to.fact(dependent, "default").is_some()
    }

    /// A name is free only when its holder is gone; default privileges change when everything is made that they would have marked.
    fn edges_of_names(&mut self) {
        let key = |id: &ObjectId| (id.schema.clone(), id.name.clone());
        let mut holders: BTreeMap<_, Vec<Act>> = BTreeMap::new();
        for act in self.work.keys().filter(|act| matches!(act, Act::Drop(_))) {
            holders.entry(key(act.object())).or_default().push(act.clone());
        }
        let creates: Vec<Act> = self
            .work
            .keys()
            .filter(|act| matches!(act, Act::Create(_)))
            .cloned()
            .collect();
        let defaults: Vec<Act> = self
            .work
            .keys()
            .filter(|act| act.object().kind == Kind::DefaultPrivileges)
            .cloned()
            .collect();
        for create in creates {
            let id = create.object().clone();
            for holder in holders.get(&key(&id)).cloned().unwrap_or_default() {
                if holder.object() == &id || share_names(holder.object(), &id) {
                    self.edge(holder, create.clone());
                }
            }
            for default in defaults.iter().filter(|_| id.kind != Kind::DefaultPrivileges) {
                self.edge(create.clone(), default.clone());
            }
        }
    }

    /// The place of a partition is free when the one that has it is gone or has left.
    fn edges_of_partitions(&mut self) {
        let mut leaving: BTreeMap<String, BTreeSet<Act>> = BTreeMap::new();
        let mut arriving: Vec<(String, Act)> = Vec::new();
        for id in self.changes.keys().filter(|id| id.kind == Kind::Table) {
            let release = Act::Release(id.clone());
            let release = self.work.contains_key(&release).then_some(release);
            let gone = release.or_else(|| self.drop_of(id));
            if let (Some(parent), Some(act)) = (self.between.from.fact(id, "partition of"), gone) {
                leaving.entry(parent.to_owned()).or_default().insert(act);
            }
            let comes = [Act::Create(id.clone()), Act::Alter(id.clone())].into_iter();
            let comes = comes.filter(|act| self.work.contains_key(act));
            if let Some(parent) = self.between.to.fact(id, "partition of") {
                arriving.extend(comes.map(|act| (parent.to_owned(), act)));
            }
        }
        for (parent, act) in arriving {
            for gone in leaving.get(&parent).cloned().unwrap_or_default() {
                self.edge(gone, act.clone());
            }
        }
    }

    /// A logged table must not refer to an unlogged one, in between either.
    fn edges_of_logging(&mut self) {
        let (from, to) = (self.between.from, self.between.to);
        let is_unlogged = |table: &ObjectId| to.fact(table, "persistence").is_some();
        let changes = |table: &ObjectId| from.fact(table, "persistence").is_some() != is_unlogged(table);
        for (id, needs) in to.needs.iter().filter(|(id, _)| id.kind == Kind::Constraint) {
            let Some(child) = to.whole(id).filter(|table| changes(table)) else {
                continue;
            };
            let parents = needs.iter().filter_map(|need| to.whole(need));
            for parent in parents.filter(|parent| *parent != child && changes(parent)) {
                let (child, parent) = (Act::Alter(child.clone()), Act::Alter(parent));
                if !self.work.contains_key(&child) || !self.work.contains_key(&parent) {
                    continue;
                }
                if is_unlogged(child.object()) {
                    self.edge(child, parent);
                } else {
                    self.edge(parent, child);
                }
            }
        }
    }

    /// What others look through or are held back by must not be gone between two transactions. What has to be committed before it returns
    /// comes before it goes, or, where it has to go for that, is named: it cannot be done beside the traffic.
    fn keep_together(&mut self) -> BTreeSet<ObjectId> {
        let replaced: Vec<ObjectId> = self
            .changes
            .iter()
            .filter(|(id, change)| **change == Change::Replace && is_seen(id.kind))
            .map(|(id, _)| id.clone())
            .collect();
        let mut at_once = BTreeSet::new();
        for id in replaced {
            let drop = Act::Drop(id.clone());
            if !self.work.contains_key(&drop) {
                continue;
            }
            for act in self.all_before(&Act::Create(id)) {
                let steps = self.work.get(&act).into_iter().flat_map(|steps| &steps.now);
                if !steps
                    .into_iter()
                    .any(|step| step.placement != Placement::Together)
                {
                    continue;
                }
                if self.all_before(&act).contains(&drop) {
                    at_once.insert(act.object().clone());
                } else {
                    self.edge(act, drop.clone());
                }
            }
        }
        at_once.retain(|id| !self.between.at_once.contains(id));
        at_once
    }

    /// Everything that comes before an act.
    fn all_before(&self, act: &Act) -> BTreeSet<Act> {
        let mut found = BTreeSet::new();
        let mut todo = vec![act.clone()];
        while let Some(next) = todo.pop() {
            for first in self.before.get(&next).into_iter().flatten() {
                if found.insert(first.clone()) {
                    todo.push(first.clone());
                }
            }
        }
        found
    }

    /// Topological, the cheapest act that is free first. Where nothing is free, defaults of new tables are asked to wait; where that does not
    /// help, the first act goes ahead, and the proof shows whether the server agrees.
    fn sorted(&self) -> Result<Vec<Act>, Again> {
        let mut waiting: BTreeMap<&Act, usize> = BTreeMap::new();
        let mut after: BTreeMap<&Act, Vec<&Act>> = BTreeMap::new();
        for (act, before) in &self.before {
            let before: Vec<&Act> = before
                .iter()
                .filter(|first| self.work.contains_key(first))
                .collect();
            waiting.insert(act, before.len());
            for first in before {
                after.entry(first).or_default().push(act);
            }
        }
        let mut free: BTreeSet<(Rank, &Act)> = waiting
            .iter()
            .filter(|(_, count)| **count == 0)
            .map(|(act, _)| (self.rank(act), *act))
            .collect();
        let mut sorted = Vec::new();
        while !waiting.is_empty() {
            let next = match free.pop_first() {
                Some((_, act)) => act,
                None => self.break_cycle(&waiting)?,
            };
            if waiting.remove(next).is_none() {
                continue;
            }
            sorted.push(next.clone());
            for act in after.get(next).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(act) {
                    *count -= 1;
                    if *count == 0 {
                        free.insert((self.rank(act), act));
                    }
                }
            }
        }
        Ok(sorted)
    }

    fn break_cycle<'g>(&self, waiting: &BTreeMap<&'g Act, usize>) -> Result<&'g Act, Again> {
        let in_ring = |act: &&&Act| self.all_before(act).contains(**act);
        let views = waiting.keys().filter(|act| match act {
            Act::Create(id) | Act::Drop(id) => id.kind == Kind::View && !self.between.hollow.contains(id),
            _ => false,
        });
        let views: BTreeSet<ObjectId> = views.filter(in_ring).map(|act| act.object().clone()).collect();
        if !views.is_empty() {
            return Err(Again::Hollow(views));
        }
        let tables = waiting.keys().filter_map(|act| match act {
            Act::Create(id) | Act::Drop(id)
                if id.kind == Kind::Table && !self.between.late_defaults.contains(id) =>
            {
                Some(id.clone())
            }
            _ => None,
        });
        let tables: BTreeSet<ObjectId> = tables.collect();
        if !tables.is_empty() {
            return Err(Again::LateDefaults(tables));
        }
        let first = waiting.keys().min_by_key(|act| self.rank(act));
        first.copied().ok_or_else(|| Again::AtOnce(BTreeSet::new()))
    }

    fn rank(&self, act: &Act) -> Rank {
        let id = act.object();
        let placement = self
            .work
            .get(act)
            .into_iter()
            .flat_map(|steps| &steps.now)
            .map(|step| step.placement)
            .max();
        let kind =
            i32::try_from(Kind::ALL.iter().position(|kind| *kind == id.kind).unwrap_or(0)).unwrap_or(0);
        let position = self
            .between
            .to
            .detail(id, "position")
            .and_then(|p| p.parse().ok())
            .unwrap_or(0);
        match act {
            Act::Release(_) => (placement, 0, kind, position),
            Act::Drop(_) => (placement, 1, -kind, position),
            Act::Alter(id) if kinds::only_grows(self.between, id) => (placement, 0, kind, position),
            Act::Alter(_) | Act::Create(_) => (placement, 2, kind, position),
            Act::Fill(_) | Act::Leave(_) => (placement, 3, kind, position),
        }
    }
}

type Rank = (Option<Placement>, u8, i32, i32);

/// Whether the column is there as soon as its table or view is.
fn comes_with_whole(between: &Between<'_>, id: &ObjectId) -> bool {
    between.to.whole(id).is_some_and(|whole| between.is_fresh(&whole))
}

/// Whether a column can only need this for its default, and not for its type.
fn is_for_defaults(need: &ObjectId) -> bool {
    matches!(
        need.kind,
        Kind::Function | Kind::Aggregate | Kind::Operator | Kind::Cast | Kind::Sequence
    )
}

/// Whether a view can need this for its columns, and not only for what it reads.
fn is_for_columns(need: &ObjectId) -> bool {
    types::is_type(need) || matches!(need.kind, Kind::Schema | Kind::Extension | Kind::Collation)
}

/// Whether work in other sessions goes wrong while an object of this kind is gone.
fn is_seen(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::View
            | Kind::MaterializedView
            | Kind::Function
            | Kind::Aggregate
            | Kind::Trigger
            | Kind::Policy
            | Kind::Rule
    )
}

/// Whether two objects of one schema cannot have one name.
fn share_names(a: &ObjectId, b: &ObjectId) -> bool {
    let class = |kind: Kind| match kind {
        Kind::Table
        | Kind::View
        | Kind::MaterializedView
        | Kind::Sequence
        | Kind::Index
        | Kind::Constraint => 1,
        Kind::Enum | Kind::Domain | Kind::CompositeType | Kind::RangeType => 1,
        Kind::Function | Kind::Aggregate => 2,
        _ => 0,
    };
    class(a.kind) != 0 && class(a.kind) == class(b.kind)
}
