//! `ponte jobs run`: one job, now, in this process.

use std::io::{self, Write};

use ponte_engine::jobs::{Group, Keeper, check, this_process};
use ponte_engine::servers::Servers;
use ponte_pg::jobs::Problem;
use ponte_pg::{Error, ErrorKind};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::history::{RunLine, rows_in_words};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The job of ponte.toml
    job: String,
    /// Only check it and print what it would do
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Ran {
    run: RunLine,
}

impl Report for Ran {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows = rows_in_words(self.run.rows);
        writeln!(out, "{} in {}{rows}", self.run.in_words(), self.run.took())
    }
}

#[derive(Debug, Serialize)]
struct Planned {
    job: String,
    node: String,
    /// The statements, as they would be sent, or what else would be done.
    statements: Vec<String>,
    /// How many rows would be deleted.
    rows: Option<u64>,
}

impl Report for Planned {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "on {}, would run:", self.node)?;
        self.statements
            .iter()
            .try_for_each(|statement| writeln!(out, "{statement}"))?;
        match self.rows {
            Some(rows) => writeln!(out, "{rows} rows in all"),
            None => Ok(()),
        }
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    let mut groups = super::grouped(context, Some(&args.job))?;
    let Some(group) = groups.pop() else {
        return Ok(Verdict::Clean);
    };
    refuse_unfit(servers, &group).await?;
    if args.dry_run {
        let plan = &group.plans[0];
        let preview = check::preview(servers, plan).await?;
        context.print(&Planned {
            job: plan.job.name.clone(),
            node: group.database.label.clone(),
            statements: preview.statements,
            rows: preview.rows,
        })?;
        return Ok(Verdict::Clean);
    }
    let node = group.database.label.clone();
    let keeper = Keeper::new(servers.clone(), group, this_process(), |_| ());
    let stop = CancellationToken::new();
    let ended = {
        let mut running = std::pin::pin!(keeper.run_by_hand(&stop));
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        loop {
            tokio::select! {
                ended = &mut running => break ended,
                _ = interrupt.recv() => end_or_exit(context, &stop),
                _ = terminate.recv() => end_or_exit(context, &stop),
            }
        }
    };
    match ended? {
        (run, None) => {
            let run = RunLine::new(&node, run);
            context.print(&Ran { run })?;
            Ok(Verdict::Clean)
        }
        (run, Some(error)) => Err(error.with("job", run.job).with("run", run.id).into()),
    }
}

fn end_or_exit(context: &Context, stop: &CancellationToken) {
    if stop.is_cancelled() {
        std::process::exit(130);
    }
    context.note("ending the run; once more to stop at once");
    stop.cancel();
}

/// Refuses a job that would fail.
async fn refuse_unfit(servers: &Servers, group: &Group) -> Result<(), Failure> {
    let faults = check::faults(servers, group).await?;
    faults.first().map_or(Ok(()), |fault| {
        let message = format!("job \"{}\" would fail: {}", fault.job, fault.message);
        Err(Error::new(ErrorKind::Jobs(Problem::Unfit), message).into())
    })
}
