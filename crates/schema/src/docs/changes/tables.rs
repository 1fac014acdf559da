//! What became of tables.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Change, ColumnChange, Fate, RelationChange, TableChange, changes as grouped, fact, fate, table_name,
};
use crate::QualifiedName;
use crate::docs::{Column, Description, Reference};
use crate::model::{Difference, Kind, Model, ObjectId};

type Version<'a> = (&'a Model, &'a Description);

/// The table that something belongs to, in either version; nothing for what belongs to a view or to nobody.
pub(super) fn table_of(id: &ObjectId, old: &Model, new: &Model) -> Option<QualifiedName> {
    let name = table_name(id)?;
    let table = ObjectId {
        kind: Kind::Table,
        schema: Some(name.schema.clone()),
        of: None,
        name: name.name.clone(),
        signature: None,
    };
    [old, new]
        .iter()
        .any(|model| model.objects.contains_key(&table))
        .then_some(name)
}

/// Every table of which something is different.
pub(super) fn changes(old: Version<'_>, new: Version<'_>, differences: &[Difference]) -> Vec<TableChange> {
    let mut by_table: BTreeMap<QualifiedName, Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        if let Some(table) = table_of(&difference.object, old.0, new.0) {
            by_table.entry(table).or_default().push(difference);
        }
    }
    let change = |(name, differences): (QualifiedName, Vec<&Difference>)| table(name, &differences, old, new);
    by_table.into_iter().map(change).collect()
}

fn table(
    name: QualifiedName,
    differences: &[&Difference],
    old: Version<'_>,
    new: Version<'_>,
) -> TableChange {
    let own = || differences.iter().filter(|d| d.object.kind == Kind::Table);
    let whole = own().find(|d| d.fact.is_none());
    let fate = whole.map_or(Fate::Changed, |difference| fate(difference));
    let relations = relations(&name, &old.1.references, &new.1.references);
    let told: BTreeSet<&str> = relations.iter().map(|relation| relation.name.as_str()).collect();
    let is_part = |d: &&&Difference| {
        let is_told = d.object.kind == Kind::Constraint && told.contains(d.object.name.as_str());
        !matches!(d.object.kind, Kind::Table | Kind::Column) && !is_told
    };
    let last = if fate == Fate::Gone { old } else { new };
    let parts = match fate {
        Fate::Changed => grouped(differences.iter().filter(is_part).copied(), |id| {
            id.name.to_string()
        }),
        _ => all_parts(&name, last.0, &told, fate),
    };
    TableChange {
        fate,
        comment: comment(&name, last.0),
        facts: own().filter_map(|difference| fact(difference)).collect(),
        columns: match fate {
            Fate::Changed => changed_columns(&name, old, new, differences),
            _ => all_columns(&name, last.1, fate),
        },
        relations,
        parts,
        name,
    }
}

fn comment(name: &QualifiedName, model: &Model) -> Option<String> {
    let mut objects = model.objects.iter();
    let (_, facts) =
        objects.find(|(id, _)| id.kind == Kind::Table && table_name(id).as_ref() == Some(name))?;
    facts.get("comment").cloned()
}

/// What belongs to a table that came or went as a whole.
fn all_parts(name: &QualifiedName, model: &Model, told: &BTreeSet<&str>, fate: Fate) -> Vec<Change> {
    let is_part = |id: &ObjectId| {
        !matches!(id.kind, Kind::Table | Kind::Column)
            && table_name(id).as_ref() == Some(name)
            && !(id.kind == Kind::Constraint && told.contains(id.name.as_str()))
    };
    let parts = model.objects.iter().filter(|(id, _)| is_part(id));
    parts
        .map(|(id, facts)| Change {
            kind: id.kind,
            name: id.name.to_string(),
            fate,
            summary: Some(crate::docs::html::definition(facts)),
            facts: Vec::new(),
        })
        .collect()
}

fn columns_of<'a>(name: &QualifiedName, description: &'a Description) -> &'a [Column] {
    description.columns.get(name).map_or(&[], Vec::as_slice)
}

