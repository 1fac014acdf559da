//! The short way: a glance at the source, and one transaction at the target that is undone where anything is not as usual.

use ponte_sync::machine::batch::Seen;
use ponte_sync::machine::{Glance, Observation};

use super::{Batch, Outcome, Process};
use crate::model::Model;
use crate::mutation::Mutation;
use crate::node::{PARENTS, TABLES};

impl Process {
    /// One statement at the source, that starts from what the target had when any process was told so last.
    pub(super) fn glance(&mut self, model: &Model) -> Observation {
        let source = self.machine.source();
        self.batch = Batch::empty();
        let Some(from) = model.remembered(self.link, source) else {
            return Observation::Glanced(Glance::Other);
        };
        self.batch.from = from.clone();
        let (here, there) = (self.source(model), self.target(model));
        let node = &model.nodes[here];
        let outgoing = node.outgoing[&self.link].latest(&node.all, None);
        let acknowledged = outgoing.is_some_and(|(_, known)| *known == from.consumed);
        self.begin_reading(model);
        let back = model.remembered(self.link, source.other());
        let usual = back.is_some_and(|back| back.consumed == self.batch.seen_by_source)
            && !self.batch.to.consumed.went_back_from(&from.consumed)
            && node.waiting(self.link).is_empty()
            && !self.is_applied_to(model)
            && [here, there].iter().all(|number| !model.is_shared(*number));
        if !usual {
            return Observation::Glanced(Glance::Other);
        }
        (0..TABLES).for_each(|table| self.copy_table(model, table));
        self.batch.arrived = self.batch.stage.iter().map(|staged| staged.key).collect();
        let ordered = model.flavour.constraints;
        let in_order = |s: &super::Staged| ordered && s.key.table == PARENTS && !s.row.present;
        Observation::Glanced(match self.batch.stage.is_empty() {
            true if acknowledged => Glance::Nothing,
            true => Glance::Other,
            false if self.batch.stage.iter().any(in_order) => Glance::Other,
            false => Glance::Light,
        })
    }

    /// The fence, then a row at a time, then the look.
    pub(super) fn write_light(&mut self, model: &mut Model) -> Outcome {
        if self.moment == 0 {
            return Ok(match self.take_fence(model)? {
                Some(Observation::Fence { taken: false }) => Some(self.disturbed(model)),
                _ => None,
            });
        }
        let Some(xid) = self.batch.xid else {
            return Ok(Some(Observation::ConnectionLost));
        };
        let rows = self.batch.stage.len();
        if self.moment <= rows + 1 {
            self.moment -= 1;
            let swept = self.sweep(model, xid);
            self.moment += 1;
            return Ok(match swept? {
                Some(Observation::Batch(Seen::Rows(written))) if written == rows as u64 => None,
                Some(_) => Some(self.disturbed(model)),
                None => None,
            });
        }
        if self.moment == rows + 2 {
            self.push_target(model)?;
            return Ok(None);
        }
        let waits = !model.nodes[self.target(model)].waiting(self.link).is_empty();
        let changed = self.has_changed_keys(model, xid) && !model.without(Mutation::NoLightLook);
        if waits || changed {
            return Ok(Some(self.disturbed(model)));
        }
        self.light = true;
        Ok(Some(Observation::WroteLight(true)))
    }

    fn disturbed(&mut self, model: &mut Model) -> Observation {
        self.roll_back(model);
        Observation::WroteLight(false)
    }

    /// With the offer, the source is told what had arrived before.
    pub(super) fn offer_light(&mut self, model: &mut Model) -> Outcome {
        if self.light && !model.without(Mutation::NoHarden) {
            let arrived = self.batch.from.consumed.clone();
            self.tell_source(model, arrived)?;
        }
        Ok(None)
    }
}
