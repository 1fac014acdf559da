//! What became of a schema from one version to another, for those who read and not for those who migrate: tables, columns, relations first.
//!
//! Where two schemas differ is told by [`compare`]; here it is put in a reader's order. The same two schemas give the same text.

mod page;
mod tables;

use crate::QualifiedName;
use crate::model::{Access, Difference, Kind, Model, ObjectId, compare};

use super::Description;
use super::schema::qualified;

pub use page::{render_html, render_markdown};

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It was not there before.
    New,
    /// It is another one now.
    Changed,
    /// It is not there any more.
    Gone,
}

impl Fate {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }
}

/// Everything that a reader of the later version has to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Tables, in the order of their names.
    pub tables: Vec<TableChange>,
    /// What belongs to no table.
    pub objects: Vec<Change>,
}

/// What became of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    /// The table.
    pub name: QualifiedName,
    /// What became of it as a whole.
    pub fate: Fate,
    /// What its owner writes about it now, or wrote while it was there.
    pub comment: Option<String>,
    /// Facts about the table itself.
    pub facts: Vec<FactChange>,
    /// Its columns: of a new table all, in their order.
    pub columns: Vec<ColumnChange>,
    /// Where it points.
    pub relations: Vec<RelationChange>,
    /// Indexes, constraints other than relations, triggers, policies.
    pub parts: Vec<Change>,
}

/// What became of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChange {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
    /// What it was, in a line.
    pub before: Option<String>,
    /// What it is.
    pub now: Option<String>,
    /// What its owner writes about it, where it is new.
    pub comment: Option<String>,
}

/// What became of a foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationChange {
    /// The constraint.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
    /// Where it led, as `columns → table (columns)`.
    pub before: Option<String>,
    /// Where it leads.
    pub now: Option<String>,
}

/// What became of any other object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub fate: Fate,
    /// What it is or was, where it came or went as a whole.
    pub summary: Option<String>,
    /// What is different about it.
    pub facts: Vec<FactChange>,
}

/// A fact that is another one now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactChange {
    /// Which.
    pub fact: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub now: Option<String>,
}

impl Changes {
    /// What lies between two versions.
    pub fn between(old: (&Model, &Description), new: (&Model, &Description), access: Access) -> Self {
        let differences = compare(old.0, new.0, access);
        let tables = tables::changes(old, new, &differences);
        let is_of_table = |id: &ObjectId| is_table(id) || tables::table_of(id, old.0, new.0).is_some();
        Self {
            tables,
            objects: changes(differences.iter().filter(|d| !is_of_table(&d.object)), |id| {
                id.to_string()
            }),
        }
    }

    /// Whether the two are one.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.objects.is_empty()
    }
}

fn is_table(id: &ObjectId) -> bool {
    id.kind == Kind::Table
}

/// Differences put together by object. They are in the order of the objects already.
fn changes<'d>(
    differences: impl Iterator<Item = &'d Difference>,
    name: impl Fn(&ObjectId) -> String,
) -> Vec<Change> {
    let mut found: Vec<(&ObjectId, Change)> = Vec::new();
    for difference in differences {
        let fact = fact(difference);
        if let (Some(fact), Some((id, last))) = (&fact, found.last_mut())
            && **id == difference.object
        {
            last.facts.push(fact.clone());
            continue;
        }
        let change = Change {
            kind: difference.object.kind,
            name: name(&difference.object),
            fate: fate(difference),
            summary: match fact {
                Some(_) => None,
                None => difference.actual.clone().or_else(|| difference.expected.clone()),
            },
            facts: fact.into_iter().collect(),
        };
        found.push((&difference.object, change));
    }
    found.into_iter().map(|(_, change)| change).collect()
}

/// The older side is what was expected.
fn fate(difference: &Difference) -> Fate {
    match (&difference.fact, &difference.expected) {
        (Some(_), _) => Fate::Changed,
        (None, Some(_)) => Fate::Gone,
        (None, None) => Fate::New,
    }
}

fn fact(difference: &Difference) -> Option<FactChange> {
    Some(FactChange {
        fact: difference.fact.clone()?,
        before: difference.expected.clone(),
        now: difference.actual.clone(),
    })
}

fn table_name(id: &ObjectId) -> Option<QualifiedName> {
    match id.kind {
        Kind::Table => qualified(id),
        _ => Some(QualifiedName {
            schema: id.schema.clone()?,
            name: id.of.clone()?,
        }),
    }
}
