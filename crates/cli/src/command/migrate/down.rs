//! `ponte migrate down`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::migrate::{DataLoss, Event, Migrator};
use ponte_schema::migration::plan::{DownTo, label};
use ponte_schema::migration::{Migration, Revision};
use serde::Serialize;

use super::patience::Patience;
use super::{Named, migrations, progress, revision, target};
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many migrations to undo, the newest first [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "to")]
    steps: Option<usize>,
    /// Undo everything above this revision; 0 for everything
    #[arg(long, value_name = "REV", value_parser = revision)]
    to: Option<Revision>,
    #[command(flatten)]
    patience: Patience,
}

#[derive(Debug, Serialize)]
struct Done {
    undone: Vec<Named>,
    /// What was in the tables and columns that were dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    destroyed: Vec<Destroyed>,
}

/// Data in something that a DOWN part drops.
#[derive(Debug, Serialize)]
pub(super) struct Destroyed {
    table: String,
    column: Option<String>,
    rows: i64,
    /// The server's estimate, because counting took too long.
    estimated: bool,
}

impl From<DataLoss> for Destroyed {
    fn from(loss: DataLoss) -> Self {
        Self {
            table: loss.table.to_string(),
            column: loss.column,
            rows: loss.rows,
            estimated: loss.estimated,
        }
    }
}

impl Destroyed {
    /// «users (3 rows)», «users.nick (about 200 values)».
    fn words(&self) -> String {
        let about = if self.estimated { "about " } else { "" };
        let Self { table, rows, .. } = self;
        match &self.column {
            None if *rows == 1 => format!("{table} ({about}1 row)"),
            None => format!("{table} ({about}{rows} rows)"),
            Some(column) if *rows == 1 => format!("{table}.{column} ({about}1 value)"),
            Some(column) => format!("{table}.{column} ({about}{rows} values)"),
        }
    }
}

impl Report for Done {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.undone.len() {
            0 => writeln!(out, "nothing to undo"),
            count => writeln!(out, "{} undone", migrations(count)),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let to = match &args.to {
        Some(revision) => DownTo::Revision(revision.clone()),
        None => DownTo::Steps(args.steps.unwrap_or(1)),
    };
    let files = target::files(context)?;
    let mut migrator = target::patient_migrator(context, servers, &args.patience).await?;
    let planned = migrator.plan_down(&files, &to).await?;
    let destroyed = ask(context, &migrator, &planned, "Undo").await?;
    let mut observer = |event: Event<'_>| progress::tell(context, &event);
    let undone = migrator.down(&files, &to, &mut observer).await?;
    context.print(&Done {
        undone: undone.into_iter().map(Named::from).collect(),
        destroyed,
    })?;
    Ok(Verdict::Clean)
}

/// Says what would be gone, and asks whether that should happen.
pub(super) async fn ask(
    context: &Context,
    migrator: &Migrator,
    planned: &[&Migration],
    verb: &str,
) -> Result<Vec<Destroyed>, Failure> {
    if planned.is_empty() {
        return Ok(Vec::new());
    }
    let losses = migrator.data_loss(planned).await?;
    let destroyed: Vec<Destroyed> = losses.into_iter().map(Destroyed::from).collect();
    let names: Vec<String> = planned.iter().map(|m| label(&m.revision, &m.name)).collect();
    let what = destroyed
        .iter()
        .map(Destroyed::words)
        .collect::<Vec<_>>()
        .join(", ");
    let question = match what.as_str() {
        "" => format!(
            "{verb} {}? No table or column that it drops has data in it.",
            names.join(", ")
        ),
        what => format!("{verb} {}? This destroys {what}.", names.join(", ")),
    };
    if !context.confirm(&question)? {
        return Err(Diagnostic::new(Code::Unconfirmed, "nothing was undone: the answer was no").into());
    }
    if !what.is_empty() {
        context.note(format_args!("destroying {what}"));
    }
    Ok(destroyed)
}
