//! `ponte migrate new`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use ponte_engine::diff::{Diff, Source};
use ponte_engine::servers::Servers;
use ponte_pg::migrate::read_directory;
use ponte_schema::migration::{MigrationSet, new_file, with_parts};
use ponte_schema::plan::Plan;
use serde::Serialize;

use super::diff::How;
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What it does, like add_users_email
    #[arg(value_name = "NAME", required = true)]
    name: Vec<String>,
    /// Fill it with what leads from the migrations to this schema, and back: a .sql file, a directory of them, or a database URL
    #[arg(long, value_name = "F")]
    diff: Option<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Serialize)]
struct Created {
    revision: String,
    file: String,
}

impl Report for Created {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.file)
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let directory = context.config()?.migrations();
    let existing = if directory.exists() {
        read_directory(&directory)?
    } else {
        MigrationSet::default()
    };
    let now = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
    let mut new = new_file(&existing, &args.name.join(" "), &now).map_err(ponte_pg::Error::from)?;
    if let Some(to) = &args.diff {
        let to = super::diff::source(context, Some(to))?;
        let from = Source::Files(existing);
        let found = args.how.compare(context, servers, (&from, &to), true).await?;
        if found.plan.is_empty() {
            context.note("nothing to write: the migrations lead to this schema already");
            return Ok(Verdict::Clean);
        }
        for candidate in &found.candidates {
            context.note(format_args!(
                "perhaps {} is only renamed: --rename {}={}",
                candidate.object, candidate.object, candidate.name
            ));
        }
        new.text = with_both_ways(&found);
    }
    let path = directory.join(&new.file);
    write(&path, &new.text).map_err(|e| {
        Diagnostic::new(Code::Usage, "cannot create the migration file")
            .with("file", path.display())
            .because(&e)
    })?;
    context.print(&Created {
        revision: new.revision.to_string(),
        file: path.display().to_string(),
    })?;
    Ok(Verdict::Clean)
}

/// UP, and DOWN with what it cannot bring back said above it.
fn with_both_ways(found: &Diff) -> String {
    let mut down = String::new();
    for step in found.plan.steps() {
        if let Some(loses) = step.loses {
            down.push_str(&format!("-- does not bring back {loses} ({})\n", step.object));
        }
    }
    down.push_str(&found.reverse.as_ref().map(Plan::to_sql).unwrap_or_default());
    with_parts(&found.plan.to_sql(), &down)
}

/// Never over a file that is there.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}
