//! What the statements of one object are written from: both sides, and what was asked for.

use std::collections::BTreeSet;

use super::{Request, Side, Style};
use crate::model::{Facts, ObjectId, is_hidden};

/// Both sides, and what is known about the plan so far.
pub(super) struct Between<'a> {
    pub(super) from: &'a Side,
    pub(super) to: &'a Side,
    pub(super) request: &'a Request,
    /// Objects of both sides that are dropped and made again.
    pub(super) replaced: BTreeSet<ObjectId>,
    /// Columns whose default has to make way for what it uses.
    pub(super) reset: BTreeSet<ObjectId>,
    /// New tables whose defaults wait for what needs the table.
    pub(super) late_defaults: BTreeSet<ObjectId>,
    /// What is built under a lock after all, because what others use would be gone meanwhile.
    pub(super) at_once: BTreeSet<ObjectId>,
    /// Views that stand in a ring with what they use: made with their columns alone, filled when the rest is there.
    pub(super) hollow: BTreeSet<ObjectId>,
}

impl Between<'_> {
    /// Whether the object is made by this plan, so that nobody uses it yet.
    pub(super) fn is_fresh(&self, id: &ObjectId) -> bool {
        !self.from.has(id) || self.replaced.contains(id)
    }

    /// Whether statements may take several short steps instead of one that blocks, for the table that the object is a part of.
    pub(super) fn is_safe_for(&self, part: &ObjectId) -> bool {
        let whole = self.to.whole(part);
        let in_use = whole.as_ref().is_some_and(|whole| !self.is_fresh(whole));
        let has = |fact| {
            whole
                .as_ref()
                .is_some_and(|whole| self.to.fact(whole, fact).is_some())
        };
        let takes_steps = !has("partition key") && !has("foreign server");
        self.request.style == Style::Safe && in_use && takes_steps && !self.at_once.contains(part)
    }

    /// What changes about the object.
    pub(super) fn changed(&self, id: &ObjectId) -> Changed<'_> {
        Changed {
            from: self.from.facts(id),
            to: self.to.facts(id),
        }
    }
}

/// Facts before and after.
pub(super) struct Changed<'a> {
    pub(super) from: &'a Facts,
    pub(super) to: &'a Facts,
}

impl<'a> Changed<'a> {
    /// Whether the fact differs.
    pub(super) fn in_fact(&self, name: &str) -> bool {
        let (from, to) = (self.from.get(name), self.to.get(name));
        from != to && !is_hidden(from) && !is_hidden(to)
    }

    /// The names of what differs.
    pub(super) fn names(&self) -> BTreeSet<&'a str> {
        let all = self.from.keys().chain(self.to.keys()).map(String::as_str);
        all.filter(|name| self.in_fact(name)).collect()
    }

    /// Whether nothing differs but these, and what every kind can change.
    pub(super) fn only_in(&self, names: &[&str]) -> bool {
        let satellites = ["owner", "grants", "comment"];
        self.names()
            .iter()
            .all(|name| names.contains(name) || satellites.contains(name))
    }

    /// What it was.
    pub(super) fn was(&self, name: &str) -> Option<&'a str> {
        self.from.get(name).map(String::as_str)
    }

    /// What it is to be.
    pub(super) fn is(&self, name: &str) -> Option<&'a str> {
        self.to.get(name).map(String::as_str)
    }
}
