//! The second half of a direction: what the statements of `ponte_sync::apply` do to rows, row by row.

use std::collections::BTreeMap;

use ponte_sync::decide::{self, Change, Note, Reader, Version};
use ponte_sync::machine::Observation;
use ponte_sync::machine::batch::{Seen, Step};

use super::{Orphan, Outcome, Planned, Process, Staged};
use crate::check::{Invariant, Violation};
use crate::ledger::Key;
use crate::model::Model;
use crate::mutation::Mutation;
use crate::node::{CHILDREN, LinkId, Node, PARENTS, Refused, Route, Row};
use crate::store::{Held, Xid};

fn seen(what: Seen) -> Option<Observation> {
    Some(Observation::Batch(what))
}

impl Process {
    pub(super) fn apply(&mut self, model: &mut Model, step: Step, orphans: &mut Vec<Orphan>) -> Outcome {
        let Some(xid) = self.batch.xid else {
            return Ok(Some(Observation::ConnectionLost));
        };
        match step {
            Step::EndReading | Step::ForgetPlan => {
                self.batch.plan.clear();
                self.batch.written.clear();
                Ok(seen(Seen::Carried))
            }
            Step::LookForLocal => {
                self.batch.looked = model.nodes[self.target(model)].all.snapshot();
                Ok(seen(Seen::Found(self.has_local(model, xid))))
            }
            Step::Sweep => self.sweep(model, xid),
            Step::UndoSweep | Step::UndoWrite => {
                self.undo(model, xid);
                Ok(seen(Seen::Carried))
            }
            Step::Pin => {
                self.pin(model);
                Ok(seen(Seen::Rows(self.batch.plan.len() as u64)))
            }
            Step::Resolve => self.resolve(model, xid),
            Step::Write => self.write(model, xid),
            Step::LookForLate => Ok(seen(Seen::Found(self.has_late(model, xid)))),
            Step::Isolate => {
                self.isolate(model, xid);
                Ok(seen(Seen::Carried))
            }
            // There are no triggers here, no limits, and links are not made on the way; constraints are checked with each write.
            Step::LookForMassDeletes | Step::LookForRewrites => Ok(seen(Seen::Found(false))),
            Step::Check => Ok(seen(Seen::Carried)),
            Step::Record => Ok(self.record(model, xid)),
            Step::Harden => {
                self.offer_light(model)?;
                Ok(self.harden(model))
            }
            Step::LookForOverlap => Ok(seen(Seen::Found(self.overlaps(model)))),
            Step::Commit => Ok(self.commit(model, xid, orphans)),
        }
    }

    /// What the target changed and the source had not seen.
    fn local(&self, model: &Model, xid: Xid) -> BTreeMap<Key, Change> {
        let target = &model.nodes[self.target(model)];
        let statement = if model.without(Mutation::NoSecondLook) {
            self.batch.early.clone()
        } else {
            target.all.snapshot()
        };
        let reader = Reader {
            link: &self.link,
            here: target.id,
            consumed: &self.batch.seen_by_source,
            own: Some(xid),
            echo: false,
        };
        let mut local = reader.pending(target.notes_in(&statement, Some(xid)));
        if !model.without(Mutation::NoHold) {
            for key in self.tried(model) {
                let refused = target.quarantine[&(self.link, key)].latest(&target.all, None);
                let Some((_, refused)) = refused else { continue };
                let held = Reader {
                    consumed: &refused.seen,
                    ..reader
                };
                let notes = target
                    .notes_in(&statement, Some(xid))
                    .filter(|note| note.key == key);
                local.extend(held.pending(notes));
            }
        }
        local
    }

    /// Keys that wait in the target's quarantine and came with this batch.
    fn tried(&self, model: &Model) -> Vec<Key> {
        let waiting = model.nodes[self.target(model)].waiting(self.link);
        waiting
            .into_iter()
            .filter(|key| self.batch.arrived.contains(key))
            .collect()
    }

    /// Whether tables of the batch have any such change.
    fn has_local(&self, model: &Model, xid: Xid) -> bool {
        let local = self.local(model, xid);
        local.keys().any(|key| {
            self.batch
                .arrived
                .iter()
                .any(|arrived| arrived.table == key.table)
        })
    }

    /// Whether keys of the batch have any such change.
    pub(super) fn has_changed_keys(&self, model: &Model, xid: Xid) -> bool {
        let local = self.local(model, xid);
        local.keys().any(|key| self.batch.arrived.contains(key))
    }

