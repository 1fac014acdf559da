//! One measurement per file, in the order in which they run: each leaves the servers to the next.

mod catch_up;
mod diff;
mod idle;
mod initial;
pub(crate) mod latency;
mod memory;
mod migrate;
pub(crate) mod overhead;
mod processor;
mod size;

use std::path::Path;
use std::time::Duration;

use crate::arena::{Arena, LARGE};
use crate::figure::Figure;
use crate::raw;
use crate::workload::{Change, Keys};
use crate::{Measurement, Options, Result, say};

/// Measurements that make tables of their own, in databases of their own.
const APART: [Measurement; 3] = [Measurement::Diff, Measurement::Size, Measurement::Migrate];

/// Runs what was asked for.
pub(crate) async fn all(arena: &Arena, options: &Options, ponte: &Path) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if !options.wants_only(&APART) {
        figures.extend(on_the_large_table(arena, options, ponte).await?);
    }
    if options.wants(Measurement::Diff) {
        figures.extend(said(diff::measure(arena, options, ponte).await?));
    }
    if options.wants(Measurement::Migrate) {
        figures.extend(said(migrate::measure(arena, options, ponte).await?));
    }
    if options.wants(Measurement::Size) {
        let (measured, plot) = size::measure(arena, options).await?;
        figures.extend(said(measured));
        if let Some(path) = &options.plot {
            std::fs::write(path, plot.svg())?;
        }
    }
    Ok(figures)
}

/// The link exists from the first measurement on, and both sides are equal after each but the last.
async fn on_the_large_table(arena: &Arena, options: &Options, ponte: &Path) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    say(&format!("loading {} rows", options.rows));
    Change::Insert.make(&arena.a, Keys::run(1, options.rows)).await?;
    if options.wants(Measurement::Initial) {
        figures.extend(said(initial::measure(arena, options).await?));
    } else {
        arena.init(LARGE).await?;
    }
    if options.wants(Measurement::CatchUp) {
        if !options.wants(Measurement::Initial) {
            arena.b.batch_execute(raw::RAW_TABLE).await?;
            raw::copy_all(&arena.pair).await?;
        }
        figures.extend(said(catch_up::measure(arena, options).await?));
    }
    arena
        .b
        .batch_execute("DROP TABLE IF EXISTS perfis_raw, stage")
        .await?;
    if options.wants(Measurement::Memory) {
        figures.extend(said(memory::measure(arena, ponte).await?));
    }
    if options.wants(Measurement::Idle) {
        figures.extend(said(idle::measure(arena, options).await?));
    }
    if options.wants(Measurement::Latency) {
        figures.extend(said(latency::measure(arena, options).await?));
    }
    if options.wants(Measurement::Overhead) {
        figures.extend(said(overhead::measure(arena, options).await?));
    }
    Ok(figures)
}

/// Tells those who wait.
fn said(figures: Vec<Figure>) -> Vec<Figure> {
    for figure in &figures {
        say(&format!("  {}", figure.in_words()));
    }
    figures
}

/// Rows per second.
pub(crate) fn rate(rows: i64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no figure has sixteen digits")]
    let rows = rows as f64;
    rows / time.as_secs_f64()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
