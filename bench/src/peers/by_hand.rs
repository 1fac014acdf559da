//! What somebody does at best who moves the rows by hand, see [`crate::raw`]. Nobody's product: it captures and resolves nothing.

use std::time::Duration;

use super::stage::Stage;
use crate::Result;
use crate::arena::{expect_equal, rest};
use crate::raw;
use crate::workload::{Change, Keys};

pub(super) async fn prepare(stage: &Stage) -> Result<()> {
    // Its rows go into a table beside, which has the same indexes.
    Ok(stage.b.batch_execute(raw::RAW_TABLE).await?)
}

pub(super) async fn first_copy(stage: &Stage) -> Result<Duration> {
    prepare(stage).await?;
    rest(&stage.pair, "VACUUM perfis_raw").await?;
    let taken = raw::copy_all(&stage.pair).await?;
    expect_equal(&stage.a, &stage.b, "perfis_raw").await?;
    Ok(taken)
}

pub(super) async fn carry(stage: &Stage, change: Change, keys: Keys) -> Result<Duration> {
    change.make(&stage.a, keys).await?;
    rest(&stage.pair, "VACUUM (ANALYZE) perfis_raw").await?;
    let taken = raw::carry(&stage.pair, &stage.b, change, keys).await?;
    expect_equal(&stage.a, &stage.b, "perfis_raw").await?;
    Ok(taken)
}
