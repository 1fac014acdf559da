//! The first page: all tables, and pictures of how they hang together.

use super::frame::{counted, escaped, grid, inline, picture};
use crate::docs::Schema;
use crate::docs::diagram::{Detail, Graph, draw};
use crate::docs::schema::file_name;
use crate::model::Kind;

pub(super) fn page_link(name: &crate::QualifiedName) -> String {
    format!("tables/{}.html", file_name(name))
}

pub(super) fn page_body_counts(schema: &Schema<'_>) -> String {
    let kinds = [
        (Kind::View, "view"),
        (Kind::MaterializedView, "materialized view"),
        (Kind::Function, "function"),
        (Kind::Enum, "enum"),
        (Kind::Extension, "extension"),
    ];
    let mut parts = vec![counted(schema.tables.len(), "table")];
    let counts = kinds
        .into_iter()
        .map(|(kind, what)| (schema.all(kind).len(), what));
    parts.extend(
        counts
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| counted(count, what)),
    );
    parts.join(", ")
}

pub(super) fn page(schema: &Schema<'_>, graph: &Graph<'_>) -> String {
    let mut body = format!("<p>{}</p>\n", page_body_counts(schema));
    body.push_str("<h2>All tables</h2>\n");
    let with_sizes = !schema.description.sizes.is_empty();
    let rows: Vec<Vec<String>> = schema
        .tables
        .values()
        .map(|table| {
            let mut row = vec![
                format!(
                    "<a href=\"{}\">{}</a>",
                    page_link(&table.name),
                    escaped(&table.name.to_string())
                ),
                table.columns.len().to_string(),
                table.references.len().to_string(),
                table.referenced_by.len().to_string(),
            ];
            if with_sizes {
                let size = schema.description.sizes.get(&table.name);
                row.push(size.map(|s| s.rows.to_string()).unwrap_or_default());
                row.push(size.map(|s| megabytes(s.bytes)).unwrap_or_default());
            }
            row.push(escaped(table.comment()));
            row
        })
        .collect();
    let mut heads = vec!["table", "columns", "points to", "pointed to by"];
    if with_sizes {
        heads.extend(["rows, about", "size"]);
    }
    heads.push("comment");
    body.push_str(&grid("All tables", &heads, &rows));
    let pictures = graph.pictures();
    if !pictures.is_empty() {
        body.push_str("<h2>How they hang together</h2>\n<p class=\"soft\">Columns of keys only; a table's page shows all of its own. Every box is a link.</p>\n");
    }
    for group in &pictures {
        let title = format!("{} and its neighbours", group[0]);
        let svg = draw(schema, group, None, Detail::Keys, &title, &page_link);
        body.push_str(&format!("<h3>{}</h3>\n", inline(&group[0].to_string())));
        body.push_str(&picture(&svg, &title));
    }
    let alone = graph.alone();
    if !alone.is_empty() && !pictures.is_empty() {
        let names: Vec<String> = alone
            .iter()
            .map(|name| {
                format!(
                    "<a href=\"{}\">{}</a>",
                    page_link(name),
                    escaped(&name.to_string())
                )
            })
            .collect();
        body.push_str(&format!("<h3>By themselves</h3>\n<p>{}</p>\n", names.join(", ")));
    }
    super::frame::page(schema, "Tables", "", "index.html", &body)
}

pub(super) fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
