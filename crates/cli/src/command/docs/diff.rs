//! `ponte docs diff`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use ponte_engine::diff::Source;
use ponte_engine::docs;
use ponte_engine::servers::Servers;
use ponte_pg::migrate::read_directory;
use ponte_schema::docs::changes::{
    Change, Changes, ColumnChange, FactChange, RelationChange, TableChange, render_html, render_markdown,
};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The earlier version: a revision, a directory of migrations, a .sql file, or a database URL
    #[arg(value_name = "OLD")]
    old: String,
    /// The later version
    #[arg(value_name = "NEW")]
    new: String,
    /// In what form
    #[arg(long, value_enum, default_value_t = Form::Markdown)]
    format: Form,
    /// Write it into this file instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// For a repository or a pull request
    Markdown,
    /// One page for a browser, which needs nothing from elsewhere
    Html,
}

#[derive(Debug, Serialize)]
struct Shown {
    equal: bool,
    tables: Vec<TableLine>,
    objects: Vec<ObjectLine>,
    /// The file that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct TableLine {
    table: String,
    /// `new`, `changed` or `gone`, here and below.
    fate: &'static str,
    comment: Option<String>,
    facts: Vec<FactLine>,
    columns: Vec<ColumnLine>,
    relations: Vec<RelationLine>,
    parts: Vec<ObjectLine>,
}

#[derive(Debug, Serialize)]
struct ColumnLine {
    column: String,
    fate: &'static str,
    before: Option<String>,
    now: Option<String>,
    comment: Option<String>,
}

#[derive(Debug, Serialize)]
struct RelationLine {
    constraint: String,
    fate: &'static str,
    before: Option<String>,
    now: Option<String>,
}

#[derive(Debug, Serialize)]
struct ObjectLine {
    kind: &'static str,
    object: String,
    fate: &'static str,
    summary: Option<String>,
    facts: Vec<FactLine>,
}

#[derive(Debug, Serialize)]
struct FactLine {
    fact: String,
    before: Option<String>,
    now: Option<String>,
}

impl From<TableChange> for TableLine {
    fn from(table: TableChange) -> Self {
        Self {
            table: table.name.to_string(),
            fate: table.fate.word(),
            comment: table.comment,
            facts: table.facts.into_iter().map(FactLine::from).collect(),
            columns: table.columns.into_iter().map(ColumnLine::from).collect(),
            relations: table.relations.into_iter().map(RelationLine::from).collect(),
            parts: table.parts.into_iter().map(ObjectLine::from).collect(),
        }
    }
}

impl From<ColumnChange> for ColumnLine {
    fn from(column: ColumnChange) -> Self {
        Self {
            column: column.name,
            fate: column.fate.word(),
            before: column.before,
            now: column.now,
            comment: column.comment,
        }
    }
}

impl From<RelationChange> for RelationLine {
    fn from(relation: RelationChange) -> Self {
        Self {
            constraint: relation.name,
            fate: relation.fate.word(),
            before: relation.before,
            now: relation.now,
        }
    }
}

impl From<Change> for ObjectLine {
    fn from(change: Change) -> Self {
        Self {
            kind: change.kind.word(),
            object: change.name,
            fate: change.fate.word(),
            summary: change.summary,
            facts: change.facts.into_iter().map(FactLine::from).collect(),
        }
    }
}

impl From<FactChange> for FactLine {
    fn from(fact: FactChange) -> Self {
        Self {
            fact: fact.fact,
            before: fact.before,
            now: fact.now,
        }
    }
}

impl Shown {
    fn new(changes: Changes, file: Option<String>, text: String) -> Self {
        Self {
            equal: changes.is_empty(),
            tables: changes.tables.into_iter().map(TableLine::from).collect(),
            objects: changes.objects.into_iter().map(ObjectLine::from).collect(),
            file,
            text,
        }
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.file {
            Some(file) => writeln!(out, "{file}"),
            None => out.write_all(self.text.as_bytes()),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let (old, new) = (source(&args.old, context)?, source(&args.new, context)?);
    let changes = docs::changes(servers, &old, &new).await?;
    let title = format!("What is different in {}", context.config()?.name());
    let text = match args.format {
        Form::Markdown => render_markdown(&title, &changes),
        Form::Html => render_html(&title, &changes),
    };
    let directory = context.directory()?;
    let file = args.out.as_ref().map(|file| directory.join(file));
    if let Some(file) = &file {
        docs::write_page(file, &text)?;
    }
    let shown = Shown::new(changes, file.map(|file| file.display().to_string()), text);
    context.print(&shown)?;
    Ok(Verdict::found(!shown.equal))
}

fn source(text: &str, context: &Context) -> Result<Source, Failure> {
    let config = context.config()?;
    let files = || Ok(read_directory(&config.migrations())?);
    Ok(docs::version(text, &context.directory()?, files)?)
}
