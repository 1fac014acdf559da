//! `ponte jobs daemon`: all jobs by their schedules until SIGINT or SIGTERM. Runs under way end first; a second signal ends at once.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ponte_engine::jobs::check::Fault;
use ponte_engine::jobs::{Event, daemon, this_process};
use ponte_engine::servers::Servers;
use ponte_pg::jobs::Problem;
use ponte_pg::{Error, ErrorKind};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::history::rows_in_words;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End by itself after this time
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
    /// How long runs under way may take to end when the daemon is told to; later they are ended and given back
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    grace: u64,
}

/// What happened while it ran.
#[derive(Debug, Default)]
struct Counts {
    succeeded: AtomicU64,
    failed: AtomicU64,
    lost: AtomicU64,
    left_out: AtomicU64,
}

#[derive(Debug, Serialize)]
struct Ended {
    /// Runs that succeeded in this process.
    succeeded: u64,
    /// Attempts that failed in this process.
    failed: u64,
    /// Runs of other processes that were taken from them.
    lost: u64,
    /// Ticks for which this process decided that nothing is run.
    left_out: u64,
}

impl Report for Ended {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            succeeded,
            failed,
            lost,
            left_out,
        } = self;
        writeln!(
            out,
            "{succeeded} runs succeeded, {failed} failed, {lost} were lost by other processes; {left_out} ticks left out"
        )
    }
}

impl Counts {
    fn note(&self, event: &Event) {
        match event {
            Event::Began { job } => tracing::debug!(job, "began"),
            Event::Succeeded { job, rows } => {
                self.succeeded.fetch_add(1, Ordering::Relaxed);
                let rows = rows_in_words(*rows);
                tracing::info!("job {job} succeeded{rows}");
            }
            Event::Failed {
                job,
                reason,
                retry_in,
            } => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                match retry_in {
                    Some(pause) => {
                        tracing::warn!("job {job} failed, again in {} ms: {reason}", pause.as_millis());
                    }
                    None => tracing::error!("job {job} failed: {reason}"),
                }
            }
            Event::Lost { job, for_good } => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                let then = if *for_good {
                    "is not repeated"
                } else {
                    "is repeated"
                };
                tracing::warn!("a run of job {job} was lost with its process, and {then}");
            }
            Event::LeftOut { job, reason, ticks } => {
                self.left_out.fetch_add(*ticks, Ordering::Relaxed);
                tracing::info!("job {job}: {ticks} ticks left out: {reason}");
            }
            Event::Away {
                database,
                reason,
                pause,
            } => {
                let pause = pause.as_millis();
                tracing::warn!("jobs of {database} wait, again in {pause} ms: {reason}");
            }
            Event::Back { database } => tracing::info!("jobs of {database} go on"),
        }
    }

    fn ended(&self) -> Ended {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Ended {
            succeeded: read(&self.succeeded),
            failed: read(&self.failed),
            lost: read(&self.lost),
            left_out: read(&self.left_out),
        }
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    let groups = super::grouped(context, None)?;
    refuse_unfit(&daemon::faults(servers, &groups).await?)?;
    let (stop, counts) = (CancellationToken::new(), Arc::new(Counts::default()));
    let noting = Arc::clone(&counts);
    let observe = Arc::new(move |event: &Event| noting.note(event));
    let grace = Duration::from_secs(args.grace);
    let runner = this_process();
    context.note(format!("running the jobs of {} as {runner}", names(&groups)));
    let mut running = std::pin::pin!(daemon::run(
        servers,
        groups,
        &runner,
        observe,
        stop.clone(),
        grace
    ));
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut end = std::pin::pin!(at_the_end(args.seconds));
    loop {
        tokio::select! {
            () = &mut running => break,
            () = &mut end, if !stop.is_cancelled() => stop.cancel(),
            _ = interrupt.recv() => stop_or_exit(context, &stop),
            _ = terminate.recv() => stop_or_exit(context, &stop),
        }
    }
    context.print(&counts.ended())?;
    Ok(Verdict::Clean)
}

fn names(groups: &[ponte_engine::jobs::Group]) -> String {
    let labels: Vec<&str> = groups.iter().map(|group| group.database.label.as_str()).collect();
    labels.join(", ")
}

async fn at_the_end(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

fn stop_or_exit(context: &Context, stop: &CancellationToken) {
    if stop.is_cancelled() {
        std::process::exit(130);
    }
    context.note("waiting for the runs under way; once more to stop at once");
    stop.cancel();
}

/// Refuses to begin while a job would fail for certain; all of them are named.
fn refuse_unfit(faults: &[Fault]) -> Result<(), Failure> {
    if faults.is_empty() {
        return Ok(());
    }
    let message = match faults {
        [only] => format!("job \"{}\" would fail: {}", only.job, only.message),
        _ => format!("{} jobs would fail", faults.len()),
    };
    let mut error = Error::new(ErrorKind::Jobs(Problem::Unfit), message);
    if faults.len() > 1 {
        for fault in faults {
            error = error.with("job", format!("{}: {}", fault.job, fault.message));
        }
    }
    Err(error.into())
}
