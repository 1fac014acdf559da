//! Names that change. To a comparison a new name is one object gone and another come, and with the first its rows.
//!
//! So a table or column is renamed only where a person says so; what looks like it is offered. Constraints, indexes and sequences hold nothing
//! of their own: where only the name of one differs it is renamed without a question, because making it anew would cost a pass over the table.

use std::collections::BTreeMap;

use super::name::{address, noun, plain, qualified, whole};
use super::step::{Lock, Step};
use super::{Plan, Side, text};
use crate::model::{Facts, Kind, ObjectId};
use crate::sql::Fragment;
use crate::{Ident, Sql};

/// An object that has another name on the second side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// What it is called.
    pub object: ObjectId,
    /// What it is to be called.
    pub name: Ident,
}

/// What a person's words mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing of that name is on the first side.
    Old,
    /// The second side has nothing that it could become.
    New,
}

impl Rename {
    /// From the command line: `users`, `users.email`, `app.users.email`; the new name alone or with its path.
    ///
    /// # Errors
    /// Which of the two names is not there.
    pub fn parse(old: &str, new: &str, from: &Side, to: &Side) -> Result<Self, Unknown> {
        let is_meant = |id: &&ObjectId| {
            let path = id.to_string();
            path == old || path.strip_prefix("public.") == Some(old)
        };
        let object = from.model.objects.keys().find(is_meant).ok_or(Unknown::Old)?;
        let last = new.rsplit_once('.').map_or(new, |(_, last)| last);
        let rename = Self {
            object: object.clone(),
            name: Ident::new(last.trim_matches('"')),
        };
        if to.has(&rename.renamed()) {
            Ok(rename)
        } else {
            Err(Unknown::New)
        }
    }

    /// The object under its new name.
    pub fn renamed(&self) -> ObjectId {
        ObjectId {
            name: self.name.clone(),
            ..self.object.clone()
        }
    }

    /// The statement.
    pub fn step(&self) -> Step {
        statement(&self.object, &self.object.name, &self.name, &self.object)
    }

    /// The statement that takes it back.
    pub fn back(&self) -> Step {
        let renamed = self.renamed();
        statement(&renamed, &self.name, &self.object.name, &renamed)
    }
}

fn statement(id: &ObjectId, old: &Ident, new: &Ident, object: &ObjectId) -> Step {
    let of_view = matches!(
        id.kind,
        Kind::View | Kind::MaterializedView | Kind::Index | Kind::Sequence
    );
    let (old, new) = (plain(old), plain(new));
    let noun = Sql::text(noun(id.kind));
    let values: [(&str, &dyn Fragment); 6] = [
        ("noun", &noun),
        ("address", &address(id)),
        ("name", &qualified(id)),
        ("whole", &whole(id)),
        ("old", &old),
        ("new", &new),
    ];
    let template = match id.kind {
        Kind::Column => "ALTER TABLE {whole} RENAME COLUMN {old} TO {new}",
        Kind::Constraint => "ALTER TABLE {whole} RENAME CONSTRAINT {old} TO {new}",
        _ if of_view => "ALTER {noun} {name} RENAME TO {new}",
        _ => "ALTER {noun} {address} RENAME TO {new}",
    };
    Step::new(object, Sql::render(template, &values)).lock(Lock::AccessExclusive)
}

impl Plan {
    /// The plan with statements in front.
    #[must_use]
    pub fn after(self, first: Vec<Step>) -> Self {
        let steps = first
            .into_iter()
            .chain(self.segments.into_iter().flat_map(|segment| segment.steps));
        Self {
            segments: text::segments(steps.collect()),
        }
    }

    /// The plan with statements behind.
    #[must_use]
    pub fn followed_by(self, last: Vec<Step>) -> Self {
        let steps = self
            .segments
            .into_iter()
            .flat_map(|segment| segment.steps)
            .chain(last);
        Self {
            segments: text::segments(steps.collect()),
        }
    }
}

/// Constraints, indexes and sequences of which nothing but the name differs.
pub fn harmless(from: &Side, to: &Side) -> Vec<Rename> {
    let mut renames = Vec::new();
    let mut taken: Vec<&ObjectId> = Vec::new();
    for id in gone(from, to).filter(|id| matches!(id.kind, Kind::Constraint | Kind::Index | Kind::Sequence)) {
        if from.is_identity(id) || from.whole(id).is_some_and(|whole| whole.kind == Kind::Domain) {
            continue;
        }
        let twin = gone(to, from).find(|other| !taken.contains(other) && is_twin(from, id, to, other));
        if let Some(other) = twin {
            taken.push(other);
            renames.push(Rename {
                object: id.clone(),
                name: other.name.clone(),
            });
        }
    }
    renames
}

