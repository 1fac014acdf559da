//! The short way to write a batch, as `ponte_sync::apply` describes it: write first, then look whether anybody else did.

use ponte_schema::Sql;
use ponte_sync::apply::{Operation, Stage, Sweep};
use ponte_sync::link::ApplyAs;

use super::{Applied, Batch, Content, SMALL_BATCH_PLANS};
use crate::error::Result;
use crate::sync::peer::Peer;

/// Who else wrote to the tables of a batch before it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// Nobody.
    None,
    /// Somebody did, and the rows that it was about are set apart.
    SetApart,
    /// Somebody did.
    Some,
}

/// Whether a batch may be swept. In replica mode nobody but the rounds checks foreign keys; at the first contact every row is a
/// local change.
pub(super) fn fits(batch: &Batch<'_>) -> bool {
    let free = |position: usize| {
        batch.references_to(position).is_empty() && batch.references_from(position).next().is_none()
    };
    matches!(batch.content, Content::Changes { .. })
        && (batch.spec.apply == ApplyAs::Plain || batch.touched.iter().all(|i| free(*i)))
}

/// Whether anybody else wrote to the tables of the batch, asked before anything is written.
///
/// Every staged row is looked up by its key, in the order of the keys, whatever the size of the batch and of the table.
pub(super) async fn begin(batch: &Batch<'_>, target: &mut Peer) -> Result<Others> {
    let mut sql = Sql::text("SAVEPOINT sweep; ");
    sql.push(&Sql::text(SMALL_BATCH_PLANS));
    sql.push(&Sql::text("; "));
    if !has_local_changes_after(&sql, batch, target).await? {
        return Ok(Others::None);
    }
    let apart = |i: &usize| Stage::can_be_contested(batch.target_side(*i), batch.local());
    if batch.small || !batch.touched.iter().all(apart) {
        return Ok(Others::Some);
    }
    // Neither the stage nor the changelog has an index by key.
    target.script(&hash_joins("on"), "choose plans").await?;
    for &position in &batch.touched {
        let table = batch.target_side(position);
        let contest = Stage::new(position).contest(table, batch.direction(target), batch.local());
        target
            .touched(&contest, batch.plan(), "set rows apart that others wrote")
            .await?;
    }
    Ok(Others::SetApart)
}

/// Undoes what was written, and whatever the server refused of it.
pub(super) async fn undo(target: &Peer) -> Result<()> {
    target
        .script(&Sql::text("ROLLBACK TO SAVEPOINT sweep"), "undo what was written")
        .await
}

/// Writes what can be written as if nobody else did, then looks; answers what was written, and whether somebody else wrote too. Rows that are
/// as they should be already, those that are set apart, and some rare ones, are left to the rounds.
pub(super) async fn write(batch: &Batch<'_>, target: &mut Peer, set_apart: bool) -> Result<(Applied, bool)> {
    let mut applied = Applied::default();
    let mut sweep = Sweep {
        contested: set_apart,
        unless_there: true,
    };
    // What was written is matched with the stage, to log its versions.
    let hashes = if batch.carries_on() { "on" } else { "off" };
    if batch.carries_on() || set_apart {
        target.script(&hash_joins(hashes), "choose plans").await?;
    }
    for &position in &batch.touched {
        let table = batch.target_side(position);
        let stage = Stage::new(position);
        // What comes on its way round a ring is often there.
        let asks = !batch.small && batch.forwarded_from(position).is_none();
        let among = stage.inserts_among(table, sweep);
        sweep.unless_there = !asks || target.holds(&among, "look where rows will be added").await?;
        let mut statements = Vec::with_capacity(3);
        // Where other tables point at this one, its deletes need an order that only the rounds know.
        let deletes = batch.references_to(position).is_empty();
        if deletes {
            statements.push(batch.followed(position, Operation::Delete, stage.sweep_delete(table, sweep)));
        }
        let upserts = stage.sweep_upserts(table, sweep).into_iter();
        statements.extend(upserts.map(|(operation, upsert)| batch.followed(position, operation, upsert)));
        let touched = target
            .touched_each(&statements, batch.plan(), "write rows")
            .await?;
        let (deleted, upserted) = touched.split_at(usize::from(deletes));
        applied.deletes += deleted.iter().sum::<u64>();
        applied.upserts += upserted.iter().sum::<u64>();
    }
    let mut checked = Sql::text("SET CONSTRAINTS ALL IMMEDIATE; ");
    if !set_apart {
        return Ok((applied, has_local_changes_after(&checked, batch, target).await?));
    }
    checked.push(&hash_joins("on")).push(&Sql::text("; "));
    target.script(&checked, "check what was written").await?;
    for &position in &batch.touched {
        let table = batch.target_side(position);
        let look = Stage::new(position).any_contested(table, batch.direction(target), batch.local());
        if target.holds(&look, "look for local changes").await? {
            return Ok((applied, true));
        }
    }
    Ok((applied, false))
}

/// Whether matches without an index are made by hashing.
fn hash_joins(on: &'static str) -> Sql {
    Sql::render("SET LOCAL enable_hashjoin = {on}", &[("on", &Sql::text(on))])
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
