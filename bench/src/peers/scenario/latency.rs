//! From a commit at A to the row's being visible at B, with the product running.

use super::{Row, Values, timed};
use crate::measure::latency::{COMMITS_PER_SECOND, latencies};
use crate::peers::Peer;
use crate::peers::equal::Expected;
use crate::peers::process::Meter;
use crate::peers::stage::Stage;
use crate::statistics::percentile;
use crate::workload::{Change, Keys};
use crate::{Options, Result};

pub(super) async fn measure(peer: &mut dyn Peer, stage: &Stage, options: &Options) -> Result<Values> {
    peer.tidy(stage).await?;
    let last = Keys::run(options.rows, 1);
    Change::Update.make(&stage.a, last).await?;
    stage.rest().await?;
    timed(peer, stage, &Expected::after(&[last])).await?;
    let meter = Meter::begin(peer.roots(stage), stage.postmasters()).await;
    let measured = latencies(&stage.a, &stage.b, options.seconds * COMMITS_PER_SECOND).await?;
    let usage = meter.read().await;
    peer.stop(stage).await?;
    let of = |percent| percentile(measured.clone(), percent).unwrap_or(f64::NAN);
    Ok(vec![
        (Row::LatencyMedian, of(50)),
        (Row::LatencyHigh, of(99)),
        (Row::OwnCpuLatency, usage.cpu_seconds),
        (Row::ServersCpuLatency, usage.servers_cpu_seconds),
    ])
}
