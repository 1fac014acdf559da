//! One measurement per file, in the order in which they run: each leaves the servers to the next.

mod catch_up;
mod idle;
mod initial;
mod latency;
mod memory;
mod overhead;
mod processor;
mod size;

use std::path::Path;
use std::time::Duration;

use crate::arena::{Arena, LARGE};
use crate::figure::Figure;
use crate::raw;
use crate::workload::{Change, Keys};
use crate::{Measurement, Options, Result, say};

/// Runs what was asked for. The link exists from the first measurement on, and both sides are equal after each but the last.
pub(crate) async fn all(arena: &Arena, options: &Options, ponte: &Path) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut note = |new: Vec<Figure>| {
        for figure in new {
            say(&format!("  {}", figure.in_words()));
            figures.push(figure);
        }
    };
    say(&format!("loading {} rows", options.rows));
    Change::Insert.make(&arena.a, Keys::run(1, options.rows)).await?;
    if options.wants(Measurement::Initial) {
        note(initial::measure(arena, options).await?);
    } else {
        arena.init(LARGE).await?;
    }
    if options.wants(Measurement::CatchUp) {
        if !options.wants(Measurement::Initial) {
            arena.b.batch_execute(raw::RAW_TABLE).await?;
            raw::copy_all(arena).await?;
        }
        note(catch_up::measure(arena, options).await?);
    }
    arena
        .b
        .batch_execute("DROP TABLE IF EXISTS perfis_raw, stage")
        .await?;
    if options.wants(Measurement::Memory) {
        note(memory::measure(arena, ponte).await?);
    }
    if options.wants(Measurement::Idle) {
        note(idle::measure(arena, options).await?);
    }
    if options.wants(Measurement::Latency) {
        note(latency::measure(arena, options).await?);
    }
    if options.wants(Measurement::Size) {
        let (figures, plot) = size::measure(arena, options).await?;
        note(figures);
        if let Some(path) = &options.plot {
            std::fs::write(path, plot.svg())?;
        }
    }
    if options.wants(Measurement::Overhead) {
        note(overhead::measure(arena, options).await?);
    }
    Ok(figures)
}

/// Rows per second.
fn rate(rows: i64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no figure has sixteen digits")]
    let rows = rows as f64;
    rows / time.as_secs_f64()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
