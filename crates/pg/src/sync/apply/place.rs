//! The shortest way to write a batch: rows that are only new go by COPY straight into their table, as at the first contact.
//!
//! It is the sweep without the stage, and right for the same reason: what is written is locked, and then a later statement looks whether
//! the target has changes of its own. Here it may have none at all, of whatever row, for without a stage nobody can tell which rows they would
//! meet. Where there are some, or the server does not like a row, it is all undone and the table goes through its stage.

use ponte_schema::Sql;
use ponte_sync::apply::{Stage, captured_meanwhile, copy_rows_in};
use ponte_sync::batch;

use super::{Batch, Content, sweep};
use crate::error::{Error, Result};
use crate::sync::peer::Peer;
use crate::sync::stream;

/// Copies a table's part of the batch into the table; answers how many rows that are, or `None` where they have to go through the stage.
pub(super) async fn place(
    batch: &Batch<'_>,
    position: usize,
    source: &Peer,
    target: &Peer,
) -> Result<Option<u64>> {
    let Some(copy_out) = only_new(batch, position, source).await? else {
        return Ok(None);
    };
    let begin = Sql::text("SAVEPOINT place");
    if has_local_changes(batch, position, target).await? {
        return Ok(None);
    }
    target.script(&begin, "begin to place rows").await?;
    let placed = match copy(batch, position, (source, &copy_out), target).await {
        Ok(placed) => placed,
        Err(error) if refused_a_row(&error) => {
            tracing::debug!("a table goes through its stage instead: {error}");
            None
        }
        Err(error) => return Err(error),
    };
    if placed.is_none() {
        let undo = Sql::text("ROLLBACK TO SAVEPOINT place");
        target.script(&undo, "undo what was placed").await?;
    }
    Ok(placed)
}

/// Whether the target refused a row on account of what it holds: a constraint, a value that does not fit, an objection by a trigger.
pub(crate) fn refused_a_row(error: &Error) -> bool {
    error.server().is_some_and(|server| {
        ["22", "23", "P0"]
            .iter()
            .any(|class| server.code().code().starts_with(class))
    })
}

/// What reads the rows, where all that is pending of the table are rows that were added, and nobody has to be told of them by the stage.
async fn only_new(batch: &Batch<'_>, position: usize, source: &Peer) -> Result<Option<Sql>> {
    let Content::Changes { shared, .. } = &batch.content else {
        return Ok(None);
    };
    let sides = &batch.tables[position].sides;
    let (there, here) = (&sides[batch.source.index()], batch.target_side(position));
    let quarantine = &batch.quarantine;
    let plain = !batch.small
        && sweep::fits(batch)
        && !(batch.parked_at_source || quarantine.at_source || quarantine.at_target)
        && batch.forwarded_from(position).is_none()
        && batch.references_from(position).next().is_none()
        && batch.tables[position].extras[batch.source.other().index()].is_empty()
        && there.filter.is_none()
        && here.version.is_some()
        && Stage::can_be_contested(here, batch.local());
    if !plain {
        return Ok(None);
    }
    let (reader, shipped) = (batch.reader(source), shared.shipped(there));
    let only_inserted = batch::only_inserted(reader, there, shipped, &batch.from);
    if !source
        .holds(&only_inserted, "look what kind of changes there are")
        .await?
    {
        return Ok(None);
    }
    Ok(Some(batch::copy_inserted(
        reader,
        there,
        shipped,
        &batch.from,
        batch.wire(position),
    )))
}

/// Copies and looks; `None` where somebody else wrote too.
async fn copy(
    batch: &Batch<'_>,
    position: usize,
    (source, copy_out): (&Peer, &Sql),
    target: &Peer,
) -> Result<Option<u64>> {
    let here = batch.target_side(position);
    let copy_in = copy_rows_in(here, batch.wire(position));
    let rows = stream::copy(source, copy_out, target, &copy_in, &batch.meter(position)).await?;
    let check = Sql::text("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED");
    target.script(&check, "check what was placed").await?;
    let sides: Vec<_> = batch.touched.iter().map(|i| batch.target_side(*i)).collect();
    let others = has_local_changes(batch, position, target).await?
        || target
            .holds(&captured_meanwhile(&sides), "look for changes by triggers")
            .await?;
    Ok((!others).then_some(rows))
}

async fn has_local_changes(batch: &Batch<'_>, position: usize, target: &Peer) -> Result<bool> {
    let here = batch.target_side(position);
    let look = Stage::new(position).any_local(here, batch.direction(target), batch.local());
    target.holds(&look, "look for local changes").await
}
