//! The first copy into an empty table, until both sides are equal.

use std::time::Instant;

use super::{Row, Values};
use crate::peers::equal::{self, Expected};
use crate::peers::process::Meter;
use crate::peers::stage::Stage;
use crate::peers::{Peer, by_hand as hands};
use crate::workload::Keys;
use crate::{Options, Result};

pub(super) async fn by_hand(stage: &Stage) -> Result<Values> {
    Ok(vec![(
        Row::InitialCopy,
        hands::first_copy(stage).await?.as_secs_f64(),
    )])
}

pub(super) async fn measure(
    peer: &mut dyn Peer,
    stage: &Stage,
    options: &Options,
    repetition: usize,
) -> Result<Values> {
    if repetition > 0 {
        peer.forget_copy(stage).await?;
        stage.b.batch_execute("TRUNCATE perfis").await?;
    }
    stage.rest().await?;
    let expected = Expected::after(&[Keys::run(1, options.rows)]);
    let meter = Meter::begin(peer.roots(stage), stage.postmasters()).await;
    let started = Instant::now();
    peer.first_copy(stage).await?;
    let (at, _) = equal::reached(stage, &expected, &meter).await?;
    Ok(vec![(Row::InitialCopy, at.duration_since(started).as_secs_f64())])
}
