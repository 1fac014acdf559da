//! `ponte migrate lint`.

mod files;
mod github;
mod sarif;
mod text;

use std::io::{self, Write};

use clap::ValueEnum;
use ponte_engine::config::Choice;
use ponte_engine::lint::{Chosen, Database, Linted, lint};
use ponte_engine::servers::Servers;
use ponte_schema::lint::{Finding, Severity};
use ponte_schema::migration::Revision;
use serde::Serialize;

use super::{revision, target};
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;
use files::Files;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files to look at, or a directory of them. Without any: what is pending in the database that --database-url or --node names, else
    /// every file of the project
    #[arg(value_name = "FILE")]
    files: Vec<std::path::PathBuf>,
    /// Look at the files after this revision
    #[arg(long, value_name = "REV", value_parser = revision, conflicts_with = "files")]
    base: Option<Revision>,
    /// Start no server: judge by the words alone, which know no types, functions or earlier files
    #[arg(long = "static")]
    words_only: bool,
    /// The lowest severity that ends with exit code 1
    #[arg(long, value_name = "SEVERITY", value_enum, default_value = "warning")]
    fail_on: Level,
    /// Print for another program: SARIF 2.1.0, or annotations of GitHub's workflows
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Tool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Note,
    Warning,
    Error,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Note => Self::Note,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tool {
    Sarif,
    Github,
}

#[derive(Debug, Serialize)]
struct Shown {
    findings: Vec<Line>,
    /// How many migrations were looked at.
    migrations: usize,
    /// Whether they were run on a server of our own; else the words alone were judged.
    observed: bool,
    /// Whether the sizes of a live database were known.
    sized: bool,
}

#[derive(Debug, Serialize)]
struct Line {
    rule: &'static str,
    severity: &'static str,
    file: String,
    line: u32,
    column: u32,
    message: String,
    suggestion: Option<String>,
    /// What the server was seen doing.
    observed: Vec<String>,
    /// Of the table that it is about, in the live database.
    #[serde(skip_serializing_if = "Option::is_none")]
    table_rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_bytes: Option<u64>,
    #[serde(skip)]
    weight: Severity,
    /// The line of the file that it is about.
    #[serde(skip)]
    source: String,
}

impl Line {
    fn new(finding: Finding, files: &Files) -> Self {
        Self {
            rule: finding.rule,
            severity: finding.severity.word(),
            source: files.line(&finding.file, finding.position.line),
            file: files.shown(&finding.file),
            line: finding.position.line,
            column: finding.position.column,
            message: finding.message,
            suggestion: finding.suggestion,
            observed: finding.observed,
            table_rows: finding.size.as_ref().map(|size| size.rows),
            table_bytes: finding.size.as_ref().map(|size| size.bytes),
            weight: finding.severity,
        }
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        text::write(self, out)
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    if args.format == Some(Tool::Github) && context.is_json() {
        return Err(Diagnostic::new(Code::Usage, "cannot print annotations as JSON")
            .hint("leave out --output json or --format github")
            .into());
    }
    let files = Files::read(&args.files, context)?;
    let chosen = match (&args.base, files.chosen()) {
        (Some(base), _) => Chosen::After(base.clone()),
        (None, Some(revisions)) => Chosen::These(revisions),
        (None, None) => Chosen::Pending,
    };
    let sized = context.choice()? != Choice::Unsaid;
    let linted = linted(args, context, servers, &files, &chosen, sized).await?;
    let shown = Shown {
        migrations: linted.migrations,
        observed: !args.words_only,
        sized,
        findings: linted
            .findings
            .into_iter()
            .map(|finding| Line::new(finding, &files))
            .collect(),
    };
    match args.format {
        None => context.print(&shown)?,
        Some(Tool::Sarif) => context.print(&sarif::Log::new(&shown))?,
        Some(Tool::Github) => context.print(&github::Annotations(&shown))?,
    }
    let fails = Severity::from(args.fail_on);
    Ok(Verdict::found(
        shown.findings.iter().any(|line| line.weight >= fails),
    ))
}

/// A database is only asked where the command line names one: what is about to be applied somewhere is also linted where no server is near.
async fn linted(
    args: &Args,
    context: &Context,
    servers: &Servers,
    files: &Files,
    chosen: &Chosen,
    sized: bool,
) -> Result<Linted, Failure> {
    let observe = !args.words_only;
    if !sized {
        return Ok(lint(servers, files.set(), chosen, None, observe).await?);
    }
    let migrator = target::migrator(context, servers).await?;
    let session = servers
        .database_session(&context.database()?, "ponte migrate lint")
        .await?;
    let database = Database {
        migrator: &migrator,
        session: &session,
    };
    Ok(lint(servers, files.set(), chosen, Some(database), observe).await?)
}