/// What the first has and the second has not.
fn gone<'a>(first: &'a Side, second: &'a Side) -> impl Iterator<Item = &'a ObjectId> {
    first.model.objects.keys().filter(|id| !second.exists(id))
}

fn is_twin(from: &Side, id: &ObjectId, to: &Side, other: &ObjectId) -> bool {
    if (id.kind, &id.schema, &id.of) != (other.kind, &other.schema, &other.of) {
        return false;
    }
    if id.kind == Kind::Sequence {
        let owner = from.owned.get(id);
        return owner.is_some()
            && owner == to.owned.get(other)
            && from.facts(id) == to.facts(other)
            && !to.is_identity(other);
    }
    without_name(id, from.facts(id)) == without_name(other, to.facts(other))
}

fn without_name(id: &ObjectId, facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    if let Some(definition) = facts.get_mut("definition") {
        let shown = [" INDEX ", plain(&id.name).as_str(), " ON "].concat();
        *definition = definition.replacen(&shown, " INDEX ON ", 1);
    }
    facts
}

/// Tables and columns that may have got another name: what goes and what comes are alike. The best match of each, most alike first.
pub fn candidates(from: &Side, to: &Side) -> Vec<Rename> {
    let mut found: Vec<(u32, Rename)> = Vec::new();
    for id in gone(from, to).filter(|id| matches!(id.kind, Kind::Table | Kind::Column)) {
        if id.kind == Kind::Column && from.whole(id).is_none_or(|table| !to.has(&table)) {
            continue;
        }
        let alike = |other: &ObjectId| {
            if id.kind == Kind::Table {
                tables(from, id, to, other)
            } else {
                columns(from, id, to, other)
            }
        };
        let fits = gone(to, from)
            .filter(|other| other.kind == id.kind && other.schema == id.schema && other.of == id.of);
        let best = fits
            .filter_map(|other| Some((alike(other)?, other)))
            .max_by_key(|(score, _)| *score);
        if let Some((score, other)) = best {
            found.push((
                score,
                Rename {
                    object: id.clone(),
                    name: other.name.clone(),
                },
            ));
        }
    }
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let mut candidates: Vec<Rename> = Vec::new();
    for (_, rename) in found {
        if !candidates.iter().any(|other| other.renamed() == rename.renamed()) {
            candidates.push(rename);
        }
    }
    candidates
}

/// How much of a hundred; nothing where it is too little.
fn tables(from: &Side, id: &ObjectId, to: &Side, other: &ObjectId) -> Option<u32> {
    let shape = |side: &Side, table: &ObjectId| -> BTreeMap<Ident, Option<String>> {
        let columns = side.parts(table, Kind::Column).into_iter();
        columns
            .map(|column| (column.name.clone(), side.fact(column, "type").map(str::to_owned)))
            .collect()
    };
    let (was, is) = (shape(from, id), shape(to, other));
    let shared = was
        .iter()
        .filter(|(name, of_type)| is.get(*name) == Some(*of_type))
        .count();
    let all = was.len().max(is.len());
    let percent = u32::try_from(shared * 100 / all.max(1)).unwrap_or(0);
    (percent >= 50).then_some(percent)
}

fn columns(from: &Side, id: &ObjectId, to: &Side, other: &ObjectId) -> Option<u32> {
    let same = |fact: &str| from.fact(id, fact) == to.fact(other, fact);
    let at_one_place = from.detail(id, "position") == to.detail(other, "position");
    let names = |a: &str, b: &str| a.contains(b) || b.contains(a);
    let score = [
        (same("not null"), 15),
        (same("default"), 15),
        (same("identity"), 5),
        (at_one_place, 25),
        (names(id.name.as_str(), other.name.as_str()), 20),
    ];
    same("type")
        .then(|| {
            20 + score
                .iter()
                .filter(|(holds, _)| *holds)
                .map(|(_, points)| points)
                .sum::<u32>()
        })
        .filter(|score| *score >= 50)
}
