//! The short way to write a batch, as `ponte_sync::apply` describes it: write first, then look whether anybody else did.

use ponte_schema::Sql;
use ponte_sync::apply::Stage;
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
    sql.push(&Sql::text("; "));
    if has_local_changes_after(&sql, batch, target).await? {
        return Ok(Applied::default());
    }
    match write(batch, target).await {
        Ok(Some(applied)) => Ok(applied),
        Ok(None) => undo(target).await.map(|()| Applied::default()),
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

/// Writes, then looks; answers what was written, and nothing where somebody else wrote too.
async fn write(batch: &Batch<'_>, target: &mut Peer) -> Result<Option<Applied>> {
    let mut applied = Applied::default();
    if batch.carries_on() {
        // What was written is matched with the stage, to log its versions.
        target.script(&Sql::text(HASH_JOINS), "choose plans").await?;
    }
    for &position in &batch.touched {
        let table = batch.target_side(position);
        let stage = Stage::new(position);
        let mut statements = Vec::with_capacity(3);
        // Where other tables point at this one, its deletes need an order that only the rounds know.
        let deletes = batch.references_to(position).is_empty();
        if deletes {
            statements.push(batch.forwarded(position, stage.sweep_delete(table)));
        }
        let upserts = stage.sweep_upserts(table).into_iter();
        statements.extend(upserts.map(|upsert| batch.forwarded(position, upsert)));
        let touched = target
            .touched_each(&statements, batch.plan(), "write rows")
            .await?;
        let (deleted, upserted) = touched.split_at(usize::from(deletes));
        applied.deletes += deleted.iter().sum::<u64>();
        applied.upserts += upserted.iter().sum::<u64>();
    }
    let checked = Sql::text("SET CONSTRAINTS ALL IMMEDIATE; ");
    let alone = !has_local_changes_after(&checked, batch, target).await?;
    Ok(alone.then_some(applied))
}

/// Runs a script and then, each as a statement of its own that sees what was committed before it, looks at every table for local changes.
async fn has_local_changes_after(script: &Sql, batch: &Batch<'_>, target: &Peer) -> Result<bool> {
    let mut script = Some(script.clone());
    for &position in &batch.touched {
        let table = batch.target_side(position);
        let mut sql = script.take().unwrap_or_default();
        sql.push(&Stage::new(position).any_local(table, batch.direction(target), batch.local()));
        if target.holds(&sql, "look for local changes").await? {
            return Ok(true);
        }
    }
    Ok(false)
}
