//! Which tables belong into one picture.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::QualifiedName;
use crate::docs::Schema;

/// More tables than this make a picture that nobody reads.
const PICTURE_MAX: usize = 24;

/// Tables and their neighbours, in either direction.
pub(in crate::docs) struct Graph<'s> {
    neighbours: BTreeMap<&'s QualifiedName, BTreeSet<&'s QualifiedName>>,
}

impl<'s> Graph<'s> {
    pub(in crate::docs) fn new(schema: &'s Schema<'_>) -> Self {
        let mut neighbours: BTreeMap<_, BTreeSet<_>> =
            schema.tables.keys().map(|name| (name, BTreeSet::new())).collect();
        for (name, table) in &schema.tables {
            for reference in &table.references {
                let Some((target, _)) = schema.tables.get_key_value(&reference.target) else {
                    continue;
                };
                if target != name {
                    neighbours.entry(name).or_default().insert(target);
                    neighbours.entry(target).or_default().insert(name);
                }
            }
        }
        Self { neighbours }
    }

    fn of(&self, name: &QualifiedName) -> impl Iterator<Item = &'s QualifiedName> {
        self.neighbours.get(name).into_iter().flatten().copied()
    }

    /// A table and what is so many references away, the nearest first, up to a number.
    pub(in crate::docs) fn around(
        &self,
        name: &'s QualifiedName,
        degrees: usize,
        most: usize,
    ) -> Vec<&'s QualifiedName> {
        let mut seen = vec![name];
        let mut ring = vec![name];
        for _ in 0..degrees {
            let mut next = Vec::new();
            for table in ring {
                for neighbour in self.of(table) {
                    if !seen.contains(&neighbour) && seen.len() < most {
                        seen.push(neighbour);
                        next.push(neighbour);
                    }
                }
            }
            ring = next;
        }
        seen
    }

    /// All tables that have neighbours, cut into pictures: around the table with most references first.
    pub(in crate::docs) fn pictures(&self) -> Vec<Vec<&'s QualifiedName>> {
        let mut left: BTreeSet<&QualifiedName> = self
            .neighbours
            .iter()
            .filter(|(_, near)| !near.is_empty())
            .map(|(name, _)| *name)
            .collect();
        let mut pictures = Vec::new();
        loop {
            let degree = |name: &&&QualifiedName| self.of(name).filter(|near| left.contains(near)).count();
            // The first of several by name, so that the order does not depend on anything else.
            let Some(&hub) = left.iter().rev().max_by_key(degree) else {
                break;
            };
            let mut picture = vec![hub];
            let mut open = VecDeque::from([hub]);
            left.remove(hub);
            while let Some(table) = open.pop_front() {
                for near in self.of(table) {
                    if picture.len() < PICTURE_MAX && left.remove(near) {
                        picture.push(near);
                        open.push_back(near);
                    }
                }
            }
            pictures.push(picture);
        }
        gathered(pictures)
    }

    /// Tables that nothing points to and that point to nothing.
    pub(in crate::docs) fn alone(&self) -> Vec<&'s QualifiedName> {
        self.neighbours
            .iter()
            .filter(|(_, near)| near.is_empty())
            .map(|(name, _)| *name)
            .collect()
    }
}

/// Small groups share a picture; the largest come first.
fn gathered(groups: Vec<Vec<&QualifiedName>>) -> Vec<Vec<&QualifiedName>> {
    let mut pictures: Vec<Vec<&QualifiedName>> = Vec::new();
    for group in groups {
        let has_room =
            |p: &&mut Vec<&QualifiedName>| group.len() <= 3 && p.len() + group.len() <= PICTURE_MAX;
        match pictures.iter_mut().find(has_room) {
            Some(picture) => picture.extend(group),
            None => pictures.push(group),
        }
    }
    pictures.sort_by_key(|picture| usize::MAX - picture.len());
    pictures
}
