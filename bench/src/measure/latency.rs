//! From a commit on one side to the row's being visible on the other, with the link's worker in continuous mode.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ponte_engine::worker::{Event, LinkWorker};
use tokio::time::MissedTickBehavior;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use super::milliseconds;
use crate::arena::{Arena, LARGE};
use crate::figure::{Bound, Figure, Sample, Unit};
use crate::statistics::percentile;
use crate::{Options, Result};

pub(crate) const COMMITS_PER_SECOND: u64 = 200;

/// How often the other side is asked. Figures of a few milliseconds are in part this.
const ASK_EVERY: Duration = Duration::from_millis(1);

/// After the last commit, how long its row may take.
const PATIENCE: Duration = Duration::from_secs(30);

const WRITE: &str = "UPDATE perfis SET saldo = saldo + 1, updated_at = clock_timestamp() WHERE id = $1";
/// The writer's versions only ever grow, so newer ones are those that have just arrived.
const ARRIVED: &str =
    "SELECT id, updated_at::text FROM perfis WHERE updated_at > $1::text::timestamptz ORDER BY updated_at";
const NEWEST: &str = "SELECT max(updated_at)::text FROM perfis";
const KEYS: &str = "SELECT id FROM perfis WHERE id > $1 ORDER BY id LIMIT $2";

pub(super) async fn measure(arena: &Arena, options: &Options) -> Result<Vec<Figure>> {
    arena.rest("VACUUM (ANALYZE) perfis").await?;
    let (passed, mut first_pass) = tokio::sync::mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    let worker = LinkWorker::new(arena.plan(LARGE)?, arena.servers.clone(), move |event| {
        if matches!(event, Event::Passed(_)) {
            let _ = passed.send(());
        }
    })?;
    let worker = tokio::spawn(worker.run(stop.clone()));
    first_pass.recv().await.ok_or("the worker ended")?;
    let outcome = latencies(&arena.a, &arena.b, options.seconds * COMMITS_PER_SECOND).await;
    stop.cancel();
    worker.await??;
    let latencies = outcome?;
    arena.expect_equal("perfis").await?;
    let figure = |percent, must, aim| {
        let value = percentile(latencies.clone(), percent).unwrap_or(f64::NAN);
        Figure::new(
            format!("latency, {COMMITS_PER_SECOND} commits/s, p{percent}"),
            Unit::Milliseconds,
            vec![Sample {
                ours: value,
                raw: None,
            }],
            &[Bound::AtMost(must)],
            Some(Bound::AtMost(aim)),
        )
    };
    Ok(vec![figure(50, 25.0, 5.0), figure(99, 100.0, 20.0)])
}

/// Milliseconds from each commit on one side until the other was seen to have it.
pub(crate) async fn latencies(a: &Client, b: &Client, commits: u64) -> Result<Vec<f64>> {
    let keys: Vec<i64> = a
        .query(KEYS, &[&0_i64, &i64::try_from(commits)?])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let committed = Mutex::new(HashMap::new());
    // Asked before the first commit: a quick row would be among the old ones.
    let newest = b.query_one(NEWEST, &[]).await?.get(0);
    let ((), arrived) = tokio::try_join!(write(a, &keys, &committed), watch(b, keys.len(), newest))?;
    let committed = committed.into_inner()?;
    arrived
        .iter()
        .map(|(key, at)| {
            let commit: &Instant = committed.get(key).ok_or("a row changed that nobody wrote")?;
            Ok(milliseconds(at.saturating_duration_since(*commit)))
        })
        .collect()
}

/// One commit per tick, each of another row.
async fn write(client: &Client, keys: &[i64], committed: &Mutex<HashMap<i64, Instant>>) -> Result<()> {
    let statement = client.prepare(WRITE).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / u32::try_from(COMMITS_PER_SECOND)?);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for key in keys {
        tick.tick().await;
        client.execute(&statement, &[key]).await?;
        let now = Instant::now();
        committed
            .lock()
            .map_err(|_| "a writer panicked")?
            .insert(*key, now);
    }
    Ok(())
}

/// When each row was first seen that is newer than this.
async fn watch(client: &Client, rows: usize, mut newest: String) -> Result<Vec<(i64, Instant)>> {
    let statement = client.prepare(ARRIVED).await?;
    let mut seen = Vec::with_capacity(rows);
    let mut last = Instant::now();
    while seen.len() < rows {
        let arrived = client.query(&statement, &[&newest]).await?;
        let now = Instant::now();
        if let Some(row) = arrived.last() {
            newest = row.get(1);
            last = now;
        } else if last.elapsed() > PATIENCE {
            return Err(format!("{} rows did not arrive", rows - seen.len()).into());
        }
        seen.extend(arrived.iter().map(|row| (row.get(0), now)));
        tokio::time::sleep(ASK_EVERY).await;
    }
    Ok(seen)
}
