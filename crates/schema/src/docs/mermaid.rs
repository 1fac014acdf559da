//! The diagram as text for Mermaid.
//!
//! Mermaid draws no more than 500 edges unless it is told to, and stumbles over spaces and brackets in types, so that both are taken care of:
//! several files instead of one, and letters, digits and underscores only.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Schema;
use super::diagram::Graph;
use crate::QualifiedName;

/// One file, or one per picture where one would have too many edges.
pub(super) fn files(schema: &Schema<'_>) -> BTreeMap<String, String> {
    let edges: usize = schema.tables.values().map(|table| table.references.len()).sum();
    let all: Vec<&QualifiedName> = schema.tables.keys().collect();
    if edges <= EDGES_MAX {
        return BTreeMap::from([("schema.mmd".to_owned(), diagram(schema, &all))]);
    }
    let graph = Graph::new(schema);
    let mut pictures = graph.pictures();
    pictures.push(graph.alone());
    let named = (1..).zip(pictures.iter().filter(|group| !group.is_empty()));
    named
        .map(|(number, group)| (format!("schema-{number:02}.mmd"), diagram(schema, group)))
        .collect()
}

const EDGES_MAX: usize = 400;

fn diagram(schema: &Schema<'_>, tables: &[&QualifiedName]) -> String {
    let mut out = "erDiagram\n".to_owned();
    for table in tables.iter().filter_map(|name| schema.tables.get(*name)) {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "    {} {{", word(&table.name.to_string()));
        for column in table.columns {
            let key = match (column.in_primary_key, table.is_reference(&column.name)) {
                (true, true) => " PK, FK",
                (true, false) => " PK",
                (false, true) => " FK",
                (false, false) => "",
            };
            let _ = writeln!(
                out,
                "        {} {}{key}",
                word(&column.type_name),
                word(&column.name)
            );
        }
        out.push_str("    }\n");
        for reference in table.references.iter().filter(|r| tables.contains(&&r.target)) {
            let (parent, child) = (word(&reference.target.to_string()), word(&table.name.to_string()));
            let _ = writeln!(
                out,
                "    {parent} ||--o{{ {child} : \"{}\"",
                reference.columns.join(", ").replace('"', "'")
            );
        }
    }
    out
}

/// Letters, digits and underscores, beginning with a letter.
fn word(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    let plain = plain.trim_matches('_');
    if plain.starts_with(char::is_alphabetic) {
        plain.to_owned()
    } else {
        format!("t_{plain}")
    }
}
