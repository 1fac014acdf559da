//! The tables in which other tools keep their books.

use std::collections::BTreeMap;

use super::Tool;
use crate::Ident;
use crate::model::{Kind, Model, ObjectId};

/// What Rails keeps beside its versions.
const RAILS_METADATA: &str = "ar_internal_metadata";
/// What we keep.
const HISTORY: [&str; 3] = ["migration", "migration_log", "migration_repeatable"];

/// Takes the tables of other migration tools out of what a database is: they belong to no migration. One that a migration makes (it is
/// in `made`) stays, and so does one that only has such a name, and not the columns. A schema that holds nothing else goes with them.
pub fn leave_out_books(live: &mut Model, made: &Model) {
    let is_made = |id: &ObjectId| made.objects.contains_key(id);
    let mut columns: BTreeMap<(&Option<Ident>, &Ident), Vec<String>> = BTreeMap::new();
    for id in live.objects.keys().filter(|id| id.kind == Kind::Column) {
        if let Some(table) = &id.of {
            let of_table = columns.entry((&id.schema, table)).or_default();
            of_table.push(id.name.as_str().to_owned());
        }
    }
    let is_known = |id: &&ObjectId| {
        let columns = columns.get(&(&id.schema, &id.name));
        id.kind == Kind::Table
            && !is_made(id)
            && columns.is_some_and(|columns| is_book(id.name.as_str(), columns))
    };
    let books: Vec<ObjectId> = live.objects.keys().filter(is_known).cloned().collect();
    leave_out(live, &books);
    for schema in books.iter().filter_map(|book| book.schema.as_ref()) {
        let is_empty = live.objects.keys().all(|id| id.schema.as_ref() != Some(schema));
        let itself = schema_of_name(schema.as_str());
        if is_empty && !is_made(&itself) {
            live.objects.remove(&itself);
        }
    }
}

/// Takes the tables of our own history out of a model, and their schema, where that is not the usual one, which no model holds.
pub fn leave_out_history(model: &mut Model, schema: &str) {
    let tables = HISTORY.map(|table| ObjectId {
        kind: Kind::Table,
        schema: Some(Ident::new(schema)),
        of: None,
        name: Ident::new(table),
        signature: None,
    });
    leave_out(model, &tables);
    if schema != "public" {
        model.objects.remove(&schema_of_name(schema));
    }
}

fn schema_of_name(name: &str) -> ObjectId {
    ObjectId {
        kind: Kind::Schema,
        schema: None,
        of: None,
        name: Ident::new(name),
        signature: None,
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
    Tool::ALL
        .iter()
        .any(|tool| tool.owns(table, columns) || tool.is_like_its_own(table, columns))
        || (table == RAILS_METADATA && columns.iter().any(|column| column == "key"))
}

fn is_part(id: &ObjectId, table: &ObjectId) -> bool {
    id.schema == table.schema && id.of.as_ref() == Some(&table.name)
}
