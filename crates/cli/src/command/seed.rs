//! `ponte seed`: rows for a database to begin with.

use std::io::{self, Write};

use ponte_engine::config::{Choice, Origin, Secret, Sourced, TableName};
use ponte_engine::seed::{self, Filled, FilledTable, Filling, Request, Seeded};
use ponte_engine::servers::Servers;
use ponte_pg::Session;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::{Report, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Apply files that were applied before and have not changed, too
    #[arg(long, conflicts_with_all = ["rows", "table", "seed", "sizes_from"])]
    again: bool,
    /// Make up so many rows for every table, instead of applying files; with --sizes-from the most for one table
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
    /// Only this table, and what it cannot do without; with its own number of rows
    #[arg(long, value_name = "TABLE[=N]", value_parser = wanted)]
    table: Vec<Wanted>,
    /// The same number makes up the same rows
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// As many rows as the tables of that database have
    #[arg(long, value_name = "NODE|URL")]
    sizes_from: Option<String>,
}

/// A table with a number of rows.
#[derive(Debug, Clone)]
struct Wanted {
    table: ponte_schema::QualifiedName,
    rows: Option<u64>,
}

fn wanted(text: &str) -> Result<Wanted, String> {
    let (name, rows) = match text.rsplit_once('=') {
        Some((name, rows)) => {
            let rows = rows
                .parse()
                .map_err(|_| format!("{rows:?} is no number of rows"))?;
            (name, Some(rows))
        }
        None => (text, None),
    };
    let TableName(table) = name.parse()?;
    Ok(Wanted { table, rows })
}

/// Files that were applied.
#[derive(Debug, Serialize)]
struct Applied {
    applied: Vec<String>,
    changed: Vec<String>,
    unchanged: Vec<String>,
}

impl From<Seeded> for Applied {
    fn from(seeded: Seeded) -> Self {
        Self {
            applied: seeded.applied,
            changed: seeded.changed,
            unchanged: seeded.unchanged,
        }
    }
}

impl Report for Applied {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for file in &self.applied {
            let again = if self.changed.contains(file) {
                "  (changed since it was applied last)"
            } else {
                ""
            };
            writeln!(out, "{file}{again}")?;
        }
        match (self.applied.len(), self.unchanged.len()) {
            (0, 0) => writeln!(out, "there are no seed files"),
            (0, unchanged) => writeln!(out, "nothing to apply: {} not changed", files(unchanged)),
            (applied, 0) => writeln!(out, "{} applied", files(applied)),
            (applied, unchanged) => writeln!(
                out,
                "{} applied, {} not changed",
                files(applied),
                files(unchanged)
            ),
        }
    }
}

fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

/// Rows that were made up.
#[derive(Debug, Serialize)]
struct MadeUp {
    seed: u64,
    rows: u64,
    duration_ms: u128,
    tables: Vec<Table>,
}

#[derive(Debug, Serialize)]
struct Table {
    table: String,
    rows: u64,
    rows_wanted: u64,
    limited_by: Option<String>,
}

impl From<FilledTable> for Table {
    fn from(filled: FilledTable) -> Self {
        Self {
            table: filled.table.to_string(),
            rows: filled.rows,
            rows_wanted: filled.wanted,
            limited_by: filled.limited_by,
        }
    }
}

impl Report for MadeUp {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let line = |t: &Table| {
            let why = t
                .limited_by
                .as_ref()
                .map(|key| format!("of {}: {key} allows no more", t.rows_wanted));
            [t.table.clone(), t.rows.to_string(), why.unwrap_or_default()]
        };
        writeln!(
            out,
            "{}",
            table(["table", "rows", ""], self.tables.iter().map(line))
        )?;
        writeln!(
            out,
            "\n{} rows in {} ms; ponte seed --seed {} makes the same ones",
            self.rows, self.duration_ms, self.seed
        )
    }
}

/// The seed where nobody names one.
const SEED_BY_DEFAULT: u64 = 1;

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    let servers = Servers::new(context.config()?);
    let outcome = with_servers(args, context, &servers).await;
    let left = servers.leave().await;
    let verdict = outcome?;
    left?;
    Ok(verdict)
}

async fn with_servers(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let makes_up = args.rows.is_some() || !args.table.is_empty() || args.sizes_from.is_some();
    if args.seed.is_some() && !makes_up {
        return Err(Diagnostic::new(
            Code::Usage,
            "--seed is about made-up rows, and none are asked for",
        )
        .hint("say how many: ponte seed --rows 100 --seed 7")
        .into());
    }
    let session = servers
        .database_session(&context.database()?, "ponte seed")
        .await?;
    if makes_up {
        make_up(args, context, servers, &session).await
    } else {
        let seeded = seed::apply(&session, &context.config()?.seeds(), args.again).await?;
        context.print(&Applied::from(seeded))?;
        Ok(Verdict::Clean)
    }
}

async fn make_up(
    args: &Args,
    context: &Context,
    servers: &Servers,
    session: &Session,
) -> Result<Verdict, Failure> {
    let clock = std::time::Instant::now();
    let mut request = Request {
        seed: args.seed.unwrap_or(SEED_BY_DEFAULT),
        rows: args.rows,
        tables: args.table.iter().map(|w| (w.table.clone(), w.rows)).collect(),
        ..Request::default()
    };
    if let Some(other) = &args.sizes_from {
        let other = context.config()?.database(&choice(other))?;
        let other = servers.database_session(&other, "ponte seed").await?;
        request = seed::with_sizes_of(&other, request).await?;
    }
    let seed = request.seed;
    let filling = Filling::prepare(session, request).await?;
    if !may_fill(context, &filling)? {
        context.note("nothing was written");
        return Ok(Verdict::Clean);
    }
    let Filled { tables } = filling.run(session).await?;
    context.print(&MadeUp {
        seed,
        rows: tables.iter().map(|t| t.rows).sum(),
        duration_ms: clock.elapsed().as_millis(),
        tables: tables.into_iter().map(Table::from).collect(),
    })?;
    Ok(Verdict::Clean)
}

fn choice(text: &str) -> Choice {
    let origin = Origin::Flag("--sizes-from");
    if text.contains("://") || text.contains('=') {
        Choice::Url(Sourced::new(Secret::new(text), origin))
    } else {
        Choice::Node(Sourced::new(text.to_owned(), origin))
    }
}

/// Asks before made-up rows get among real ones.
fn may_fill(context: &Context, filling: &Filling) -> Result<bool, Failure> {
    let full: Vec<String> = filling.with_rows().map(ToString::to_string).collect();
    let Some(first) = full.first() else {
        return Ok(true);
    };
    let named = match full.len() {
        1 => first.clone(),
        2 => full.join(" and "),
        count => format!("{first} and {} other tables", count - 1),
    };
    context.confirm(&format!(
        "Add made-up rows to {named}, where there are rows already?"
    ))
}