    /// Whether somebody came and went, since that look, under the key of a row that was missing.
    fn has_late(&self, model: &Model, xid: Xid) -> bool {
        let target = &model.nodes[self.target(model)];
        let inserted = self.batch.plan.iter().filter(|p| p.seen.is_none());
        let keys: Vec<Key> = inserted.map(|planned| planned.staged.key).collect();
        let now = target.all.snapshot();
        let late = |note: &Note<Key, LinkId>| {
            note.xid != xid && !self.batch.looked.sees(note.xid) && keys.contains(&note.key)
        };
        !model.without(Mutation::NoSecondLook)
            && !model.without(Mutation::NoLateLook)
            && target.notes_in(&now, None).any(late)
    }

    /// Writes the stage as it is: for each table deletes, updates, inserts.
    pub(super) fn sweep(&mut self, model: &mut Model, xid: Xid) -> Outcome {
        let number = self.target(model);
        if self.moment == 0 {
            self.savepoint(&model.nodes[number]);
            self.batch
                .stage
                .sort_by_key(|s| (s.key.table, s.row.present, s.inserted, s.key.id));
        }
        let ordered = model.flavour.constraints;
        let Some(staged) = self.batch.stage.get(self.moment).copied() else {
            let rows = Seen::Rows(self.batch.written.len() as u64);
            return self.written(model, xid, rows);
        };
        let target = &model.nodes[number];
        if let Some(cell) = target.rows.get(&staged.key) {
            cell.free_for(&target.all, xid)?;
        }
        let there = target.live(staged.key, Some(xid)).map(|(_, row)| row);
        let writes = match (staged.row.present, staged.inserted, there) {
            (false, _, Some(_)) => !(ordered && staged.key.table == PARENTS),
            (true, true, None) => true,
            (true, false, Some(row)) => row != staged.row,
            _ => false,
        };
        if writes {
            self.put(model, xid, staged)?;
        }
        Ok(None)
    }

    /// Whether other links of the target carry on what this one brings.
    fn forwards(&self, model: &Model) -> bool {
        model.is_shared(self.target(model)) && !model.without(Mutation::NoForward)
    }

    fn savepoint(&mut self, target: &Node) {
        self.batch.written.clear();
        self.batch.note = target.last_note();
    }

    /// Writes one row, and the note for other links.
    fn put(&mut self, model: &mut Model, xid: Xid, staged: Staged) -> Result<(), Held> {
        let number = self.target(model);
        let forwards = self.forwards(model);
        let target = &mut model.nodes[number];
        if let Some(parent) = staged.row.parent.filter(|_| staged.row.present) {
            let key = Key {
                table: PARENTS,
                id: parent,
            };
            if target.live(key, Some(xid)).is_some() {
                target.keep_parent(parent, xid)?;
            }
        }
        let cell = target.rows.entry(staged.key).or_default();
        if !staged.row.present {
            cell.free_to_delete(&target.all, xid)?;
        }
        self.batch.written.push((staged.key, cell.mark(xid)));
        target.write(xid, staged.key, staged.row);
        if forwards {
            let route = Route::Via(self.link);
            target.note(xid, staged.key, staged.inserted, staged.version, route);
        }
        Ok(())
    }

    /// What the server checks at the end of the statements: values that are taken, parents that are missing, children left behind.
    fn written(&mut self, model: &Model, xid: Xid, written: Seen) -> Outcome {
        let target = &model.nodes[self.target(model)];
        let mut refused = Vec::new();
        for (key, _) in &self.batch.written {
            if !can_stand(target, *key, xid)? && !refused.contains(key) {
                refused.push(*key);
            }
        }
        self.batch.refused = refused;
        Ok(seen(if self.batch.refused.is_empty() {
            written
        } else {
            Seen::Refused
        }))
    }

    fn undo(&mut self, model: &mut Model, xid: Xid) {
        let number = self.target(model);
        let target = &mut model.nodes[number];
        for (key, mark) in self.batch.written.drain(..).rev() {
            target.rows.entry(key).or_default().undo(xid, mark);
        }
        let kept = self.batch.note;
        target.notes.retain(|note| note.xid != xid || note.seq <= kept);
    }

    fn pin(&mut self, model: &mut Model) {
        let number = self.target(model);
        let target = &model.nodes[number];
        let snapshot = target.all.snapshot();
        self.batch.plan.clear();
        self.batch.stage.sort_by_key(|staged| staged.key);
        for staged in &self.batch.stage {
            let there = target.row_in(staged.key, &snapshot, self.batch.xid);
            let there = there.filter(|(_, row)| row.present);
            let differs = match (staged.row.present, there) {
                (true, Some((_, row))) => row != staged.row,
                (present, None) => present,
                (false, Some(_)) => true,
            };
            if differs {
                let seen = there.map(|(xmin, _)| xmin);
                self.batch.plan.push(Planned {
                    staged: *staged,
                    seen,
                });
            } else {
                model.ledger.has_effect(staged.row.stamp);
            }
        }
    }

