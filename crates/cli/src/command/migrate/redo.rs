//! `ponte migrate redo`: the newest migrations down and up again, with their files as they are now.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::migrate::{Event, UpRequest};
use ponte_schema::migration::Revision;
use ponte_schema::migration::plan::DownTo;
use serde::Serialize;

use super::down::{Destroyed, ask};
use super::patience::Patience;
use super::{Named, migrations, progress, target};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many migrations, the newest ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    steps: usize,
    #[command(flatten)]
    patience: Patience,
}

#[derive(Debug, Serialize)]
struct Done {
    undone: Vec<Named>,
    applied: Vec<Named>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    destroyed: Vec<Destroyed>,
}

impl Report for Done {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.applied.len() {
            0 => writeln!(out, "nothing to undo"),
            count => writeln!(out, "{} undone and applied again", migrations(count)),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let files = target::files(context)?;
    let mut migrator = target::patient_migrator(context, servers, &args.patience).await?;
    let history = migrator.applied().await?;
    let applied: Vec<Revision> = history.into_iter().map(|row| row.revision).collect();
    // What is pending stays pending.
    let files = files.only(&applied).only_repeatables(&[]);
    let to = DownTo::Steps(args.steps);
    let planned = migrator.plan_down(&files, &to).await?;
    // What would keep the second half from running has to be known before the first.
    let undone: Vec<&Revision> = planned.iter().map(|file| &file.revision).collect();
    let staying = files.only(applied.iter().filter(|revision| !undone.contains(revision)));
    migrator.is_up(&staying, &UpRequest::default()).await?;
    let destroyed = ask(context, &migrator, &planned, "Redo").await?;
    let mut observer = |event: Event<'_>| progress::tell(context, &event);
    let undone = migrator.down(&files, &to, &mut observer).await?;
    let again = migrator.up(&files, &UpRequest::default(), &mut observer).await?;
    context.print(&Done {
        undone: undone.into_iter().map(Named::from).collect(),
        applied: again.into_iter().map(Named::from).collect(),
        destroyed,
    })?;
    Ok(Verdict::Clean)
}
