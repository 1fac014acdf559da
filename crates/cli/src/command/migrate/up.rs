//! `ponte migrate up`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::migrate::{Event, UpRequest};
use ponte_schema::migration::Revision;
use serde::Serialize;

use super::{Named, forecast, migrations, progress, revision, target};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Stop after this revision
    #[arg(long, value_name = "REV", value_parser = revision)]
    to: Option<Revision>,
    /// Apply files whose number is lower than one that is applied already
    #[arg(long)]
    allow_late: bool,
    /// Print the SQL that would be run, with the locks it would take, and run nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Done {
    applied: Vec<Named>,
    /// Repeatable files that were run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repeated: Vec<String>,
}

impl Report for Done {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.applied.last() {
            None if self.repeated.is_empty() => writeln!(out, "nothing to apply")?,
            None => {}
            Some(last) => writeln!(
                out,
                "{} applied, now at {}",
                migrations(self.applied.len()),
                last.revision
            )?,
        }
        match self.repeated.len() {
            0 => Ok(()),
            1 => writeln!(out, "1 repeatable file run"),
            count => writeln!(out, "{count} repeatable files run"),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let files = target::files(context)?;
    let mut migrator = target::migrator(context, servers).await?;
    let request = UpRequest {
        to: args.to.clone(),
        allow_late: args.allow_late,
    };
    if args.dry_run {
        let foreseen = migrator.foresee(&files, &request).await?;
        context.print(&forecast::Shown::new(foreseen))?;
        return Ok(Verdict::Clean);
    }
    let mut repeated = Vec::new();
    let mut observer = |event: Event<'_>| {
        if let Event::Repeated { name, .. } = &event {
            repeated.push((*name).to_owned());
        }
        progress::tell(context, &event);
    };
    let applied = migrator.up(&files, &request, &mut observer).await?;
    context.print(&Done {
        applied: applied.into_iter().map(Named::from).collect(),
        repeated,
    })?;
    Ok(Verdict::Clean)
}
