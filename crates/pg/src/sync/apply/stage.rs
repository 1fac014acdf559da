//! Bringing the rows of a batch into the stages at its target.

use ponte_sync::apply::Stage;

use super::place::place;
use super::{Batch, extras, parked, retried};
use crate::error::Result;
use crate::sync::peer::{Peer, Plan};
use crate::sync::stream;

/// Where the rows of a batch are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Filled {
    /// In the stages.
    pub(super) staged: u64,
    /// In the tables already.
    pub(super) placed: u64,
}

/// Fills all stages, and takes out again what is parked at the target; rows that need no stage go into their table.
pub(super) async fn fill_stages(
    batch: &Batch<'_>,
    source: &mut Peer,
    target: &mut Peer,
    parked: bool,
) -> Result<Filled> {
    let mut filled = Filled::default();
    for &position in &batch.touched {
        make_stage(batch, position, target).await?;
        let placed = if parked {
            None
        } else {
            place(batch, position, source, target).await?
        };
        if let Some(rows) = placed {
            filled.placed += rows;
            continue;
        }
        filled.staged += fill_stage(batch, position, source, target).await?;
        if parked {
            filled.staged -= parked::hold(batch, position, target).await?;
        }
    }
    Ok(filled)
}

/// Large batches bring their own stage: the plans kept for small ones must not see theirs grow.
async fn make_stage(batch: &Batch<'_>, position: usize, target: &mut Peer) -> Result<()> {
    if target.has_stage(position) {
        return Ok(());
    }
    let create = Stage::new(position).create(batch.target_side(position), target.stage_life());
    target.script(&create, "create the stage").await?;
    extras::prepare(batch, position, target).await
}

/// Copies one table's part of the batch into its stage; answers how many rows that are.
async fn fill_stage(batch: &Batch<'_>, position: usize, source: &mut Peer, target: &mut Peer) -> Result<u64> {
    let table = batch.target_side(position);
    let stage = Stage::new(position);
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
