//! The first half of a direction: what is pending, read in one snapshot, and the fence.

use std::collections::BTreeMap;

use ponte_sync::decide::{Change, Reader};
use ponte_sync::link::Side;
use ponte_sync::machine::{Changes, Observation, Pending, Refused, Standing};
use ponte_sync::snapshot::Snapshot;

use super::{Batch, Outcome, Process, Staged};
use crate::ledger::Key;
use crate::model::Model;
use crate::mutation::Mutation;
use crate::node::{LinkId, Progress, TABLES};
use crate::store::{Held, Xid};

/// The transaction of somebody who has none.
const NOBODY: Xid = 0;

impl Process {
    pub(super) fn read_standings(&mut self, model: &mut Model) -> Option<Observation> {
        // One session after the other: what the second says may be newer.
        let side = Side::BOTH[self.moment];
        let progress = self.progress(model, side);
        model.remember(self.link, side.other(), progress);
        if side != self.machine.source() {
            self.batch = Batch::empty();
            self.batch.from = self.progress(model, side);
        }
        (self.moment == 1).then_some(Observation::Standings(Standing::Ready))
    }

    fn progress(&self, model: &Model, side: Side) -> Progress {
        let node = &model.nodes[model.end(self.link, side)];
        let latest = node.progress[&self.link].latest(&node.all, None);
        latest.map_or_else(|| self.batch.from.clone(), |(_, progress)| progress.clone())
    }

    pub(super) fn count_pending(&self, model: &Model) -> Observation {
        let source = &model.nodes[self.source(model)];
        let now = source.all.snapshot();
        let consumed = &self.batch.from.consumed;
        let outgoing = source.outgoing[&self.link].latest(&source.all, None);
        Observation::Pending(Pending {
            changes: if now.went_back_from(consumed) {
                Changes::WentBack
            } else if self.pending(model, &now).is_empty() {
                Changes::None
            } else {
                Changes::Some
            },
            acknowledged: outgoing.is_some_and(|(_, acknowledged)| acknowledged == consumed),
            refused: match self.waiting(model).is_empty() {
                true => Refused::None,
                false if model.retry => Refused::Due,
                false => Refused::Waiting,
            },
        })
    }

    /// What the target has refused.
    fn waiting(&self, model: &Model) -> Vec<Key> {
        model.nodes[self.target(model)].waiting(self.link)
    }

    pub(super) fn look_into_quarantine(&self, model: &Model) -> Observation {
        Observation::Retried(self.waiting(model).len() as u64)
    }

    /// What the source has to ship in a snapshot.
    fn pending(&self, model: &Model, snapshot: &Snapshot) -> BTreeMap<Key, Change> {
        let number = self.source(model);
        let source = &model.nodes[number];
        let everything = Snapshot::new(1, &[]);
        let by_sequence = model.without(Mutation::BySequence);
        let reader = Reader {
            link: &self.link,
            here: source.id,
            consumed: if by_sequence {
                &everything
            } else {
                &self.batch.from.consumed
            },
            own: None,
            echo: model.echoes(number),
        };
        let after = self.batch.from.sequence;
        let notes = || {
            let shown = source.notes_in(snapshot, None);
            shown.filter(|note| !by_sequence || note.seq > after)
        };
        let mut pending = reader.pending(notes());
        if !model.without(Mutation::NoHold) {
            pending.retain(|key, _| !source.waits_in(snapshot, self.link, *key));
        }
        if model.without(Mutation::NoConfirm) {
            // Whoever does not ship back lets the note of what it took over stand for the change that lost.
            let last: BTreeMap<Key, Option<LinkId>> = notes().map(|note| (note.key, note.via)).collect();
            pending.retain(|key, _| last[key] != Some(self.link));
        }
        pending
    }

    pub(super) fn begin_reading(&mut self, model: &Model) -> Observation {
        let (number, target) = (self.source(model), self.target(model));
        let source = &model.nodes[number];
        let snapshot = source.all.snapshot();
        let consumed = source.progress[&self.link].visible(&source.all, &snapshot, None);
        if let Some((_, progress)) = consumed {
            self.batch.seen_by_source = progress.consumed.clone();
        }
        let last = source.notes_in(&snapshot, None).map(|note| note.seq).max();
        // Writes of one-sided histories begin at the first node, and links lead away from it.
        if model.flavour.one_sided && !model.flavour.constraints && number < target {
            self.batch.expected = Some(source.state_in(&snapshot));
        }
        self.batch.to = Progress {
            consumed: snapshot,
            sequence: last.unwrap_or(0),
        };
        Observation::Reading { parked: false }
    }

    /// Whether a batch is being applied at the source, or has been since the snapshot was taken: it had compared rows already and
    /// not yet said so.
    pub(super) fn overlaps(&self, model: &Model) -> bool {
        let source = &model.nodes[self.source(model)];
        let progress = &source.progress[&self.link];
        let now = progress.latest(&source.all, None);
        let moved = now.is_some_and(|(_, now)| now.consumed != self.batch.seen_by_source);
        // A light batch has asked the second question as it was read.
        !model.without(Mutation::NoTurns) && (moved || !self.light && self.is_applied_to(model))
    }

