//! Comparing what is staged with what is there, and deciding the conflicts.

use ponte_schema::Sql;
use ponte_sync::apply::{Direction, OUTSIDE, Reason, Stage, Winner};

use super::{ANY_PLAN, Applied, Batch, SMALL_BATCH_PLANS, ask, count, rescue};
use crate::error::Result;
use crate::sync::peer::{Peer, Plan};

/// What arrives for a row that takes no part here.
const OUTSIDE_NOW: Reason<'static> = Reason {
    sqlstate: OUTSIDE,
    message: "the row does not take part here at present",
};

/// Compares the staged rows with the ones that are there; answers how many differ. What arrived for rows that are kept out of everything is set aside.
pub(super) async fn pin(batch: &Batch<'_>, target: &mut Peer, applied: &mut Applied) -> Result<u64> {
    let mut planned = 0;
    let (direction, part) = (batch.direction(target), batch.part);
    for &position in &batch.touched {
        let (stage, table) = (Stage::new(position), batch.target_side(position));
        let pin = match batch.part {
            None => stage.pin(table),
            Some(part) => stage.pin_part(table, part),
        };
        planned += target.touched(&pin, batch.plan(), "compare rows").await?;
        if let Some(pin) = stage.pin_alike(table, direction, batch.local(), part) {
            planned += target.touched(&pin, Plan::Fresh, "compare rows").await?;
        }
        if table.keeps {
            applied.quarantined += rescue::set_aside(batch, target, position, OUTSIDE_NOW).await?;
        }
    }
    Ok(planned)
}

/// Decides the conflicts of one table; answers how many there were.
pub(super) async fn resolve(
    batch: &Batch<'_>,
    target: &mut Peer,
    position: usize,
    direction: Direction<'_>,
) -> Result<u64> {
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    target.script(&Sql::text(ANY_PLAN), "choose plans").await?;
    let lock = stage.lock(table, direction, batch.local());
    target.value(&lock, "hold rows in conflict").await?;
    let winner = batch.winner(position);
    let mut found = 0;
    if winner == Winner::Function {
        found += ask::decide(batch, target, position, direction).await?;
    }
    if let Some(merge) = stage.merge(table, direction, batch.local(), winner) {
        found += count(target.value(&merge, "merge rows").await?);
    }
    let resolve = stage.resolve(table, direction, batch.local(), winner);
    found += count(target.value(&resolve, "resolve conflicts").await?);
    if batch.small {
        let plans = Sql::text(SMALL_BATCH_PLANS);
        target.script(&plans, "choose plans").await?;
    }
    Ok(found)
}

/// How many rows are planned to be written.
pub(super) async fn count_planned(batch: &Batch<'_>, target: &mut Peer) -> Result<u64> {
    let mut planned = 0;
    for &position in &batch.touched {
        let count_plan = Stage::new(position).count_plan();
        planned += count(target.value(&count_plan, "count planned rows").await?);
    }
    Ok(planned)
}
