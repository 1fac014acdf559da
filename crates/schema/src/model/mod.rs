//! What a database is made of, as values that can be compared.
//!
//! A [`Model`] is a set of objects, each with a name and *facts*: short texts that the server itself prints, such as the type of a
//! column or the definition of a view. Nothing here knows what a fact means, so that a new kind of object, or one more fact about a
//! known one, is a query in the crate that reads catalogs and a line in [`Kind`]. Two models that the same release of PostgreSQL printed
//! are equal exactly if every fact of every object is.
//!
//! What the model does not cover is counted by name in [`Model::unmodelled`]; nothing is passed over in silence.

mod blame;
mod compare;
mod kind;
mod pattern;
mod reprint;

use std::collections::BTreeMap;
use std::fmt;

pub use blame::{Change, blame};
pub(crate) use compare::is_hidden;
pub use compare::{Access, Difference, compare};
pub use kind::Kind;
pub use pattern::{Pattern, PatternError};
pub use reprint::reprint;

use crate::Ident;

/// What is said about an object, by the name of the fact. A fact that does not apply is not there.
pub type Facts = BTreeMap<String, String>;

/// Which object is meant. Ordered by kind first, so that what others need comes before them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// What it is.
    pub kind: Kind,
    /// The schema it lives in; for kinds that live in none, nothing.
    pub schema: Option<Ident>,
    /// The table, view or domain it belongs to and vanishes with.
    pub of: Option<Ident>,
    /// Its name.
    pub name: Ident,
    /// What tells it from others of its name, as the server prints it: the types of a function's arguments.
    pub signature: Option<String>,
}

impl fmt::Display for ObjectId {
    /// The path from the schema down, always with the schema: `public.users.email`, `public.area(circle)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.schema, &self.of].into_iter().flatten() {
            write!(f, "{part}.")?;
        }
        write!(f, "{}", self.name)?;
        match &self.signature {
            Some(signature) => write!(f, "({signature})"),
            None => Ok(()),
        }
    }
}

impl ObjectId {
    /// What it may belong to: its path does not say of which kind that is. Empty where it belongs to nothing.
    pub fn possible_owners(&self) -> Vec<Self> {
        let Some(of) = &self.of else { return Vec::new() };
        let owner = |kind| Self {
            kind,
            schema: self.schema.clone(),
            of: None,
            name: of.clone(),
            signature: None,
        };
        [Kind::Table, Kind::View, Kind::MaterializedView, Kind::Domain]
            .map(owner)
            .to_vec()
    }

    /// Whether this object vanishes with `other`.
    fn is_part_of(&self, other: &Self) -> bool {
        other.kind.has_parts() && self.schema == other.schema && self.of.as_ref() == Some(&other.name)
    }
}

/// What a database is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    /// Everything that was looked at.
    pub objects: BTreeMap<ObjectId, Facts>,
    /// How many objects there are of kinds that are not looked at, by the name of the kind.
    pub unmodelled: BTreeMap<String, u64>,
}

impl Model {
    /// Whether anything here sets a privilege: a grant, a revoke, a default privilege.
    pub fn sets_privileges(&self) -> bool {
        self.objects
            .iter()
            .any(|(id, facts)| id.kind == Kind::DefaultPrivileges || facts.contains_key(compare::GRANTS))
    }
}
