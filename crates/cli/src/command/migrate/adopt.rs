//! `ponte migrate adopt`.

use std::io::{self, Write};
use std::path::PathBuf;

use ponte_engine::adopt::{Adoption, Outcome, Places, Wish, adopt};
use ponte_engine::servers::Servers;
use ponte_schema::adopt::Tool;
use serde::Serialize;

use super::{migrations, target};
use crate::command::verify::Line;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tool that has migrated this database so far: alembic, flyway, dbmate, golang-migrate, sqlx, goose, refinery,
    /// rails, prisma or atlas [default: the one whose table is there]
    #[arg(long, value_name = "TOOL", value_parser = tool)]
    from: Option<Tool>,
    /// The name of the tool's table, SCHEMA.NAME or NAME, where it was configured to have another one
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// A directory or file of the tool's; may be given several times [default: where the tool usually keeps them]
    #[arg(long, value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Take over although the database differs from what the files make
    #[arg(long)]
    accept_differences: bool,
    /// Read, convert and prove, but write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    adopted: bool,
    from: &'static str,
    table: String,
    written: Vec<Written>,
    recorded: Vec<String>,
    pending: Vec<String>,
    notes: Vec<String>,
    differences: Vec<Line>,
    #[serde(skip)]
    outcome: Outcome,
}

#[derive(Debug, Serialize)]
struct Written {
    file: String,
    from: String,
}

impl Shown {
    fn new(adoption: Adoption) -> Self {
        let written = adoption.written.into_iter();
        Self {
            adopted: matches!(adoption.outcome, Outcome::Adopted | Outcome::Already),
            from: adoption.tool.word(),
            table: adoption.table,
            written: written.map(|(file, from)| Written { file, from }).collect(),
            recorded: adoption.recorded,
            pending: adoption.pending,
            notes: adoption.notes,
            differences: adoption.drifts.into_iter().map(Line::from).collect(),
            outcome: adoption.outcome,
        }
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} has kept its history in {}", self.from, self.table)?;
        for written in &self.written {
            writeln!(out, "  new file  {}  (from {})", written.file, written.from)?;
        }
        for label in &self.recorded {
            writeln!(out, "  applied   {label}")?;
        }
        for label in &self.pending {
            writeln!(out, "  pending   {label}")?;
        }
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        let count = migrations(self.recorded.len());
        if self.differences.is_empty() {
            writeln!(
                out,
                "proved: {count} replayed, and the database is what they make"
            )?;
        } else {
            writeln!(out, "\nthe database is not what the {count} make:")?;
            self.differences.iter().try_for_each(|line| line.write(out))?;
            writeln!(out)?;
        }
        match self.outcome {
            Outcome::Adopted => writeln!(
                out,
                "taken over: {count} recorded, {} pending; {} is as it was",
                self.pending.len(),
                self.table
            ),
            Outcome::Already => writeln!(out, "nothing to do: it was taken over before"),
            Outcome::DryRun => writeln!(out, "nothing was written: this was a dry run"),
            Outcome::Refused => writeln!(
                out,
                "nothing was written; bring database and files together, or add --accept-differences"
            ),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let config = context.config()?;
    let mut migrator = target::migrator(context, servers).await?;
    let database = context.database()?;
    let session = servers.database_session(&database, "ponte migrate adopt").await?;
    let wish = Wish {
        from: args.from,
        table: args.table.clone(),
        files: args.files.clone(),
        accept_differences: args.accept_differences,
        dry_run: args.dry_run,
    };
    let directory = config.migrations();
    let places = Places {
        root: config.root(),
        migrations: &directory,
    };
    let adoption = adopt(servers, &mut migrator, &session, places, &wish).await?;
    let shown = Shown::new(adoption);
    context.print(&shown)?;
    let differs = !shown.differences.is_empty() && !args.accept_differences;
    Ok(Verdict::found(differs))
}

fn tool(word: &str) -> Result<Tool, String> {
    Tool::from_word(word).ok_or_else(|| format!("it is one of: {}", Tool::ALL.map(Tool::word).join(", ")))
}
