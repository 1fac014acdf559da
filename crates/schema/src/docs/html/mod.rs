//! Pages for a browser: one directory, no script, nothing from elsewhere.

mod access;
mod frame;
mod index;
mod objects;
mod table;

use std::collections::BTreeMap;

use super::Schema;
use super::diagram::Graph;

pub(super) use frame::{escaped, grid, inline, standalone};
pub(super) use table::definition;

/// All pages.
pub(super) fn pages(schema: &Schema<'_>) -> BTreeMap<String, String> {
    let graph = Graph::new(schema);
    let mut pages = BTreeMap::new();
    pages.insert("style.css".to_owned(), include_str!("style.css").to_owned());
    pages.insert("index.html".to_owned(), index::page(schema, &graph));
    pages.insert("objects.html".to_owned(), objects::page(schema));
    pages.insert("access.html".to_owned(), access::page(schema));
    for table in schema.tables.values() {
        let file = format!("tables/{}.html", super::schema::file_name(&table.name));
        pages.insert(file, table::page(schema, table, &graph));
    }
    pages
}
