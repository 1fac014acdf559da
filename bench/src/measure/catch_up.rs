//! A pass after many changes on one side, beside moving the same rows by hand. The clock runs from before the connections are
//! made to after the pass; what `ponte sync once` adds to that is the start of a process.

use std::time::{Duration, Instant};

use super::rate;
use crate::arena::{Arena, LARGE};
use crate::figure::{Bound, Figure, Sample, Unit};
use crate::workload::{Change, Keys};
use crate::{Options, Result, raw};

const TABLES_AT_B: &str = "VACUUM (ANALYZE) perfis, perfis_raw";

pub(super) async fn measure(arena: &Arena, options: &Options) -> Result<Vec<Figure>> {
    let (rows, batch) = (options.rows, options.batch);
    let deletes = batch / 4;
    // Deletes take the first keys; updates are spread over those that stay.
    let step = ((rows - deletes * i64::try_from(options.repetitions)?) / batch).max(1);
    let mut samples = [const { Vec::new() }; 3];
    for repetition in options.repetitions() {
        let n = i64::try_from(repetition)?;
        let inserts = Keys::run(rows + 1 + n * batch, batch);
        samples[0].push(pair(arena, repetition, Change::Insert, inserts).await?);
        let first = rows - step * (batch - 1) - n % step;
        let updates = Keys {
            first,
            step,
            count: batch,
        };
        samples[1].push(pair(arena, repetition, Change::Update, updates).await?);
        samples[2].push(
            pair(
                arena,
                repetition,
                Change::Delete,
                Keys::run(1 + n * deletes, deletes),
            )
            .await?,
        );
    }
    let [inserts, updates, deleted] = samples;
    let figure = |what, rows, samples, must: &[Bound], aim| {
        Figure::new(
            format!("catch-up, {rows} {what}"),
            Unit::RowsPerSecond,
            samples,
            must,
            Some(aim),
        )
    };
    Ok(vec![
        figure(
            "inserts",
            batch,
            inserts,
            &[Bound::RatioAtLeast(0.6)],
            Bound::RatioAtLeast(0.9),
        ),
        figure(
            "updates",
            batch,
            updates,
            &[Bound::RatioAtLeast(0.6)],
            Bound::RatioAtLeast(0.79),
        ),
        figure(
            "deletes",
            deletes,
            deleted,
            &[Bound::RatioAtLeast(0.3), Bound::AtLeast(150_000.0)],
            Bound::AtLeast(169_000.0),
        ),
    ])
}

/// The same change carried both ways, by turns in either order.
async fn pair(arena: &Arena, repetition: usize, change: Change, keys: Keys) -> Result<Sample> {
    change.make(&arena.a, keys).await?;
    arena.rest(TABLES_AT_B).await?;
    let (ours, by_hand);
    if repetition.is_multiple_of(2) {
        ours = pass(arena).await?;
        by_hand = raw::carry(&arena.pair, &arena.b, change, keys).await?;
    } else {
        by_hand = raw::carry(&arena.pair, &arena.b, change, keys).await?;
        ours = pass(arena).await?;
    }
    arena.expect_equal("perfis").await?;
    arena.expect_equal("perfis_raw").await?;
    Ok(Sample {
        ours: rate(keys.count, ours),
        raw: Some(rate(keys.count, by_hand)),
    })
}

async fn pass(arena: &Arena) -> Result<Duration> {
    let started = Instant::now();
    arena.open(LARGE).await?.pass().await?;
    Ok(started.elapsed())
}
