//! Changes as a page, in Markdown or HTML: first what it is made of, then how that is written.

use std::fmt::Write as _;

use super::{Change, Changes, ColumnChange, FactChange, Fate, RelationChange, TableChange};
use crate::docs::html::{escaped, grid, inline, standalone};
use crate::docs::markdown::{cell, code};

/// A part of a page.
enum Block {
    Heading(String),
    Text(String),
    Columns(Vec<[String; 4]>),
    List(Vec<Vec<Piece>>),
}

/// A part of a line.
enum Piece {
    Text(String),
    Code(String),
}

/// A page for a repository.
pub fn render_markdown(title: &str, changes: &Changes) -> String {
    let mut out = format!("# {title}\n");
    // Writing to a String cannot fail, here and below.
    for block in blocks(changes) {
        let _ = match block {
            Block::Heading(heading) => writeln!(out, "\n## {heading}"),
            Block::Text(text) => writeln!(out, "\n{text}"),
            Block::Columns(rows) => {
                out.push_str("\n| column | | before | now |\n| --- | --- | --- | --- |\n");
                rows.iter().try_for_each(|[name, fate, before, now]| {
                    writeln!(
                        out,
                        "| {} | {} | {} | {} |",
                        code(name),
                        cell(fate),
                        code(before),
                        code(now)
                    )
                })
            }
            Block::List(lines) => {
                out.push('\n');
                lines.iter().try_for_each(|line| {
                    let pieces = line.iter().map(|piece| match piece {
                        Piece::Text(text) => cell(text),
                        Piece::Code(text) => code(text),
                    });
                    writeln!(out, "- {}", pieces.collect::<String>())
                })
            }
        };
    }
    out
}

/// A page for a browser, whole in itself.
pub fn render_html(title: &str, changes: &Changes) -> String {
    let mut body = String::new();
    for block in blocks(changes) {
        let _ = match block {
            Block::Heading(heading) => writeln!(body, "<h2>{}</h2>", escaped(&heading)),
            Block::Text(text) => writeln!(body, "<p>{}</p>", escaped(&text)),
            Block::Columns(rows) => writeln!(body, "{}", html_columns(&rows)),
            Block::List(lines) => {
                let line = |line: &Vec<Piece>| {
                    let pieces = line.iter().map(|piece| match piece {
                        Piece::Text(text) => escaped(text),
                        Piece::Code(text) => inline(text),
                    });
                    format!("<li>{}</li>", pieces.collect::<String>())
                };
                writeln!(body, "<ul>{}</ul>", lines.iter().map(line).collect::<String>())
            }
        };
    }
    standalone(title, &body)
}

fn html_columns(rows: &[[String; 4]]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|[name, fate, before, now]| vec![inline(name), escaped(fate), inline(before), inline(now)])
        .collect();
    grid("Columns", &["column", "", "before", "now"], &rows)
}

fn blocks(changes: &Changes) -> Vec<Block> {
    if changes.is_empty() {
        return vec![Block::Text("Nothing has changed.".to_owned())];
    }
    let mut blocks = vec![Block::Text(summary(changes))];
    for table in &changes.tables {
        table_blocks(table, &mut blocks);
    }
    if !changes.objects.is_empty() {
        blocks.push(Block::Heading("Everything else".to_owned()));
        blocks.push(Block::List(changes.objects.iter().flat_map(lines).collect()));
    }
    blocks
}

/// «Tables: 1 new, 2 changed. Other objects: 3.»
fn summary(changes: &Changes) -> String {
    let count = |fate| changes.tables.iter().filter(|table| table.fate == fate).count();
    let parts = [
        (count(Fate::New), "new"),
        (count(Fate::Changed), "changed"),
        (count(Fate::Gone), "gone"),
    ];
    let tables: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let tables = if tables.is_empty() {
        "none".to_owned()
    } else {
        tables.join(", ")
    };
    format!("Tables: {tables}. Other objects: {}.", changes.objects.len())
}

fn table_blocks(table: &TableChange, blocks: &mut Vec<Block>) {
    let heading = match table.fate {
        Fate::New => format!("New table {}", table.name),
        Fate::Changed => format!("Table {}", table.name),
        Fate::Gone => format!("Table {}: gone", table.name),
    };
    blocks.push(Block::Heading(heading));
    if let Some(comment) = table.comment.as_ref().filter(|_| table.fate != Fate::Changed) {
        blocks.push(Block::Text(comment.clone()));
    }
    if !table.columns.is_empty() {
        blocks.push(Block::Columns(table.columns.iter().map(column).collect()));
    }
    let mut list: Vec<Vec<Piece>> = table.facts.iter().map(fact_line).collect();
    list.extend(table.relations.iter().map(relation));
    list.extend(table.parts.iter().flat_map(lines));
    if !list.is_empty() {
        blocks.push(Block::List(list));
    }
}

fn column(column: &ColumnChange) -> [String; 4] {
    let mut fate = column.fate.word().to_owned();
    if let Some(comment) = &column.comment {
        fate = format!("{fate}: {comment}");
    }
    let or_nothing = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        column.name.clone(),
        fate,
        or_nothing(&column.before),
        or_nothing(&column.now),
    ]
}

fn relation(relation: &RelationChange) -> Vec<Piece> {
    let mut line = vec![Piece::Text(format!("{} relation ", relation.fate.word()))];
    let ways = [&relation.before, &relation.now];
    for (index, way) in ways.into_iter().flatten().enumerate() {
        if index > 0 {
            line.push(Piece::Text(" is now ".to_owned()));
        }
        line.push(Piece::Code(way.clone()));
    }
    line
}

/// An object in a line, or one line for each fact.
fn lines(change: &Change) -> Vec<Vec<Piece>> {
    let head = || format!("{} {} ", change.fate.word(), change.kind);
    if change.facts.is_empty() {
        let mut line = vec![Piece::Text(head()), Piece::Code(change.name.clone())];
        let told = change
            .summary
            .as_ref()
            .filter(|summary| is_short(summary) && *summary != "present");
        if let Some(summary) = told {
            line.push(Piece::Text(": ".to_owned()));
            line.push(Piece::Code(summary.clone()));
        }
        return vec![line];
    }
    let line = |fact: &FactChange| {
        let mut line = vec![
            Piece::Text(head()),
            Piece::Code(change.name.clone()),
            Piece::Text(", ".to_owned()),
        ];
        line.extend(fact_line(fact));
        line
    };
    change.facts.iter().map(line).collect()
}

fn fact_line(fact: &FactChange) -> Vec<Piece> {
    let values = [&fact.before, &fact.now];
    if values.into_iter().flatten().any(|value| !is_short(value)) {
        return vec![Piece::Text(format!("{}: another one", fact.fact))];
    }
    let value = |value: &Option<String>| match value {
        Some(value) => Piece::Code(value.clone()),
        None => Piece::Text("nothing".to_owned()),
    };
    vec![
        Piece::Text(format!("{}: ", fact.fact)),
        value(&fact.before),
        Piece::Text(" is now ".to_owned()),
        value(&fact.now),
    ]
}

/// What fits a line. The text of a function does not help a reader here.
fn is_short(text: &str) -> bool {
    !text.contains('\n') && text.chars().count() <= 300
}
