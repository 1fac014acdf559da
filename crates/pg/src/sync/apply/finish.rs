//! The end of a batch at its target.

use ponte_sync::apply::Stage;
use ponte_sync::forward;

use super::{Applied, Batch, Content, extras, retried};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::peer::{Peer, Plan};
use crate::sync::sharing::Shared;

/// Counts what was done, and does what is only known in the end; answers whether another link of the target was made meanwhile.
pub(super) async fn record(batch: &Batch<'_>, target: &mut Peer, applied: Applied) -> Result<bool> {
    for &position in &batch.touched {
        let send_back = Stage::new(position).send_back(batch.target_side(position), batch.direction(target));
        if let Some(sql) = send_back {
            target
                .touched(&sql, batch.plan(), "send back what arrived")
                .await?;
        }
    }
    if batch.quarantine.at_target {
        extras::note_settled(batch, target).await?;
        retried::forget_accepted(batch, target).await?;
    }
    if let Content::Everything { range, .. } = &batch.content {
        for &position in &batch.touched {
            let sql = Stage::new(position).announce(batch.target_side(position), &batch.spec.name, range);
            target
                .touched(&sql, Plan::Fresh, "mark rows that only this node has")
                .await?;
        }
    }
    extras::after(batch, target).await?;
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let row = target
        .row(
            &ponte_sync::apply::finish(),
            &[
                &batch.spec.name,
                &count(applied.upserts),
                &count(applied.deletes),
                &count(applied.conflicts),
            ],
            "record progress",
        )
        .await?;
    // Another link counts on finding in the changelog what was written here.
    let changed = Shared::from_row(&row, 0) != batch.carried_on;
    if batch.carries_on() && !changed {
        target.script(&forward::wake(), "wake other links").await?;
    }
    Ok(changed)
}

/// What is under way was begun without knowing of a link that was made meanwhile.
pub(crate) fn links_changed(target: &str) -> Error {
    Error::new(
        ErrorKind::SqlTransient,
        format!("the links of \"{target}\" changed while a batch was applied"),
    )
}

/// Remembers that the stages survived their first commit, so that the next batch on this session reuses them.
pub(crate) fn keep_stages(batch: &Batch<'_>, target: &mut Peer) {
    for &position in &batch.touched {
        target.keep_stage(position);
    }
}
