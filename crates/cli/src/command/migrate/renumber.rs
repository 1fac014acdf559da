//! `ponte migrate renumber`: files from two branches, in one order.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use ponte_engine::servers::Servers;
use ponte_pg::migrate::read_files;
use ponte_schema::migration::{Rename, renumber};
use serde::Serialize;

use super::target;
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files to move to the end whatever else; the database is then not asked what is applied
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Say what would be renamed, and rename nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Done {
    dry_run: bool,
    renamed: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    from: String,
    to: String,
}

impl Report for Done {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.renamed.is_empty() {
            return writeln!(out, "every number is there once, and nothing is late");
        }
        let verb = if self.dry_run { "would rename" } else { "renamed" };
        let mut lines = self.renamed.iter();
        lines.try_for_each(|line| writeln!(out, "{verb} {} to {}", line.from, line.to))
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let directory = context.config()?.migrations();
    let files = read_files(&directory)?;
    let moved: Vec<String> = args.files.iter().map(|file| file_name(file)).collect();
    if let Some(unknown) = moved
        .iter()
        .find(|file| !files.iter().any(|(known, _)| known == *file))
    {
        return Err(
            Diagnostic::new(Code::Usage, format!("cannot renumber {unknown}: no such file"))
                .with("directory", directory.display())
                .hint("name a file of the migrations directory")
                .into(),
        );
    }
    let history = if moved.is_empty() {
        target::migrator(context, servers).await?.applied().await?
    } else {
        Vec::new()
    };
    let renames = renumber(files, &history, &moved).map_err(ponte_pg::Error::from)?;
    if !args.dry_run {
        renames
            .iter()
            .try_for_each(|rename| carry_out(&directory, rename))?;
    }
    context.print(&Done {
        dry_run: args.dry_run,
        renamed: renames
            .into_iter()
            .map(|rename| Line {
                from: rename.from,
                to: rename.to,
            })
            .collect(),
    })?;
    Ok(Verdict::Clean)
}

/// A path is fine too; only its last part counts.
fn file_name(file: &str) -> String {
    let name = Path::new(file).file_name();
    name.map_or_else(|| file.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn carry_out(directory: &Path, rename: &Rename) -> Result<(), Failure> {
    let renamed = fs::rename(directory.join(&rename.from), directory.join(&rename.to));
    renamed.map_err(|e| {
        Diagnostic::new(Code::Usage, format!("cannot rename {}", rename.from))
            .with("directory", directory.display())
            .because(&e)
            .into()
    })
}
