//! Rows that need each other: deletes of rows that something references, rows whose parent is missing.

use ponte_schema::Sql;
use ponte_sync::apply::{Operation, Stage};

use super::{Applied, Batch, count};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::peer::Peer;

/// Deletes the rows that were referenced until now. Where rows that stay here still reference one, its delete loses: it stays, and is shipped
/// back to where it was deleted.
pub(super) async fn delete_referenced(
    batch: &Batch<'_>,
    position: usize,
    target: &mut Peer,
    applied: &mut Applied,
) -> Result<()> {
    let references = batch.references_to(position);
    if references.is_empty() {
        return Ok(());
    }
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    // A row that stays keeps its own parents: again, until nothing is kept for the sake of another one.
    loop {
        let mut kept = 0;
        for reference in &references {
            let keep = stage.keep_parents(table, batch.direction(target), Some(reference));
            kept += keep_parents(batch, target, &keep, &reference.key.name).await?;
        }
        applied.conflicts += kept;
        if kept == 0 || !batch.references_itself(position) {
            break;
        }
    }
    let delete = batch.followed(position, Operation::Delete, stage.delete(table, &[]));
    applied.deletes += target.touched(&delete, batch.plan(), "delete rows").await?;
    Ok(())
}

/// Lets deletes lose; answers how many.
pub(super) async fn keep_parents(
    batch: &Batch<'_>,
    target: &Peer,
    keep: &Sql,
    constraint: &str,
) -> Result<u64> {
    let counted = target
        .first_row(keep, "keep referenced rows")
        .await?
        .unwrap_or_default();
    // Another row has taken over a unique value of this one, which therefore cannot stay as it was.
    if counted
        .get(1)
        .is_some_and(|parked| parked.as_deref() == Some("t"))
    {
        return Err(refused(batch, target, constraint));
    }
    Ok(count(counted.into_iter().next().flatten()))
}

/// In replica mode the server checks no foreign key, so we do.
pub(super) async fn refuse_orphans(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    for &position in &batch.touched {
        let (stage, table) = (Stage::new(position), batch.target_side(position));
        for key in batch.references_from(position) {
            let hold = stage.hold_parents(table, key, batch.part);
            target.value(&hold, "hold referenced rows").await?;
            let orphans = stage.orphans(table, key, batch.part);
            if target.holds(&orphans, "look for orphans").await? {
                return Err(refused(batch, target, &key.name));
            }
        }
    }
    Ok(())
}

/// What the server would say of a foreign key, had it looked.
fn refused(batch: &Batch<'_>, target: &Peer, constraint: &str) -> Error {
    Error::new(
        ErrorKind::SyncBlocked,
        format!(
            "cannot apply a batch of link \"{}\" to \"{}\": a row violates {constraint} there",
            batch.spec.name,
            target.name()
        ),
    )
    .with("sqlstate", "23503")
    .with("constraint", constraint)
}
