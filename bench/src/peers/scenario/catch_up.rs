//! Many changes at A while nothing runs; then from the start of the product to equality.

use super::{Row, Values, timed};
use crate::measure::rate;
use crate::peers::equal::Expected;
use crate::peers::rows::Loads;
use crate::peers::stage::Stage;
use crate::peers::{Peer, by_hand as hands};
use crate::workload::{Change, Keys};
use crate::{Options, Result};

pub(super) async fn by_hand(
    stage: &Stage,
    options: &Options,
    change: Change,
    repetition: usize,
) -> Result<Values> {
    let (row, keys) = load(options, change, repetition);
    let taken = hands::carry(stage, change, keys).await?;
    Ok(vec![(row, rate(keys.count, taken))])
}

pub(super) async fn measure(
    peer: &mut dyn Peer,
    stage: &Stage,
    options: &Options,
    change: Change,
    repetition: usize,
) -> Result<Values> {
    let (row, keys) = load(options, change, repetition);
    peer.tidy(stage).await?;
    change.make(&stage.a, keys).await?;
    stage.rest().await?;
    let (seconds, usage) = timed(peer, stage, &Expected::after(&[keys])).await?;
    peer.stop(stage).await?;
    let mut values = vec![(row, rate(keys.count, std::time::Duration::from_secs_f64(seconds)))];
    if change == Change::Update {
        values.extend([
            (Row::PeakMemory, usage.peak_mebibytes),
            (Row::OwnCpu, usage.cpu_seconds),
            (Row::ServersCpu, usage.servers_cpu_seconds),
        ]);
    }
    Ok(values)
}

fn load(options: &Options, change: Change, repetition: usize) -> (Row, Keys) {
    let loads = Loads::of(options, repetition);
    match change {
        Change::Insert => (Row::Inserts, loads.inserts),
        Change::Update => (Row::Updates, loads.updates),
        Change::Delete => (Row::Deletes, loads.deletes),
    }
}
