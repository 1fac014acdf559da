//! Having a function of the user's decide. One that fails, or does not come to an end, costs the rows that it failed about: they wait for a person, as
//! under `manual`, and the batch goes on.

use ponte_schema::Sql;
use ponte_sync::apply::{Direction, Local, Stage};

use super::{Batch, count};
use crate::error::treatment::{self, Treatment};
use crate::error::{Error, Result};
use crate::sync::peer::{Peer, Plan};

/// How long the function may take, for all rows of a table or for one.
const LIMIT: &str = "SAVEPOINT decision; SET LOCAL statement_timeout = '2s'";
const NO_LIMIT: &str = "RELEASE SAVEPOINT decision; SET LOCAL statement_timeout = 0";
const UNDO: &str =
    "ROLLBACK TO SAVEPOINT decision; RELEASE SAVEPOINT decision; SET LOCAL statement_timeout = 0";

/// How often it may run out of time in one batch before nobody asks it any more.
const TIMEOUTS_MAX: usize = 5;

/// The SQLSTATE of a statement that ran out of time.
const CANCELED: &str = "57014";

/// Decides the conflicts of one table, as far as the function does; answers how many were recorded.
pub(super) async fn decide(
    batch: &Batch<'_>,
    target: &mut Peer,
    position: usize,
    direction: Direction<'_>,
) -> Result<u64> {
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    let local = batch.local();
    let Some(all) = stage.ask(table, direction, local, None) else {
        return Ok(0);
    };
    match attempt(target, &all).await? {
        Ok(found) => Ok(found),
        Err(_) => one_by_one(batch, target, position, direction, local).await,
    }
}

/// Asks about each row alone, because one of them made the function fail.
async fn one_by_one(
    batch: &Batch<'_>,
    target: &mut Peer,
    position: usize,
    direction: Direction<'_>,
    local: Local<'_>,
) -> Result<u64> {
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    let rows = stage.undecided(table, direction, local);
    let rows = target
        .value(&rows, "find what is not decided")
        .await?
        .unwrap_or_default();
    let (mut found, mut timeouts) = (0, 0);
    for row in rows.split(';').filter(|row| !row.is_empty()) {
        if timeouts == TIMEOUTS_MAX {
            leave(batch, target, position, (None, CANCELED)).await?;
            break;
        }
        let Some(one) = stage.ask(table, direction, local, Some(row)) else {
            break;
        };
        match attempt(target, &one).await? {
            Ok(recorded) => found += recorded,
            Err(sqlstate) => {
                timeouts += usize::from(sqlstate == CANCELED);
                leave(batch, target, position, (Some(row), &sqlstate)).await?;
            }
        }
    }
    Ok(found)
}

/// Leaves a row, or all that are not decided, to a person.
async fn leave(
    batch: &Batch<'_>,
    target: &mut Peer,
    position: usize,
    (row, sqlstate): (Option<&str>, &str),
) -> Result<()> {
    let table = batch.target_side(position);
    tracing::warn!(
        link = batch.spec.name,
        table = %table.name,
        function = table.decider.as_ref().map(|d| d.function.to_string()),
        sqlstate,
        "the function that decides conflicts failed: ponte sync conflicts --parked {}",
        batch.spec.name
    );
    let leave = Stage::new(position).leave_undecided(row);
    target
        .touched(&leave, Plan::Fresh, "leave a conflict to a person")
        .await?;
    Ok(())
}

/// Asks; answers the SQLSTATE where the function failed.
async fn attempt(target: &Peer, ask: &Sql) -> Result<std::result::Result<u64, String>> {
    target.script(&Sql::text(LIMIT), "ask a function").await?;
    match target.value(ask, "ask a function").await {
        Ok(found) => {
            target.script(&Sql::text(NO_LIMIT), "ask a function").await?;
            Ok(Ok(count(found)))
        }
        Err(error) => {
            let sqlstate = failure(&error).ok_or(error)?;
            target
                .script(&Sql::text(UNDO), "undo what a function did")
                .await?;
            Ok(Err(sqlstate))
        }
    }
}

/// The SQLSTATE of an error that the function is to blame for; what passes by itself is none.
fn failure(error: &Error) -> Option<String> {
    let code = error.server()?.code().code();
    let its_own = code == CANCELED || treatment::of(code) != Treatment::Retry;
    its_own.then(|| code.to_owned())
}
