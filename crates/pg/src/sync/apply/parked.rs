//! Parked keys on either end of a batch, as `ponte_sync::parked` describes them.

use ponte_sync::apply::Stage;
use ponte_sync::parked;

use super::Batch;
use crate::error::Result;
use crate::sync::peer::{Peer, Plan};

/// Keeps what arrived for keys that are parked at the target out of the batch; answers how many rows that are.
pub(super) async fn hold(batch: &Batch<'_>, position: usize, target: &mut Peer) -> Result<u64> {
    let hold = parked::hold(
        &Stage::new(position),
        batch.target_side(position),
        &batch.spec.name,
    );
    target.touched(&hold, Plan::Fresh, "keep parked keys back").await
}

/// Brings the open conflicts of the source up to date with the changes that the batch has left there. A crash before that costs
/// nothing but a conflict that shows an older row until somebody decides it.
pub(crate) async fn refresh(batch: &Batch<'_>, source: &mut Peer) -> Result<()> {
    for &position in &batch.touched {
        let table = &batch.tables[position].sides[batch.source.index()];
        let refresh = parked::refresh(table, &batch.spec.name, &batch.from);
        source
            .touched(&refresh, Plan::Fresh, "bring open conflicts up to date")
            .await?;
    }
    Ok(())
}
