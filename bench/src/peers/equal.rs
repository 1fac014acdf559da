//! When both sides are equal: by content, row by row, and not by what a product says of itself.
//!
//! A few keys that are spread over the load are looked at again and again, because looking at everything would take from the
//! machine what is being measured. When they agree, everything is compared, and if that agrees too, the time that counts is the
//! moment before.

use std::ops::Range;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::process::{Meter, Usage};
use super::stage::Stage;
use crate::Result;
use crate::workload::Keys;

const LOOK_EVERY: Duration = Duration::from_millis(10);

const SAMPLES: i64 = 60;

const SAMPLED: &str =
    "SELECT count(*), coalesce(sum(hashtextextended(p::text, 0)), 0)::text FROM perfis p WHERE id = ANY($1)";
const ALL_BUT: &str = "SELECT count(*), coalesce(sum(hashtextextended(p::text, 0)), 0)::text FROM perfis p WHERE id < $1 OR id >= $2";

/// What to look at.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    keys: Vec<i64>,
    /// Rows that are judged apart.
    apart: Range<i64>,
}

impl Expected {
    /// Everything, after these rows changed.
    pub(super) fn after(loads: &[Keys]) -> Self {
        Self {
            keys: loads.iter().flat_map(|keys| samples(*keys)).collect(),
            apart: 0..0,
        }
    }

    pub(super) fn but(self, apart: Range<i64>) -> Self {
        Self { apart, ..self }
    }
}

/// Waits until both sides are equal. Whoever calls sets the limit.
pub(super) async fn reached(stage: &Stage, expected: &Expected, meter: &Meter) -> Result<(Instant, Usage)> {
    loop {
        if same_sample(stage, &expected.keys).await? {
            let at = Instant::now();
            let usage = meter.read().await;
            if same_content(stage, &expected.apart).await? {
                return Ok((at, usage));
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn same_sample(stage: &Stage, keys: &[i64]) -> Result<bool> {
    let of = async |client: &Client| -> Result<(i64, String)> {
        let row = client.query_one(SAMPLED, &[&keys]).await?;
        Ok((row.get(0), row.get(1)))
    };
    let (a, b) = tokio::try_join!(of(&stage.a), of(&stage.b))?;
    Ok(a == b)
}

async fn same_content(stage: &Stage, apart: &Range<i64>) -> Result<bool> {
    let of = async |client: &Client| -> Result<(i64, String)> {
        let row = client.query_one(ALL_BUT, &[&apart.start, &apart.end]).await?;
        Ok((row.get(0), row.get(1)))
    };
    let (a, b) = tokio::try_join!(of(&stage.a), of(&stage.b))?;
    Ok(a == b)
}

/// Keys from the whole load, the last one among them.
fn samples(keys: Keys) -> Vec<i64> {
    let wanted = SAMPLES.min(keys.count);
    (1..=wanted)
        .map(|n| keys.first + keys.step * (keys.count * n / wanted - 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_over_the_load_and_end_with_its_last_key() {
        let keys = Keys {
            first: 10,
            step: 2,
            count: 600,
        };
        let samples = samples(keys);
        assert_eq!(samples.len(), 60);
        assert_eq!((samples[0], samples[59]), (28, keys.last()));
        assert_eq!(super::samples(Keys::run(5, 2)), [5, 6]);
    }
}
