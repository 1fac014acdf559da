//! Views, functions, types and the rest.

use super::frame::{escaped, grid, inline};
use super::table::definition;
use crate::docs::Schema;
use crate::docs::schema::qualified;
use crate::model::Kind;

/// What is told with its whole definition, one below the other.
const LONG: [(Kind, &str); 5] = [
    (Kind::View, "Views"),
    (Kind::MaterializedView, "Materialized views"),
    (Kind::Function, "Functions and procedures"),
    (Kind::Aggregate, "Aggregates"),
    (Kind::EventTrigger, "Event triggers"),
];
/// What fits into a line.
const SHORT: [(Kind, &str); 8] = [
    (Kind::Enum, "Enums"),
    (Kind::Domain, "Domains"),
    (Kind::CompositeType, "Composite types"),
    (Kind::RangeType, "Ranges"),
    (Kind::Sequence, "Sequences"),
    (Kind::Extension, "Extensions"),
    (Kind::Publication, "Publications"),
    (Kind::ForeignServer, "Foreign servers"),
];

pub(super) fn page(schema: &Schema<'_>) -> String {
    let mut body = String::new();
    for (kind, heading) in LONG {
        let objects = schema.all(kind);
        if objects.is_empty() {
            continue;
        }
        body.push_str(&format!("<h2>{heading}</h2>\n"));
        for (id, facts) in objects {
            body.push_str(&format!("<details><summary>{}", inline(&id.to_string())));
            if let Some(comment) = facts.get("comment") {
                body.push_str(&format!(" {}", escaped(comment)));
            }
            body.push_str("</summary>\n");
            let columns = qualified(id).and_then(|name| schema.description.columns.get(&name));
            if let Some(columns) = columns.filter(|_| kind != Kind::Function) {
                let rows: Vec<Vec<String>> = columns
                    .iter()
                    .map(|c| {
                        vec![
                            inline(&c.name),
                            inline(&c.type_name),
                            escaped(c.comment.as_deref().unwrap_or_default()),
                        ]
                    })
                    .collect();
                body.push_str(&grid("Columns", &["column", "type", "comment"], &rows));
            }
            body.push_str(&format!(
                "<pre tabindex=\"0\">{}</pre></details>\n",
                escaped(&definition(facts))
            ));
        }
    }
    for (kind, heading) in SHORT {
        let objects = schema.all(kind);
        if objects.is_empty() {
            continue;
        }
        let rows: Vec<Vec<String>> = objects
            .iter()
            .map(|(id, facts)| {
                vec![
                    inline(&id.to_string()),
                    inline(&definition(facts)),
                    escaped(facts.get("comment").map_or("", String::as_str)),
                ]
            })
            .collect();
        body.push_str(&format!("<h2>{heading}</h2>\n"));
        body.push_str(&grid(heading, &["name", "definition", "comment"], &rows));
    }
    if body.is_empty() {
        body.push_str("<p>There are none.</p>\n");
    }
    super::frame::page(schema, "Views, functions, types", "", "objects.html", &body)
}
