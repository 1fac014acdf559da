//! What the sync costs, beside what the servers could do at best.
//!
//! Two servers of our own with fsync on, one table, one run. Every figure stands beside the same work done by hand on the same
//! servers a moment before or after ([`raw`]), because absolute figures are those of a machine and a moment, and ratios are not.
//! `make bench` runs it as it should be; `--quick` only shows that it runs.

mod arena;
mod figure;
mod measure;
mod peers;
mod plot;
mod raw;
mod statistics;
mod workload;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde::Serialize;

use arena::Arena;
use figure::Figure;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures the sync on two servers of its own.
#[derive(Debug, Clone, Parser)]
struct Options {
    /// Rows that the table begins with
    #[arg(long, default_value_t = 1_000_000)]
    rows: i64,
    /// Rows inserted and rows updated in each repetition; deletes are a quarter of them
    #[arg(long, default_value_t = 200_000)]
    batch: i64,
    /// Repetitions; figures are their medians
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
    /// How long latency is measured, and each of the runs of pgbench
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// A tiny run, whose figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Only these measurements
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Measurement>,
    /// Where the figures go as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where the table of `--peers` goes as Markdown
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Measure other products beside this one: all, or those named after `=`
    #[arg(long, value_enum, value_delimiter = ',', num_args = 0.., require_equals = true)]
    peers: Option<Vec<peers::Name>>,
    /// With `--peers`, how many seconds one step of one product may take before it is out [default: 600, and 60 with --quick]
    #[arg(long)]
    deadline: Option<u64>,
    /// The program whose memory is measured [default: `ponte` beside this one]
    #[arg(long)]
    ponte: Option<PathBuf>,
    /// The program dbmate, to be measured beside `ponte migrate`
    #[arg(long)]
    dbmate: Option<PathBuf>,
    /// The program sqlx, to be measured beside `ponte migrate`
    #[arg(long)]
    sqlx: Option<PathBuf>,
    /// The largest table whose passes are measured against the size, in rows
    #[arg(long, default_value_t = 1_000_000)]
    size_rows_max: i64,
    /// The largest table whose comparison has its memory measured, in rows
    #[arg(long, default_value_t = 1_000_000)]
    diff_rows_max: i64,
    /// Where the picture of that goes, as SVG
    #[arg(long)]
    plot: Option<PathBuf>,
    /// A line for both servers' postgresql.conf, as NAME=VALUE
    #[arg(long = "set", value_parser = assignment)]
    settings: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    Initial,
    CatchUp,
    /// Updates and conflicts on both sides at once; with `--peers` only
    Mixed,
    Memory,
    Idle,
    Latency,
    /// The memory of `ponte sync diff`
    Diff,
    Size,
    Overhead,
    /// Many small migrations, and `ponte migrate status`
    Migrate,
}

impl Options {
    fn shrunk(mut self) -> Self {
        if self.quick {
            self.rows = 20_000;
            self.batch = 4_000;
            self.repetitions = 1;
            self.seconds = 1;
            self.size_rows_max = 10_000;
            self.diff_rows_max = 10_000;
        }
        self
    }

    fn wants(&self, measurement: Measurement) -> bool {
        self.only.is_empty() || self.only.contains(&measurement)
    }

    /// Whether nothing was asked for beside these.
    fn wants_only(&self, measurements: &[Measurement]) -> bool {
        !self.only.is_empty() && self.only.iter().all(|only| measurements.contains(only))
    }

    /// How long one step of another product may take.
    fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline.unwrap_or(if self.quick { 60 } else { 600 }))
    }

    fn takes_part(&self, name: peers::Name) -> bool {
        self.peers
            .as_ref()
            .is_some_and(|named| named.is_empty() || named.contains(&name))
    }

    /// Repetitions 0, 1, ….
    fn repetitions(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.repetitions
    }
}

/// What `--json` writes.
#[derive(Debug, Serialize)]
struct Report {
    server: String,
    cores: usize,
    rows: i64,
    batch: i64,
    repetitions: usize,
    seconds: u64,
    figures: Vec<Figure>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse().shrunk();
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            say(&format!("error: {e}"));
            ExitCode::from(2)
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    let ponte = match &options.ponte {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("ponte"),
    };
    let runs_it = match options.peers {
        Some(_) => options.takes_part(peers::Name::Ponte),
        None => [Measurement::Memory, Measurement::Diff, Measurement::Migrate]
            .into_iter()
            .any(|measurement| options.wants(measurement)),
    };
    if runs_it && !ponte.exists() {
        return Err(format!(
            "{} is not there: cargo build --release -p ponte, or use --ponte",
            ponte.display()
        )
        .into());
    }
    if options.peers.is_some() {
        return peers::run(options, &ponte).await;
    }
    say("starting two servers");
    let arena = Arena::start(&options.settings).await?;
    let figures = measure::all(&arena, options, &ponte).await?;
    let report = Report {
        server: ponte_testkit::binaries().release().to_owned(),
        cores: std::thread::available_parallelism()?.get(),
        rows: options.rows,
        batch: options.batch,
        repetitions: options.repetitions,
        seconds: options.seconds,
        figures,
    };
    print(&report)?;
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    Ok(())
}

fn print(report: &Report) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\nPostgreSQL {}, {} cores, {} rows, medians of {}\n\n{}",
        report.server,
        report.cores,
        report.rows,
        report.repetitions,
        figure::table(&report.figures)
    )?;
    let missed = report.figures.iter().filter(|f| f.missed()).count();
    if missed > 0 {
        writeln!(out, "\n{missed} missed")?;
    }
    Ok(())
}

/// Tells those who wait how far it is.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn assignment(text: &str) -> std::result::Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
