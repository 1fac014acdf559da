//! `ponte migrate stamp`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_schema::migration::Revision;
use serde::Serialize;

use super::{migrations, progress, revision, target};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The revision that the database is at; 0 for none
    #[arg(value_name = "REV", value_parser = revision)]
    revision: Revision,
}

#[derive(Debug, Serialize)]
struct Done {
    revision: String,
    recorded: Vec<String>,
    removed: Vec<String>,
}

impl Report for Done {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "recorded as being at {}: {} up to it, {} above it taken out of the history",
            self.revision,
            migrations(self.recorded.len()),
            migrations(self.removed.len())
        )
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let files = target::files(context)?;
    let mut migrator = target::migrator(context, servers).await?;
    let mut observer = |event: ponte_pg::migrate::Event<'_>| progress::tell(context, &event);
    let stamped = migrator.stamp(&files, &args.revision, &mut observer).await?;
    context.print(&Done {
        revision: args.revision.to_string(),
        recorded: stamped.recorded,
        removed: stamped.removed,
    })?;
    Ok(Verdict::Clean)
}
