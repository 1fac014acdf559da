//! `ponte sync init` where one side is empty, beside COPY from one server into the same indexes at the other.

use std::time::Instant;

use crate::arena::{Arena, LARGE};
use crate::figure::{Bound, Figure, Sample, Unit};
use crate::{Options, Result, raw};

pub(super) async fn measure(arena: &Arena, options: &Options) -> Result<Vec<Figure>> {
    let mut samples = Vec::new();
    for repetition in options.repetitions() {
        if repetition > 0 {
            arena.drop_link(LARGE).await?;
        }
        arena.b.batch_execute("TRUNCATE perfis").await?;
        arena.b.batch_execute(raw::RAW_TABLE).await?;
        arena.rest("VACUUM perfis").await?;
        let (ours, by_hand);
        if repetition % 2 == 0 {
            ours = init(arena).await?;
            by_hand = raw::copy_all(&arena.pair).await?.as_secs_f64();
        } else {
            by_hand = raw::copy_all(&arena.pair).await?.as_secs_f64();
            ours = init(arena).await?;
        }
        arena.expect_equal("perfis").await?;
        samples.push(Sample {
            ours,
            raw: Some(by_hand),
        });
    }
    Ok(vec![Figure::new(
        format!("initial copy of {} rows", options.rows),
        Unit::Seconds,
        samples,
        &[Bound::RatioAtMost(1.3)],
        Some(Bound::RatioAtMost(1.05)),
    )])
}

async fn init(arena: &Arena) -> Result<f64> {
    let started = Instant::now();
    arena.init(LARGE).await?;
    Ok(started.elapsed().as_secs_f64())
}
