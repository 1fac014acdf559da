//! The short way to write a batch, as `ponte_sync::apply` describes it: write first, then look whether anybody else did.

use ponte_schema::Sql;
use ponte_sync::apply::Stage;
use ponte_sync::link::ApplyAs;

use super::{Applied, Batch, Content, SMALL_BATCH_PLANS};
use crate::error::Result;
use crate::sync::peer::Peer;

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

/// Every staged row is looked up by its key, in the order of the keys, whatever the size of the batch and of the table.
pub(super) async fn begin(target: &Peer) -> Result<()> {
    let mut sql = Sql::text("SAVEPOINT sweep; ");
    sql.push(&Sql::text(SMALL_BATCH_PLANS));
    target.script(&sql, "begin to write").await
}

/// Undoes what was written, and whatever the server refused of it.
pub(super) async fn undo(target: &Peer) -> Result<()> {
    target
        .script(&Sql::text("ROLLBACK TO SAVEPOINT sweep"), "undo what was written")
        .await
}

/// Writes what can be written as if nobody else did. Rows that are as they should be already, and some rare ones, are left to the rounds.
pub(super) async fn write(batch: &Batch<'_>, target: &mut Peer) -> Result<Applied> {
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
            let delete = batch.forwarded(position, stage.sweep_delete(table));
            applied.deletes += target.touched(&delete, batch.plan(), "delete rows").await?;
        }
        for upsert in stage.sweep_upserts(table) {
            let upsert = batch.forwarded(position, upsert);
            applied.upserts += target.touched(&upsert, batch.plan(), "write rows").await?;
        }
    }
    let checked = Sql::text("SET CONSTRAINTS ALL IMMEDIATE");
    target.script(&checked, "check what was deferred").await?;
    Ok(applied)
}

/// Whether somebody did.
pub(super) async fn has_local_changes(batch: &Batch<'_>, target: &Peer) -> Result<bool> {
    for &position in &batch.touched {
        let table = batch.target_side(position);
        let any_local = Stage::new(position).any_local(table, batch.direction(target), batch.local());
        if target.holds(&any_local, "look for local changes").await? {
            return Ok(true);
        }
    }
    Ok(false)
}
