//! A pass that finds nothing, over open connections, on a table of ten rows and on the large one with its long changelog.

use std::time::Instant;

use super::milliseconds;
use crate::arena::{Arena, LARGE, OWNER, SMALL};
use crate::figure::{Bound, Figure, Sample, Unit};
use crate::workload::{Change, Keys};
use crate::{Options, Result};

const PASSES: usize = 200;

pub(super) async fn measure(arena: &Arena, options: &Options) -> Result<Vec<Figure>> {
    let few = ponte_testkit::connect(&arena.pair.a.url(SMALL, OWNER)).await;
    Change::Insert.make(&few, Keys::run(1, 10)).await?;
    arena.init(SMALL).await?;
    let small = passes(arena, SMALL).await?;
    let large = passes(arena, LARGE).await?;
    let figure = |rows, samples| {
        Figure::new(
            format!("idle pass, {rows} rows"),
            Unit::Milliseconds,
            samples,
            &[Bound::AtMost(10.0)],
            Some(Bound::AtMost(3.0)),
        )
    };
    Ok(vec![figure(10, small), figure(options.rows, large)])
}

async fn passes(arena: &Arena, link: &'static str) -> Result<Vec<Sample>> {
    let mut live = arena.open(link).await?;
    // The first one prepares statements, which is paid once per connection.
    live.pass().await?;
    let mut samples = Vec::with_capacity(PASSES);
    for _ in 0..PASSES {
        let started = Instant::now();
        let moved = live.pass().await?.moved();
        samples.push(Sample {
            ours: milliseconds(started.elapsed()),
            raw: None,
        });
        if moved {
            return Err("a pass that ought to be idle moved rows".into());
        }
    }
    Ok(samples)
}