fn all_columns(name: &QualifiedName, description: &Description, fate: Fate) -> Vec<ColumnChange> {
    let columns = columns_of(name, description).iter();
    columns.map(|column| whole_column(column, fate)).collect()
}

fn whole_column(column: &Column, fate: Fate) -> ColumnChange {
    let line = Some(in_a_line(column));
    let (before, now) = if fate == Fate::Gone {
        (line, None)
    } else {
        (None, line)
    };
    ColumnChange {
        name: column.name.clone(),
        fate,
        before,
        now,
        comment: column.comment.clone(),
    }
}

/// In the order of the later version; those that are gone come last.
fn changed_columns(
    name: &QualifiedName,
    old: Version<'_>,
    new: Version<'_>,
    differences: &[&Difference],
) -> Vec<ColumnChange> {
    let (before, now) = (columns_of(name, old.1), columns_of(name, new.1));
    let differs = |column: &Column| {
        let mut of_columns = differences.iter().filter(|d| d.object.kind == Kind::Column);
        of_columns.any(|d| d.object.name.as_str() == column.name)
    };
    let mut found = Vec::new();
    for column in now {
        match before.iter().find(|old| old.name == column.name) {
            None => found.push(whole_column(column, Fate::New)),
            Some(old) if old != column || differs(column) => {
                found.push(changed_column(old, column, differences));
            }
            Some(_) => {}
        }
    }
    let is_gone = |column: &&Column| now.iter().all(|other| other.name != column.name);
    found.extend(
        before
            .iter()
            .filter(is_gone)
            .map(|column| whole_column(column, Fate::Gone)),
    );
    found
}

/// A column that stays. Where a line says the same of both, the facts that differ are told.
fn changed_column(old: &Column, new: &Column, differences: &[&Difference]) -> ColumnChange {
    let (mut before, mut now) = (in_a_line(old), in_a_line(new));
    if before == now {
        let of_this = differences
            .iter()
            .filter(|d| d.object.kind == Kind::Column && d.object.name.as_str() == new.name);
        let facts: Vec<_> = of_this.filter_map(|difference| fact(difference)).collect();
        let told = |value: fn(&super::FactChange) -> &Option<String>| {
            let fact = |fact: &super::FactChange| {
                format!("{}: {}", fact.fact, value(fact).as_deref().unwrap_or("none"))
            };
            facts.iter().map(fact).collect::<Vec<_>>().join("; ")
        };
        (before, now) = (told(|fact| &fact.before), told(|fact| &fact.now));
    }
    ColumnChange {
        name: new.name.clone(),
        fate: Fate::Changed,
        before: Some(before),
        now: Some(now),
        comment: new.comment.clone().filter(|_| old.comment != new.comment),
    }
}

/// `integer, not null, default 1, key`.
fn in_a_line(column: &Column) -> String {
    let mut line = column.type_name.clone();
    if column.not_null {
        line.push_str(", not null");
    }
    if let Some(default) = &column.default {
        line.push_str(", default ");
        line.push_str(default);
    }
    if column.in_primary_key {
        line.push_str(", key");
    }
    line
}

fn relations(name: &QualifiedName, old: &[Reference], new: &[Reference]) -> Vec<RelationChange> {
    let of = |references: &[Reference]| -> BTreeMap<String, String> {
        let own = references.iter().filter(|reference| reference.table == *name);
        own.map(|reference| (reference.name.clone(), way(reference)))
            .collect()
    };
    let (old, new) = (of(old), of(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |name: &String| {
        let (before, now) = (old.get(name).cloned(), new.get(name).cloned());
        let fate = match (&before, &now) {
            (None, _) => Fate::New,
            (_, None) => Fate::Gone,
            _ => Fate::Changed,
        };
        (before != now).then(|| RelationChange {
            name: name.clone(),
            fate,
            before,
            now,
        })
    };
    names.into_iter().filter_map(change).collect()
}

fn way(reference: &Reference) -> String {
    format!(
        "{} → {} ({})",
        reference.columns.join(", "),
        reference.target,
        reference.target_columns.join(", ")
    )
}
