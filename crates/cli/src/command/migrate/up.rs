//! `ponte migrate up`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::migrate::UpRequest;
use ponte_schema::migration::Revision;
use serde::Serialize;

use super::{Named, migrations, progress, revision, target};
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
}

#[derive(Debug, Serialize)]
struct Done {
    applied: Vec<Named>,
}

impl Report for Done {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.applied.last() {
            None => writeln!(out, "nothing to apply"),
            Some(last) => {
                writeln!(
                    out,
                    "{} applied, now at {}",
                    migrations(self.applied.len()),
                    last.revision
                )
            }
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
    let mut observer = |event: ponte_pg::migrate::Event<'_>| progress::tell(context, &event);
    let applied = migrator.up(&files, &request, &mut observer).await?;
    context.print(&Done {
        applied: applied.into_iter().map(Named::from).collect(),
    })?;
    Ok(Verdict::Clean)
}