    /// Holds the rows in conflict, then decides them in a statement of its own.
    fn resolve(&mut self, model: &mut Model, xid: Xid) -> Outcome {
        let number = self.target(model);
        let local = self.local(model, xid);
        if self.moment == 0 {
            let target = &mut model.nodes[number];
            for planned in self
                .batch
                .plan
                .iter()
                .filter(|p| local.contains_key(&p.staged.key))
            {
                if target.is_at(planned, xid) && planned.seen.is_some() {
                    let cell = target.rows.entry(planned.staged.key).or_default();
                    cell.hold(&target.all, xid)?;
                }
            }
            return Ok(None);
        }
        let clashes: Vec<(Planned, Change)> = self
            .batch
            .plan
            .iter()
            .filter_map(|planned| {
                let change = local.get(&planned.staged.key)?;
                model.nodes[number]
                    .is_at(planned, xid)
                    .then_some((*planned, *change))
            })
            .collect();
        for (planned, change) in clashes {
            self.decide(model, xid, planned, change.version);
        }
        Ok(seen(Seen::Rows(self.batch.plan.len() as u64)))
    }

    fn decide(&mut self, model: &mut Model, xid: Xid, planned: Planned, here: Version) {
        let staged = planned.staged;
        let winner = model.winner(self.machine.source());
        let outcome = decide::decide(winner, staged.version, here, false);
        let tried = !model.without(Mutation::NoHold) && self.tried(model).contains(&staged.key);
        let confirm = outcome.confirm.or(tried.then_some(here));
        let (confirms, records) = (
            !model.without(Mutation::NoConfirm),
            !model.without(Mutation::NoRecord),
        );
        let number = self.target(model);
        let target = &mut model.nodes[number];
        if let Some(version) = confirm {
            let route = if confirms {
                Route::Only(self.link)
            } else {
                Route::Via(self.link)
            };
            target.note(xid, staged.key, false, version, route);
        }
        if outcome.record && records {
            let there = target.row(staged.key, Some(xid)).map(|(_, row)| row.stamp);
            target.record(
                xid,
                staged.key,
                there.into_iter().chain([staged.row.stamp]).collect(),
            );
        }
        if !outcome.incoming_wins {
            self.leaves(staged.key);
        }
    }

    fn leaves(&mut self, key: Key) {
        self.batch.stage.retain(|staged| staged.key != key);
        self.batch.plan.retain(|planned| planned.staged.key != key);
    }

    /// Deletes, children first; then the others, parents first. Only where the row still is the one that was compared.
    fn write(&mut self, model: &mut Model, xid: Xid) -> Outcome {
        let number = self.target(model);
        if self.moment == 0 {
            self.savepoint(&model.nodes[number]);
            self.batch.plan.sort_by_key(|planned| {
                let key = planned.staged.key;
                let place = if planned.staged.row.present {
                    key.table
                } else {
                    CHILDREN - key.table
                };
                (planned.staged.row.present, place, key.id)
            });
        }
        let Some(planned) = self.batch.plan.get(self.moment).copied() else {
            let written = Seen::Written {
                rows: self.batch.written.len() as u64,
                inserted: self.batch.plan.iter().any(|planned| planned.seen.is_none()),
            };
            return self.written(model, xid, written);
        };
        let target = &model.nodes[number];
        if let Some(cell) = target.rows.get(&planned.staged.key) {
            cell.free_for(&target.all, xid)?;
        }
        if target.is_at(&planned, xid) || model.without(Mutation::NoPin) {
            self.put(model, xid, planned.staged)?;
        }
        Ok(None)
    }

    /// Takes refused rows out of the stage. A delete that would leave children behind loses instead, and the row goes back.
    fn isolate(&mut self, model: &mut Model, xid: Xid) {
        self.undo(model, xid);
        let refused = std::mem::take(&mut self.batch.refused);
        let staged: Vec<Staged> = self
            .batch
            .stage
            .iter()
            .filter(|s| refused.contains(&s.key))
            .copied()
            .collect();
        for row in &staged {
            let number = self.target(model);
            model.nodes[number].undecide(xid, row.key);
            if row.row.present {
                self.set_aside(model, xid, *row);
            } else {
                self.keep(model, xid, *row);
                self.batch.arrived.insert(row.key);
            }
            self.leaves(row.key);
        }
    }

