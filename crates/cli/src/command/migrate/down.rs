//! `ponte migrate down`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_schema::migration::Revision;
use ponte_schema::migration::plan::{DownTo, label};
use serde::Serialize;

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
}

#[derive(Debug, Serialize)]
struct Done {
    undone: Vec<Named>,
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
    let mut migrator = target::migrator(context, servers).await?;
    let planned = migrator.plan_down(&files, &to).await?;
    if !planned.is_empty() {
        let names: Vec<String> = planned.iter().map(|m| label(&m.revision, &m.name)).collect();
        let question = format!(
            "Undo {}? What it made is dropped with its data.",
            names.join(", ")
        );
        if !context.confirm(&question)? {
            return Err(Diagnostic::new(Code::Unconfirmed, "nothing was undone: the answer was no").into());
        }
    }
    let mut observer = |event: ponte_pg::migrate::Event<'_>| progress::tell(context, &event);
    let undone = migrator.down(&files, &to, &mut observer).await?;
    context.print(&Done {
        undone: undone.into_iter().map(Named::from).collect(),
    })?;
    Ok(Verdict::Clean)
}
