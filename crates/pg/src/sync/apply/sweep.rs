//! The short way to write a batch, as `ponte_sync::apply` describes it: write first, then look whether anybody else did.

use ponte_schema::Sql;
use ponte_sync::apply::{Operation, Stage};
use ponte_sync::link::ApplyAs;

use super::{Applied, Batch, Content, Peer, SMALL_BATCH_PLANS};
use crate::error::Result;

/// Neither side of that match has an index.
const HASH_JOINS: &str = "SET LOCAL enable_hashjoin = on";

/// Whether a batch may be swept. In replica mode nobody but the rounds checks foreign keys; at the first contact every row is a
/// local change.
pub(super) fn fits(batch: &Batch<'_>) -> bool {
    let free = |position: usize| {
        batch.references_to(position).is_empty() && batch.references_from(position).next().is_none()
    };
    matches!(batch.content, Content::Changes { .. })
        && (batch.spec.apply == ApplyAs::Plain || batch.touched.iter().all(|i| free(*i)))
}

/// Writes what can be written as if nobody else did, if indeed nobody did; otherwise nothing. Rows that are as they should be
/// already, and some rare ones, are left to the rounds.
///
/// # Errors
/// A connection that is lost. What the server refuses is undone, and the rounds will meet it again if it is still there.
pub(super) async fn sweep(batch: &Batch<'_>, target: &mut Peer) -> Result<Applied> {
    // Every staged row is looked up by its key, in the order of the keys, whatever the size of the batch and of the table.
    let mut sql = Sql::text("SAVEPOINT sweep; ");
    sql.push(&Sql::text(SMALL_BATCH_PLANS));
    target.script(&sql, "begin to write").await?;
    if has_local_changes(batch, target).await? {
        return Ok(Applied::default());
    }
    let swept = write(batch, target).await;
    match swept {
        Ok(applied) if !has_local_changes(batch, target).await? => Ok(applied),
        Ok(_) => undo(target).await.map(|()| Applied::default()),
        Err(error) => match undo(target).await {
            Ok(()) => Ok(Applied::default()),
            Err(_) => Err(error),
        },
    }
}

async fn undo(target: &mut Peer) -> Result<()> {
    target
        .script(&Sql::text("ROLLBACK TO SAVEPOINT sweep"), "undo what was written")
        .await
}

async fn write(batch: &Batch<'_>, target: &mut Peer) -> Result<Applied> {
    let mut applied = Applied::default();
    if batch.carries_on() {
        // What was written is matched with the stage, to log its versions.
        target.script(&Sql::text(HASH_JOINS), "choose plans").await?;
    }
    for &position in &batch.touched {
        let table = batch.target_side(position);
        let stage = Stage::new(position);
        // Where other tables point at this one, its deletes need an order that only the rounds know.
        if batch.references_to(position).is_empty() {
            let delete = batch.followed(position, Operation::Delete, stage.sweep_delete(table));
            applied.deletes += target.touched(&delete, batch.plan(), "delete rows").await?;
        }
        for (operation, upsert) in stage.sweep_upserts(table) {
            let upsert = batch.followed(position, operation, upsert);
            applied.upserts += target.touched(&upsert, batch.plan(), "write rows").await?;
        }
    }
    let checked = Sql::text("SET CONSTRAINTS ALL IMMEDIATE");
    target.script(&checked, "check what was deferred").await?;
    Ok(applied)
}

async fn has_local_changes(batch: &Batch<'_>, target: &Peer) -> Result<bool> {
    for &position in &batch.touched {
        let table = batch.target_side(position);
        let any_local = Stage::new(position).any_local(table, batch.direction(target), batch.local());
        if target.holds(&any_local, "look for local changes").await? {
            return Ok(true);
        }
    }
    Ok(false)
}
