//! `ponte migrate test`.

mod line;

use std::io::{self, Write};
use std::path::Path;

use ponte_engine::round_trip::{ROWS_BY_DEFAULT, try_out};
use ponte_engine::servers::Servers;
use ponte_schema::migration::Migration;
use serde::Serialize;

use super::{migrations, target};
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;
use line::Line;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only these migrations; those before them are applied without being tried
    #[arg(value_name = "FILES")]
    files: Vec<String>,
    /// How many made-up rows each table has on the way; 0 for empty tables
    #[arg(long, value_name = "N", default_value_t = ROWS_BY_DEFAULT, value_parser = clap::value_parser!(u64).range(..=ROWS_MAX))]
    rows: u64,
}

/// Every row is looked at three times for each migration.
const ROWS_MAX: u64 = 10_000;

#[derive(Debug, Serialize)]
struct Shown {
    ok: bool,
    /// How many made-up rows a table had.
    rows_per_table: u64,
    migrations: Vec<Line>,
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        self.migrations.iter().try_for_each(|line| line.write(out))?;
        let bad = self.migrations.iter().filter(|line| !line.is_ok()).count();
        match bad {
            0 => writeln!(out, "{} tried", migrations(self.migrations.len())),
            bad => writeln!(
                out,
                "{} tried, {bad} to correct",
                migrations(self.migrations.len())
            ),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let files = target::files(context)?;
    let named = |file: &str, migration: &Migration| {
        let name = Path::new(file)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let down = migration.down.as_ref().map(ponte_schema::migration::Script::file);
        name.is_some_and(|name| name == migration.up.file() || Some(name.as_str()) == down)
    };
    if let Some(unknown) = args
        .files
        .iter()
        .find(|file| !files.iter().any(|migration| named(file, migration)))
    {
        let error = Diagnostic::new(
            Code::Usage,
            format!("no migration of the project is in the file {unknown}"),
        );
        return Err(error
            .hint("name files of the migrations directory: ponte migrate status lists them")
            .into());
    }
    let wanted =
        |migration: &Migration| args.files.is_empty() || args.files.iter().any(|file| named(file, migration));
    let tried = try_out(servers, &files, wanted, args.rows).await?;
    let shown = Shown {
        ok: tried.iter().all(|tried| tried.outcome.is_ok()),
        rows_per_table: args.rows,
        migrations: tried.into_iter().map(Line::from).collect(),
    };
    context.print(&shown)?;
    Ok(Verdict::found(!shown.ok))
}