    fn set_aside(&mut self, model: &mut Model, xid: Xid, staged: Staged) {
        let number = self.target(model);
        let target = &mut model.nodes[number];
        self.batch.arrived.remove(&staged.key);
        let cell = target.quarantine.entry((self.link, staged.key)).or_default();
        let before = cell
            .latest(&target.all, Some(xid))
            .filter(|(_, refused)| refused.waits);
        let refused = Refused {
            waits: true,
            version: staged.version,
            seen: before.map_or_else(
                || self.batch.seen_by_source.clone(),
                |(_, refused)| refused.seen.clone(),
            ),
        };
        if cell
            .latest(&target.all, Some(xid))
            .is_none_or(|(_, known)| *known != refused)
        {
            cell.write(xid, refused);
            target.record(xid, staged.key, vec![staged.row.stamp]);
        }
    }

    fn keep(&mut self, model: &mut Model, xid: Xid, staged: Staged) {
        let number = self.target(model);
        let (time, noted) = (model.time, model.noted(number));
        let target = &mut model.nodes[number];
        let version = Version {
            at: target.stamp(time, xid).max(staged.version.at + 1),
            noted,
            node: target.id,
        };
        target.note(xid, staged.key, true, version, Route::All);
        target.record(xid, staged.key, vec![staged.row.stamp]);
    }

    fn harden(&self, model: &mut Model) -> Option<Observation> {
        let number = self.source(model);
        if !model.without(Mutation::NoHarden) {
            model.nodes[number].all.flush();
        }
        seen(Seen::Carried)
    }

    /// What waited in the quarantine and has arrived now waits no more.
    fn record(&mut self, model: &mut Model, xid: Xid) -> Option<Observation> {
        let number = self.target(model);
        let target = &mut model.nodes[number];
        for key in target.waiting(self.link) {
            let cell = target.quarantine.entry((self.link, key)).or_default();
            if let Some((_, refused)) = cell.latest(&target.all, None).cloned()
                && self.batch.arrived.contains(&key)
            {
                cell.write(
                    xid,
                    Refused {
                        waits: false,
                        ..refused
                    },
                );
                target.all.wrote(xid);
            }
        }
        seen(Seen::Found(false))
    }

    fn commit(&mut self, model: &mut Model, xid: Xid, orphans: &mut Vec<Orphan>) -> Option<Observation> {
        if let Some(arrives) = self.lose_answer.take() {
            orphans.push(self.orphan(model, xid, arrives));
            self.batch.xid = None;
            return Some(Observation::ConnectionLost);
        }
        commit(model, self.target(model), xid, self.batch.expected.as_ref());
        model.remember(self.link, self.machine.source(), self.batch.to.clone());
        seen(Seen::Carried)
    }
}

/// Commits at a target, and compares it with its source where it has no writes of its own.
pub(super) fn commit(model: &mut Model, number: usize, xid: Xid, expected: Option<&BTreeMap<Key, Row>>) {
    let target = &mut model.nodes[number];
    target.all.commit(xid, true);
    if let Some(expected) = expected
        && target.state() != *expected
        && model.violation.is_none()
    {
        let detail = format!("node {number} is in a state that its source was never in");
        model.violation = Some(Violation::new(Invariant::SnapshotConsistent, detail));
    }
}

impl Node {
    /// Whether the row is still the one that was compared; whether it is still missing, where there was none.
    fn is_at(&self, planned: &Planned, xid: Xid) -> bool {
        self.live(planned.staged.key, Some(xid)).map(|(xmin, _)| xmin) == planned.seen
    }
}

/// Whether a row can stand at a node as it was written.
fn can_stand(target: &Node, key: Key, xid: Xid) -> Result<bool, Held> {
    let row = target.live(key, Some(xid)).map(|(_, row)| row);
    let Some(row) = row else {
        return Ok(key.table != PARENTS || target.children_of(key.id, xid).next().is_none());
    };
    if let Some(value) = row.unique {
        let others: Vec<(Key, bool)> = target.others_with(key, value, xid).collect();
        if others.iter().any(|(_, held)| *held) {
            return Err(Held);
        }
        if !others.is_empty() {
            return Ok(false);
        }
    }
    let parent = row.parent.map(|id| Key { table: PARENTS, id });
    Ok(parent.is_none_or(|parent| target.live(parent, Some(xid)).is_some()))
}
