//! A schema put in the order in which it is told.

use std::collections::BTreeMap;

use super::{Column, Description, Reference};
use crate::model::{Facts, Kind, Model, ObjectId};
use crate::{Ident, QualifiedName};

/// A schema to be told.
pub struct Schema<'a> {
    /// What it is called.
    pub(super) title: &'a str,
    pub(super) model: &'a Model,
    pub(super) description: &'a Description,
    parts: BTreeMap<(Kind, Ident, Ident), Vec<Object<'a>>>,
    /// Tables, without partitions.
    pub(super) tables: BTreeMap<QualifiedName, Table<'a>>,
}

/// An object with what is said about it.
pub(super) type Object<'a> = (&'a ObjectId, &'a Facts);

/// A table with what belongs to it.
pub(super) struct Table<'a> {
    pub(super) name: QualifiedName,
    pub(super) facts: &'a Facts,
    pub(super) columns: &'a [Column],
    /// Where it points.
    pub(super) references: Vec<&'a Reference>,
    /// What points to it.
    pub(super) referenced_by: Vec<&'a Reference>,
    /// Its partitions, with their bounds.
    pub(super) partitions: Vec<(String, &'a str)>,
}

impl<'a> Schema<'a> {
    pub(super) fn new(title: &'a str, model: &'a Model, description: &'a Description) -> Self {
        let mut parts: BTreeMap<_, Vec<Object<'a>>> = BTreeMap::new();
        for (id, facts) in &model.objects {
            if let (Some(schema), Some(of)) = (&id.schema, &id.of) {
                let key = (id.kind, schema.clone(), of.clone());
                parts.entry(key).or_default().push((id, facts));
            }
        }
        let mut tables = BTreeMap::new();
        for (id, facts) in model.objects.iter().filter(|(id, _)| id.kind == Kind::Table) {
            let Some(name) = qualified(id) else { continue };
            if facts.contains_key("partition of") {
                continue;
            }
            let columns = description.columns.get(&name).map_or(&[][..], Vec::as_slice);
            let points = |reference: &&Reference| reference.table == name;
            let pointed = |reference: &&Reference| reference.target == name;
            let table = Table {
                facts,
                columns,
                references: description.references.iter().filter(points).collect(),
                referenced_by: description.references.iter().filter(pointed).collect(),
                partitions: Vec::new(),
                name: name.clone(),
            };
            tables.insert(name, table);
        }
        let mut schema = Self {
            title,
            model,
            description,
            parts,
            tables,
        };
        schema.sort_partitions();
        schema
    }

    /// A partition of a partition is told with the table at the top.
    fn sort_partitions(&mut self) {
        let tables = || self.model.objects.iter().filter(|(id, _)| id.kind == Kind::Table);
        let above = tables().filter_map(|(id, facts)| Some((id.to_string(), facts.get("partition of")?)));
        let above: BTreeMap<String, &String> = above.collect();
        let mut found: Vec<(String, String, &'a str)> = Vec::new();
        for (id, facts) in tables() {
            if let (Some(mut top), Some(bound)) = (facts.get("partition of"), facts.get("bound")) {
                while let Some(higher) = above.get(top) {
                    top = higher;
                }
                found.push((top.clone(), id.to_string(), bound));
            }
        }
        for table in self.tables.values_mut() {
            let full = format!("{}.{}", table.name.schema, table.name.name);
            let own = found.iter().filter(|(top, ..)| *top == full);
            table.partitions = own.map(|(_, name, bound)| (name.clone(), *bound)).collect();
        }
    }

    /// The objects of a kind that belong to a table.
    pub(super) fn parts(&self, table: &Table<'_>, kind: Kind) -> &[Object<'a>] {
        let key = (kind, table.name.schema.clone(), table.name.name.clone());
        self.parts.get(&key).map_or(&[], Vec::as_slice)
    }

    /// All objects of a kind.
    pub(super) fn all(&self, kind: Kind) -> Vec<Object<'a>> {
        self.model
            .objects
            .iter()
            .filter(|(id, _)| id.kind == kind)
            .collect()
    }
}

impl Table<'_> {
    pub(super) fn comment(&self) -> &str {
        self.facts.get("comment").map_or("", String::as_str)
    }

    /// Whether a column points elsewhere.
    pub(super) fn is_reference(&self, column: &str) -> bool {
        self.references
            .iter()
            .any(|r| r.columns.iter().any(|c| c == column))
    }
}

/// Schema and name of an object that has both.
pub(super) fn qualified(id: &ObjectId) -> Option<QualifiedName> {
    Some(QualifiedName {
        schema: id.schema.clone()?,
        name: id.name.clone(),
    })
}

/// The name of a table's file, without its ending: letters that a file system or a URL might not take are written as numbers.
pub(super) fn file_name(name: &QualifiedName) -> String {
    let mut out = String::new();
    for c in format!("{}.{}", name.schema.as_str(), name.name.as_str()).chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-') {
            out.push(c);
        } else {
            out.push_str(&format!("~{:x}~", u32::from(c)));
        }
    }
    out
}