    /// Whether a batch is being applied at the source.
    pub(super) fn is_applied_to(&self, model: &Model) -> bool {
        let source = &model.nodes[self.source(model)];
        source.progress[&self.link].free_for(&source.all, NOBODY).is_err()
    }

    pub(super) fn take_fence(&mut self, model: &mut Model) -> Outcome {
        let (fenced, apart) = (
            !model.without(Mutation::NoFence),
            model.without(Mutation::ProgressApart),
        );
        let number = self.target(model);
        let target = &mut model.nodes[number];
        let xid = *self.batch.xid.get_or_insert_with(|| target.all.begin());
        let cell = target.progress.entry(self.link).or_default();
        cell.free_for(&target.all, xid)?;
        let expected = cell
            .latest(&target.all, None)
            .is_some_and(|(_, now)| *now == self.batch.from);
        if fenced && !expected {
            return Ok(Some(Observation::Fence { taken: false }));
        }
        cell.write(xid, self.batch.to.clone());
        target.all.wrote(xid);
        if apart {
            target.all.commit(xid, true);
            self.batch.xid = Some(target.all.begin());
        }
        self.batch.early = target.all.snapshot();
        Ok(Some(Observation::Fence { taken: true }))
    }

    /// A table at a time; last, the clock is pushed.
    pub(super) fn fill_stage(&mut self, model: &mut Model) -> Outcome {
        if self.moment < TABLES {
            self.copy_table(model, self.moment);
            return Ok(None);
        }
        self.push_target(model)?;
        self.batch.arrived = self.batch.stage.iter().map(|staged| staged.key).collect();
        Ok(Some(Observation::Staged {
            rows: self.batch.stage.len() as u64,
            sweepable: true,
        }))
    }

    pub(super) fn copy_table(&mut self, model: &Model, table: usize) {
        let source = &model.nodes[self.source(model)];
        let snapshot = &self.batch.to.consumed;
        let pending = self.pending(model, snapshot);
        let of_table = pending.iter().filter(|(key, _)| key.table == table);
        let mut staged: Vec<Staged> = of_table
            .filter_map(|(key, change)| {
                Some(Staged {
                    key: *key,
                    row: source.row_in(*key, snapshot, None)?.1,
                    version: change.version,
                    inserted: change.inserted,
                })
            })
            .collect();
        let waiting = self.waiting(model);
        let again = waiting
            .iter()
            .filter(|key| key.table == table && !pending.contains_key(key));
        staged.extend(again.filter_map(|key| self.refused_before(model, *key)));
        self.batch.stage.extend(staged);
    }

    /// A row that the target refused, as the source has it now.
    fn refused_before(&self, model: &Model, key: Key) -> Option<Staged> {
        let (source, target) = (&model.nodes[self.source(model)], &model.nodes[self.target(model)]);
        let snapshot = &self.batch.to.consumed;
        let refused = target
            .quarantine
            .get(&(self.link, key))?
            .latest(&target.all, None)?
            .1
            .version;
        let notes = source.notes_in(snapshot, None).filter(|note| note.key == key);
        let last = notes
            .max_by_key(|note| note.seq)
            .map(|note| note.version(source.id));
        Some(Staged {
            key,
            row: source.row_in(key, snapshot, None)?.1,
            version: last.unwrap_or(refused),
            inserted: false,
        })
    }

    /// What is changed at the target from now on is newer than what arrived.
    pub(super) fn push_target(&mut self, model: &mut Model) -> Result<(), Held> {
        let newest = self.batch.stage.iter().map(|staged| staged.version.at).max();
        let (Some(xid), Some(newest)) = (self.batch.xid, newest) else {
            return Ok(());
        };
        if model.flavour.app_versions {
            return Ok(());
        }
        let (number, time) = (self.target(model), model.time);
        model.nodes[number].push_clock(xid, time, newest)
    }

    pub(super) fn remind(&mut self, model: &mut Model) -> Outcome {
        let arrived = self.batch.from.consumed.clone();
        self.tell_source(model, arrived)
    }

    pub(super) fn acknowledge(&mut self, model: &mut Model) -> Outcome {
        let arrived = self.batch.to.consumed.clone();
        self.batch.xid = None;
        self.tell_source(model, arrived)
    }

    pub(super) fn tell_source(&self, model: &mut Model, arrived: Snapshot) -> Outcome {
        let number = self.source(model);
        let source = &mut model.nodes[number];
        let xid = source.all.begin();
        let cell = source.outgoing.entry(self.link).or_default();
        if cell.free_for(&source.all, xid).is_ok() {
            cell.write(xid, arrived);
        }
        source.all.commit(xid, false);
        Ok(Some(Observation::Carried))
    }
}
