//! The tables in which other tools keep their books.

use std::collections::BTreeMap;

use super::Tool;
use crate::Ident;
use crate::model::{Kind, Model, ObjectId};

/// What Rails keeps beside its versions.
const RAILS_METADATA: &str = "ar_internal_metadata";
/// What we keep.
const HISTORY: [&str; 3] = ["migration", "migration_log", "migration_repeatable"];

/// Takes the tables of other migration tools out of a model: they belong to no migration. A table that only has such a
/// name, and not the columns, stays.
pub fn leave_out_books(model: &mut Model) {
    let mut columns: BTreeMap<(&Option<Ident>, &Ident), Vec<String>> = BTreeMap::new();
    for id in model.objects.keys().filter(|id| id.kind == Kind::Column) {
        if let Some(table) = &id.of {
            let of_table = columns.entry((&id.schema, table)).or_default();
            of_table.push(id.name.as_str().to_owned());
        }
    }
    let is_known = |id: &&ObjectId| {
        let columns = columns.get(&(&id.schema, &id.name));
        id.kind == Kind::Table && columns.is_some_and(|columns| is_book(id.name.as_str(), columns))
    };
    let books: Vec<ObjectId> = model.objects.keys().filter(is_known).cloned().collect();
    leave_out(model, &books);
}

/// Takes the tables of our own history out of a model, and their schema, where that is not the usual one, which no model holds.
pub fn leave_out_history(model: &mut Model, schema: &str) {
    let object = |kind, schema: Option<&str>, name: &str| ObjectId {
        kind,
        schema: schema.map(Ident::new),
        of: None,
        name: Ident::new(name),
        signature: None,
    };
    let tables = HISTORY.map(|table| object(Kind::Table, Some(schema), table));
    leave_out(model, &tables);
    if schema != "public" {
        model.objects.remove(&object(Kind::Schema, None, schema));
    }
}

fn leave_out(model: &mut Model, books: &[ObjectId]) {
    for book in books {
        model.objects.retain(|id, facts| {
            let owned = id.kind == Kind::Sequence
                && facts
                    .get("owned by")
                    .is_some_and(|owner| owner.rsplit('.').nth(1) == Some(&book.name.to_string()));
            id != book && !is_part(id, book) && !owned
        });
    }
}

fn is_book(table: &str, columns: &[String]) -> bool {
    Tool::ALL.iter().any(|tool| tool.owns(table, columns))
        || (table == RAILS_METADATA && columns.iter().any(|column| column == "key"))
}

fn is_part(id: &ObjectId, table: &ObjectId) -> bool {
    id.schema == table.schema && id.of.as_ref() == Some(&table.name)
}
