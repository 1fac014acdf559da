//! `ponte jobs history`.

use std::io::{self, Write};

use jiff::Timestamp;
use ponte_engine::servers::Servers;
use ponte_pg::jobs::{self, Run};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The job; all jobs of ponte.toml if left out
    job: Option<String>,
    /// How many runs
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// Only runs that failed, were lost or were ended
    #[arg(long)]
    failed: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    runs: Vec<RunLine>,
}

/// A run, as every command prints it.
#[derive(Debug, Serialize)]
pub(super) struct RunLine {
    id: i64,
    job: String,
    node: String,
    scheduled_at: Option<Timestamp>,
    cause: String,
    pub(super) state: String,
    reason: Option<String>,
    ticks: i64,
    attempt: i32,
    runner: Option<String>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    duration_ms: Option<i64>,
    pub(super) rows: Option<u64>,
    error_code: Option<String>,
    error: Option<String>,
}

impl RunLine {
    pub(super) fn new(node: &str, run: Run) -> Self {
        Self {
            id: run.id,
            job: run.job,
            node: node.to_owned(),
            scheduled_at: run.scheduled_at,
            cause: run.cause,
            state: run.state,
            reason: run.reason,
            ticks: run.ticks,
            attempt: run.attempt,
            runner: run.runner,
            started_at: run.started_at,
            finished_at: run.finished_at,
            duration_ms: run.duration_ms,
            rows: run.rows.and_then(|rows| u64::try_from(rows).ok()),
            error_code: run.error_code,
            error: run.error,
        }
    }

    /// The instant that it stands under: its tick, or when it was begun by hand.
    fn at(&self) -> Option<Timestamp> {
        self.scheduled_at.or(self.started_at)
    }

    /// When its last attempt began.
    pub(super) fn began(&self) -> Option<Timestamp> {
        self.started_at.or(self.scheduled_at)
    }

    /// What became of it, in a few words.
    pub(super) fn in_words(&self) -> String {
        let mut words = match (self.state.as_str(), self.reason.as_deref()) {
            ("skipped", Some("overlap")) => "skipped, still running".to_owned(),
            ("skipped", _) => "missed".to_owned(),
            (state, _) => state.to_owned(),
        };
        if self.ticks > 1 {
            words.push_str(&format!(" ({} ticks)", self.ticks));
        }
        if self.attempt > 1 {
            words.push_str(&format!(", attempt {}", self.attempt));
        }
        words
    }

    pub(super) fn took(&self) -> String {
        self.duration_ms
            .map_or_else(String::new, |length| format!("{length} ms"))
    }
}

/// `, 3 rows`, where rows mean something.
pub(super) fn rows_in_words(rows: Option<u64>) -> String {
    match rows {
        Some(1) => ", 1 row".to_owned(),
        Some(rows) => format!(", {rows} rows"),
        None => String::new(),
    }
}

/// An instant in UTC, to the second.
pub(super) fn in_utc(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.runs.is_empty() {
            return writeln!(out, "no runs");
        }
        let rows = self.runs.iter().map(|run| {
            [
                in_utc(run.at()),
                run.job.clone(),
                run.in_words(),
                run.took(),
                run.rows.map_or_else(String::new, |rows| rows.to_string()),
                run.cause.clone(),
                run.error.clone().unwrap_or_default(),
            ]
        });
        let headings = ["AT", "JOB", "STATE", "TOOK", "ROWS", "CAUSE", "LAST ERROR"];
        writeln!(out, "{}", output::table(headings, rows))
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    let job = args.job.as_deref();
    let mut runs = Vec::new();
    for group in super::grouped(context, job)? {
        let peer = servers.database_peer(&group.database, "ponte jobs").await?;
        if !jobs::exist(&peer).await? {
            continue;
        }
        let found = jobs::history(&peer, job, args.failed, args.limit).await?;
        runs.extend(
            found
                .into_iter()
                .map(|run| RunLine::new(&group.database.label, run)),
        );
    }
    runs.sort_by_key(|run| std::cmp::Reverse((run.at(), run.id)));
    runs.truncate(args.limit as usize);
    context.print(&Shown { runs })?;
    Ok(Verdict::Clean)
}
