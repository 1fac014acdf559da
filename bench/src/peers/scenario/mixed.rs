//! Updates on both sides while nothing runs, and some rows changed on both: half of them at A first, half at B first.
//!
//! The time is until all rows but those are equal, or those too where they become so a little later. Then they are judged: how
//! many stay different, and for how many both sides have the later change.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::{Row, Values, timed};
use crate::measure::rate;
use crate::peers::Peer;
use crate::peers::equal::Expected;
use crate::peers::rows::Loads;
use crate::peers::stage::Stage;
use crate::workload::{Change, Keys};
use crate::{Options, Result};

/// How long rows that were changed on both sides may stay different after all others have become equal.
const PATIENCE: Duration = Duration::from_secs(10);

const LOOK_EVERY: Duration = Duration::from_millis(20);

const CHANGE: &str = "UPDATE perfis SET bio = $3, updated_at = clock_timestamp() WHERE id BETWEEN $1 AND $2";
const ROWS: &str =
    "SELECT id, hashtextextended(p::text, 0), bio FROM perfis p WHERE id BETWEEN $1 AND $2 ORDER BY id";
const TAKE: &str = "SELECT json_agg(p)::text FROM perfis p WHERE id BETWEEN $1 AND $2";
const PUT: &str = "
    UPDATE perfis p SET bio = r.bio, updated_at = r.updated_at
    FROM json_populate_recordset(NULL::perfis, $1::text::json) r WHERE p.id = r.id AND p IS DISTINCT FROM r";

/// What became of the rows that were changed on both sides.
struct Judgement {
    different: usize,
    later_won: usize,
}

pub(super) async fn measure(
    peer: &mut dyn Peer,
    stage: &Stage,
    options: &Options,
    repetition: usize,
) -> Result<Values> {
    let loads = Loads::of(options, repetition);
    let (conflicts, [at_a, at_b]) = (loads.conflicts, loads.mixed);
    peer.tidy(stage).await?;
    contradict(stage, conflicts).await?;
    tokio::try_join!(
        Change::Update.make(&stage.a, at_a),
        Change::Update.make(&stage.b, at_b)
    )?;
    stage.rest().await?;
    let apart = conflicts.first..conflicts.last() + 1;
    let expected = Expected::after(&loads.mixed).but(apart);
    let (seconds, _) = timed(peer, stage, &expected).await?;
    let judged = Instant::now();
    let (judgement, settled_at) = settle(stage, conflicts).await?;
    let seconds = seconds + settled_at.map_or(0.0, |at| at.saturating_duration_since(judged).as_secs_f64());
    if judgement.different > 0 {
        make_equal(stage, conflicts).await?;
    }
    peer.stop(stage).await?;
    let rows = at_a.count + at_b.count + conflicts.count;
    Ok(vec![
        (Row::Mixed, rate(rows, Duration::from_secs_f64(seconds))),
        (Row::LeftDifferent, f64::from(u32::try_from(judgement.different)?)),
        (Row::LaterWon, f64::from(u32::try_from(judgement.later_won)?)),
    ])
}

/// The first half is changed at A and then at B, the second at B and then at A.
async fn contradict(stage: &Stage, keys: Keys) -> Result<()> {
    let (first, middle, last) = (keys.first, keys.first + keys.count / 2, keys.last());
    stage.a.execute(CHANGE, &[&first, &(middle - 1), &"A"]).await?;
    stage.b.execute(CHANGE, &[&first, &last, &"B"]).await?;
    stage.a.execute(CHANGE, &[&middle, &last, &"A"]).await?;
    Ok(())
}

/// Gives the rows time to become equal. Says when they first were; not at all, where they never were.
async fn settle(stage: &Stage, keys: Keys) -> Result<(Judgement, Option<Instant>)> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let at = Instant::now();
        let judgement = judge(stage, keys).await?;
        if judgement.different == 0 {
            return Ok((judgement, Some(at)));
        }
        if at > deadline {
            return Ok((judgement, None));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn judge(stage: &Stage, keys: Keys) -> Result<Judgement> {
    let (a, b) = tokio::try_join!(read(&stage.a, keys), read(&stage.b, keys))?;
    let middle = keys.first + keys.count / 2;
    let same = a.iter().filter(|(id, row)| b.get(id) == Some(row));
    let later_won = same
        .clone()
        .filter(|(id, (_, bio))| bio == if **id < middle { "B" } else { "A" })
        .count();
    Ok(Judgement {
        different: usize::try_from(keys.count)? - same.count(),
        later_won,
    })
}

async fn read(client: &Client, keys: Keys) -> Result<HashMap<i64, (i64, String)>> {
    let rows = client.query(ROWS, &[&keys.first, &keys.last()]).await?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2))))
        .collect())
}

/// Puts A's rows into B by hand, so that the next turn begins with both sides equal.
async fn make_equal(stage: &Stage, keys: Keys) -> Result<()> {
    let row = stage.a.query_one(TAKE, &[&keys.first, &keys.last()]).await?;
    stage.b.execute(PUT, &[&row.get::<_, String>(0)]).await?;
    while judge(stage, keys).await?.different > 0 {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}
