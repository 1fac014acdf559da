//! One of the two schemas that a plan lies between.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::Ident;
use crate::model::{Facts, Kind, Model, ObjectId};

/// A schema with everything that a plan has to know about it. The model alone says whether two are equal.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// What there is.
    pub model: Model,
    /// What each object needs in order to exist.
    pub needs: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    /// Sequences that belong to a column, and the column.
    pub owned: BTreeMap<ObjectId, ObjectId>,
    /// What does not count when schemas are compared and does when they are built, such as the place of a column.
    pub details: BTreeMap<ObjectId, Facts>,
    /// What partitions and children have only because their parents do: constraints and indexes that stay with a table that leaves.
    pub latent: BTreeMap<ObjectId, Facts>,
}

impl Side {
    /// The side as it is once the tables that leave their parents have done so, where any does.
    pub(super) fn with_what_leaves(&self, to: &Self) -> Cow<'_, Self> {
        let leaves = |table: &ObjectId| {
            let differs = |fact| self.fact(table, fact) != to.fact(table, fact);
            to.has(table) && (differs("partition of") || differs("inherits"))
        };
        let stays = |(id, _): &(&ObjectId, &Facts)| self.whole(id).is_some_and(|table| leaves(&table));
        let left: Vec<_> = self.latent.iter().filter(stays).collect();
        if left.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut side = self.clone();
        let left = left.into_iter().map(|(id, facts)| (id.clone(), facts.clone()));
        side.model.objects.extend(left);
        Cow::Owned(side)
    }

    /// Whether it has the object.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.model.objects.contains_key(id)
    }

    /// Whether the object is there, be it that nothing needs to be said about it: a column as its parent has it, a column of a view.
    pub(super) fn exists(&self, id: &ObjectId) -> bool {
        if self.has(id) || id.kind != Kind::Column {
            return self.has(id);
        }
        let whole = self.whole(id);
        whole.is_some_and(|whole| whole.kind != Kind::Table || self.inherited(id).is_some())
    }

    /// What is said about the object; about a column that is as its parent has it, what is said there.
    pub(super) fn facts(&self, id: &ObjectId) -> &Facts {
        static NOTHING: Facts = Facts::new();
        let own = self.model.objects.get(id);
        own.or_else(|| self.facts(&self.inherited(id)?).into())
            .unwrap_or(&NOTHING)
    }

    /// The column of the parent that a column comes from.
    pub(super) fn inherited(&self, id: &ObjectId) -> Option<ObjectId> {
        let table = self.whole(id).filter(|_| id.kind == Kind::Column)?;
        let parents = self.needs_of(&table).filter(|parent| parent.kind == Kind::Table);
        let mut columns = parents.map(|parent| ObjectId {
            schema: parent.schema.clone(),
            of: Some(parent.name.clone()),
            ..id.clone()
        });
        columns.find(|column| self.exists(column))
    }

    /// One fact.
    pub(super) fn fact(&self, id: &ObjectId, name: &str) -> Option<&str> {
        self.facts(id).get(name).map(String::as_str)
    }

    /// One detail.
    pub(super) fn detail(&self, id: &ObjectId, name: &str) -> Option<&str> {
        self.details.get(id)?.get(name).map(String::as_str)
    }

    /// What the object needs.
    pub(super) fn needs_of(&self, id: &ObjectId) -> impl Iterator<Item = &ObjectId> {
        self.needs.get(id).into_iter().flatten()
    }

    /// What needs the object.
    pub(super) fn dependents<'a>(&'a self, id: &'a ObjectId) -> impl Iterator<Item = &'a ObjectId> {
        let needs_it = |(_, needed): &(&ObjectId, &BTreeSet<ObjectId>)| needed.contains(id);
        self.needs.iter().filter(needs_it).map(|(dependent, _)| dependent)
    }

    /// The table, view or domain that the object is a part of.
    pub(super) fn whole(&self, id: &ObjectId) -> Option<ObjectId> {
        let of = id.of.as_ref()?;
        [Kind::Table, Kind::View, Kind::MaterializedView, Kind::Domain]
            .into_iter()
            .map(|kind| ObjectId {
                kind,
                schema: id.schema.clone(),
                of: None,
                name: of.clone(),
                signature: None,
            })
            .find(|whole| self.has(whole))
    }

    /// The parts of a table, view or domain that are of one kind, columns in their order.
    pub(super) fn parts(&self, whole: &ObjectId, kind: Kind) -> Vec<&ObjectId> {
        let first = ObjectId {
            kind,
            schema: whole.schema.clone(),
            of: Some(whole.name.clone()),
            name: Ident::new(""),
            signature: None,
        };
        let is_part = |id: &&ObjectId| {
            id.kind == kind && id.schema == whole.schema && id.of.as_ref() == Some(&whole.name)
        };
        let from_first = self.model.objects.range(first..).map(|(id, _)| id);
        let mut parts: Vec<&ObjectId> = from_first.take_while(is_part).collect();
        parts.sort_by_key(|id| self.detail(id, "position").and_then(|p| p.parse::<i32>().ok()));
        parts
    }

    /// The sequence behind an identity column.
    pub(super) fn sequence_of(&self, column: &ObjectId) -> Option<&ObjectId> {
        let owned = self.owned.iter().find(|(_, owner)| *owner == column);
        owned.map(|(sequence, _)| sequence)
    }

    /// Whether this sequence is only a part of an identity column.
    pub(super) fn is_identity(&self, sequence: &ObjectId) -> bool {
        let column = self.owned.get(sequence);
        column.is_some_and(|column| self.fact(column, "identity").is_some())
    }
}
