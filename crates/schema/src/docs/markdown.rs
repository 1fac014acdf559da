//! Pages for a repository: a first page, one per table with its picture, one for the rest.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::diagram::{Detail, Graph, draw};
use super::html::definition;
use super::schema::{Table, file_name};
use super::{Schema, mermaid};
use crate::QualifiedName;
use crate::model::Kind;

/// Tables that a picture of a neighbourhood shows at most.
const NEAR_MAX: usize = 20;

/// All pages, and the pictures as files beside them.
pub(super) fn pages(schema: &Schema<'_>) -> BTreeMap<String, String> {
    let graph = Graph::new(schema);
    let mut pages = BTreeMap::from([
        ("README.md".to_owned(), first(schema)),
        ("objects.md".to_owned(), objects(schema)),
    ]);
    pages.extend(mermaid::files(schema));
    for table in schema.tables.values() {
        let file = file_name(&table.name);
        let near = graph.around(&schema.tables[&table.name].name, 1, NEAR_MAX);
        let has_picture = near.len() > 1;
        if has_picture {
            let title = format!("{} and the tables next to it", table.name);
            let link = |name: &QualifiedName| format!("{}.md", file_name(name));
            let svg = draw(schema, &near, Some(&table.name), Detail::Columns, &title, &link);
            pages.insert(format!("tables/{file}.svg"), svg + "\n");
        }
        pages.insert(format!("tables/{file}.md"), page(schema, table, has_picture));
    }
    pages
}

// Writing to a String cannot fail, here and below.
fn first(schema: &Schema<'_>) -> String {
    let mut out = format!(
        "# {}\n\n| table | columns | comment |\n| --- | ---: | --- |\n",
        schema.title
    );
    for table in schema.tables.values() {
        let file = file_name(&table.name);
        let _ = writeln!(
            out,
            "| [{}](tables/{file}.md) | {} | {} |",
            cell(&table.name.to_string()),
            table.columns.len(),
            cell(table.comment())
        );
    }
    out.push_str("\nEverything else: [views, functions, types](objects.md).\n");
    out
}

fn page(schema: &Schema<'_>, table: &Table<'_>, has_picture: bool) -> String {
    let mut out = format!("# {}\n", table.name);
    if !table.comment().is_empty() {
        let _ = writeln!(out, "\n{}", table.comment());
    }
    out.push_str("\n| column | type | null | default | comment |\n| --- | --- | --- | --- | --- |\n");
    for column in table.columns {
        let key = if column.in_primary_key { " **key**" } else { "" };
        let _ = writeln!(
            out,
            "| {}{key} | {} | {} | {} | {} |",
            code(&column.name),
            code(&column.type_name),
            if column.not_null { "no" } else { "yes" },
            code(column.default.as_deref().unwrap_or_default()),
            cell(column.comment.as_deref().unwrap_or_default())
        );
    }
    if has_picture {
        let _ = writeln!(
            out,
            "\n![The tables next to {}]({}.svg)",
            table.name,
            file_name(&table.name)
        );
    }
    for (heading, list) in [
        ("Points to", &table.references),
        ("Pointed to by", &table.referenced_by),
    ] {
        if !list.is_empty() {
            let _ = writeln!(out, "\n## {heading}\n");
        }
        for r in list {
            let other = if heading == "Points to" {
                &r.target
            } else {
                &r.table
            };
            let (from, to) = (r.columns.join(", "), r.target_columns.join(", "));
            let _ = writeln!(
                out,
                "- [{other}]({}.md): {} to {}",
                file_name(other),
                code(&from),
                code(&to)
            );
        }
    }
    for (kind, heading) in [
        (Kind::Constraint, "Constraints"),
        (Kind::Index, "Indexes"),
        (Kind::Trigger, "Triggers"),
        (Kind::Policy, "Policies"),
    ] {
        let parts = schema.parts(table, kind);
        if !parts.is_empty() {
            let _ = writeln!(out, "\n## {heading}\n");
        }
        for (id, facts) in parts {
            let _ = writeln!(out, "- {}: {}", code(id.name.as_str()), code(&definition(facts)));
        }
    }
    partitions(table, &mut out);
    out
}

fn partitions(table: &Table<'_>, out: &mut String) {
    if table.partitions.is_empty() {
        return;
    }
    out.push_str("\n## Partitions\n\n");
    for (name, bound) in &table.partitions {
        let _ = writeln!(out, "- {}: {}", code(name), code(bound));
    }
}

fn objects(schema: &Schema<'_>) -> String {
    let mut out = "# Views, functions, types\n".to_owned();
    for kind in Kind::ALL {
        let inside = [
            Kind::Table,
            Kind::Column,
            Kind::Constraint,
            Kind::Index,
            Kind::Trigger,
            Kind::Policy,
            Kind::Rule,
        ];
        let objects = schema.all(kind);
        if inside.contains(&kind) || objects.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n## {kind}\n");
        for (id, facts) in objects {
            let told = definition(facts);
            if told.contains('\n') {
                let _ = writeln!(out, "### {}\n\n```sql\n{told}\n```\n", code(&id.to_string()));
            } else {
                let _ = writeln!(out, "- {}: {}", code(&id.to_string()), code(&told));
            }
        }
    }
    out
}

/// Text in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Code in a line, in as many back quotes as it needs.
pub(super) fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{}{fence}", cell(text))
}
