//! Bringing the rows of a batch into the stages at its target.

use ponte_sync::apply::Stage;

use super::{Batch, extras, parked, retried};
use crate::error::Result;
use crate::sync::peer::{Peer, Plan};
use crate::sync::stream;

/// Fills all stages, and takes out again what is parked at the target; answers how many rows are left.
pub(super) async fn fill_stages(
    batch: &Batch<'_>,
    source: &mut Peer,
    target: &mut Peer,
    parked: bool,
) -> Result<u64> {
    let mut staged = 0;
    for &position in &batch.touched {
        staged += fill_stage(batch, position, source, target).await?;
        if parked {
            staged -= parked::hold(batch, position, target).await?;
        }
    }
    Ok(staged)
}

/// Copies one table's part of the batch into its stage; answers how many rows that are.
async fn fill_stage(batch: &Batch<'_>, position: usize, source: &mut Peer, target: &mut Peer) -> Result<u64> {
    let table = batch.target_side(position);
    let stage = Stage::new(position);
    // Large batches bring their own stage: the plans kept for small ones must not see theirs grow.
    if !target.has_stage(position) {
        target
            .script(&stage.create(table, target.stage_life()), "create the stage")
            .await?;
        extras::prepare(batch, position, target).await?;
    }
    let copy_in = stage.copy_in(table, batch.wire(position));
    let meter = batch.meter(position);
    let mut staged = stream::copy(
        source,
        &batch.copy_out(source, position),
        target,
        &copy_in,
        &meter,
    )
    .await?;
    if let Some(copy_out) = retried::copy_out(batch, source, position) {
        staged += stream::copy(source, &copy_out, target, &copy_in, &meter).await?;
    }
    if table.version.is_none() {
        target
            .touched(&stage.newest_version(), Plan::Fresh, "push the clock")
            .await?;
    }
    Ok(staged)
}

/// Tells the planner what arrived.
pub(super) async fn analyze_stages(batch: &Batch<'_>, target: &Peer) -> Result<()> {
    for &position in &batch.touched {
        let analyze = Stage::new(position).analyze_stage();
        target.script(&analyze, "analyze the stage").await?;
    }
    Ok(())
}
