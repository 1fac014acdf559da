//! The page of one table.

use super::frame::{counted, escaped, grid, inline, picture};
use super::index::megabytes;
use crate::QualifiedName;
use crate::docs::diagram::{Detail, Graph, draw};
use crate::docs::schema::{Table, file_name};
use crate::docs::{Column, Reference, Schema};
use crate::model::{Facts, Kind};

/// Tables that a picture of a neighbourhood shows at most.
const NEAR_MAX: usize = 20;
const FAR_MAX: usize = 40;

fn beside(name: &QualifiedName) -> String {
    format!("{}.html", file_name(name))
}

pub(super) fn page(schema: &Schema<'_>, table: &Table<'_>, graph: &Graph<'_>) -> String {
    let mut body = String::new();
    if !table.comment().is_empty() {
        body.push_str(&format!("<p>{}</p>\n", escaped(table.comment())));
    }
    body.push_str(&about(schema, table));
    body.push_str("<h2>Columns</h2>\n");
    let rows: Vec<Vec<String>> = table
        .columns
        .iter()
        .map(|column| column_row(table, column))
        .collect();
    body.push_str(&grid(
        "Columns",
        &["column", "type", "null", "default", "comment"],
        &rows,
    ));
    body.push_str(&pictures(schema, table, graph));
    references(
        "Points to",
        &table.references,
        |r| (&r.columns, &r.target, &r.target_columns),
        schema,
        &mut body,
    );
    references(
        "Pointed to by",
        &table.referenced_by,
        |r| (&r.target_columns, &r.table, &r.columns),
        schema,
        &mut body,
    );
    for (kind, heading) in [
        (Kind::Constraint, "Constraints"),
        (Kind::Index, "Indexes"),
        (Kind::Trigger, "Triggers"),
        (Kind::Rule, "Rules"),
        (Kind::Policy, "Policies"),
    ] {
        parts(schema, table, kind, heading, &mut body);
    }
    if !table.partitions.is_empty() {
        body.push_str("<h2>Partitions</h2>\n");
        let rows: Vec<Vec<String>> = table
            .partitions
            .iter()
            .map(|(name, bound)| vec![escaped(name), inline(bound)])
            .collect();
        body.push_str(&grid("Partitions", &["partition", "rows"], &rows));
    }
    super::frame::page(schema, &table.name.to_string(), "../", "", &body)
}

fn about(schema: &Schema<'_>, table: &Table<'_>) -> String {
    let mut told = Vec::new();
    for name in [
        "partition key",
        "row security",
        "persistence",
        "inherits",
        "owner",
    ] {
        if let Some(value) = table.facts.get(name) {
            told.push(format!("{name} {}", inline(value)));
        }
    }
    if let Some(size) = schema.description.sizes.get(&table.name) {
        told.push(format!(
            "about {}, {} with indexes",
            counted(usize::try_from(size.rows).unwrap_or(0), "row"),
            megabytes(size.bytes)
        ));
    }
    if told.is_empty() {
        String::new()
    } else {
        format!("<p class=\"soft\">{}</p>\n", told.join(" · "))
    }
}

fn column_row(table: &Table<'_>, column: &Column) -> Vec<String> {
    let mut name = inline(&column.name);
    if column.in_primary_key {
        name.push_str("<span class=\"key\">primary key</span>");
    }
    if table.is_reference(&column.name) {
        name.push_str("<span class=\"key\">reference</span>");
    }
    vec![
        name,
        inline(&column.type_name),
        if column.not_null { "no" } else { "yes" }.to_owned(),
        inline(column.default.as_deref().unwrap_or_default()),
        escaped(column.comment.as_deref().unwrap_or_default()),
    ]
}

fn pictures(schema: &Schema<'_>, table: &Table<'_>, graph: &Graph<'_>) -> String {
    let near = graph.around(&schema.tables[&table.name].name, 1, NEAR_MAX);
    if near.len() < 2 {
        return String::new();
    }
    let name = &table.name;
    let title = format!("{name} and the tables next to it");
    let mut out = "<h2>Neighbours</h2>\n".to_owned();
    out.push_str(&picture(
        &draw(schema, &near, Some(name), Detail::Columns, &title, &beside),
        &title,
    ));
    let far = graph.around(&schema.tables[&table.name].name, 2, FAR_MAX);
    if far.len() > near.len() {
        let title = format!("{name} and the tables within two references");
        let svg = draw(schema, &far, Some(name), Detail::Keys, &title, &beside);
        out.push_str(&format!(
            "<details><summary>Within two references: {}</summary>\n{}</details>\n",
            counted(far.len(), "table"),
            picture(&svg, &title)
        ));
    }
    out
}

type Ends<'r> = (&'r [String], &'r QualifiedName, &'r [String]);

fn references<'r>(
    heading: &str,
    list: &[&'r Reference],
    ends: impl Fn(&'r Reference) -> (&'r Vec<String>, &'r QualifiedName, &'r Vec<String>),
    schema: &Schema<'_>,
    body: &mut String,
) {
    if list.is_empty() {
        return;
    }
    let row = |reference: &&'r Reference| {
        let (own, other, there) = ends(reference);
        let (own, other, there): Ends<'r> = (own, other, there);
        let text = escaped(&format!("{other} ({})", there.join(", ")));
        let link = if schema.tables.contains_key(other) {
            format!("<a href=\"{}\">{text}</a>", beside(other))
        } else {
            text
        };
        vec![inline(&own.join(", ")), link, inline(&reference.name)]
    };
    let rows: Vec<Vec<String>> = list.iter().map(row).collect();
    body.push_str(&format!("<h2>{heading}</h2>\n"));
    body.push_str(&grid(heading, &["column", "table", "constraint"], &rows));
}

fn parts(schema: &Schema<'_>, table: &Table<'_>, kind: Kind, heading: &str, body: &mut String) {
    let parts = schema.parts(table, kind);
    if parts.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = parts
        .iter()
        .map(|(id, facts)| {
            vec![
                inline(id.name.as_str()),
                inline(&definition(facts)),
                escaped(facts.get("comment").map_or("", String::as_str)),
            ]
        })
        .collect();
    body.push_str(&format!("<h2>{heading}</h2>\n"));
    body.push_str(&grid(heading, &["name", "definition", "comment"], &rows));
}

/// What the server prints, or the facts one by one where it prints no whole.
pub(in crate::docs) fn definition(facts: &Facts) -> String {
    if let Some(definition) = facts.get("definition") {
        return definition.trim().to_owned();
    }
    let told = facts
        .iter()
        .filter(|(name, _)| !["owner", "grants", "comment"].contains(&name.as_str()));
    told.map(|(name, value)| format!("{name} {value}"))
        .collect::<Vec<_>>()
        .join("; ")
}
