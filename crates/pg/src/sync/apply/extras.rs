//! The user's own statements and log in the transaction that applies a batch, as `ponte_sync::extras` describes them.
//!
//! They run as ordinary statements of this node: the setting that keeps capture silent is taken back for as long as they last, and so is replica
//! mode. What they break is no matter of a row, so nothing is set aside on their account: the batch is undone as a whole, and
//! read again once they are mended.

use ponte_schema::{Command, Literal, Sql};
use ponte_sync::apply::{Operation, Reason, Stage};
use ponte_sync::extras::Extras;
use ponte_sync::link::ApplyAs;
use ponte_sync::table::TableSide;

use super::{ANY_PLAN, Batch};
use crate::error::{Error, ErrorKind, Result, Retry, server};
use crate::sync::peer::{Peer, Plan};

impl Batch<'_> {
    /// What else is done at the target for the n-th table.
    pub(super) fn extras(&self, position: usize) -> &Extras {
        &self.tables[position].extras[self.source.other().index()]
    }

    /// The statement `write`, logging what it writes where other links carry it on, and noting it where somebody wants to know.
    pub(super) fn followed(&self, position: usize, operation: Operation, write: Sql) -> Sql {
        let (stage, table) = (Stage::new(position), self.target_side(position));
        match self.forwarded_from(position) {
            link if self.extras(position).notes() => stage.noting(table, operation, link, &write),
            Some(link) => stage.forwarded(table, link, &write),
            None => write,
        }
    }

    fn any_extra(&self, which: impl Fn(&Extras) -> bool) -> bool {
        self.touched.iter().any(|i| which(self.extras(*i)))
    }
}

/// Makes what the stage of a table needs beside it.
pub(super) async fn prepare(batch: &Batch<'_>, position: usize, target: &Peer) -> Result<()> {
    let (stage, table, life) = (
        Stage::new(position),
        batch.target_side(position),
        target.stage_life(),
    );
    let extras = batch.extras(position);
    if extras.notes() {
        let sql = stage.create_notes(table, life);
        target.script(&sql, "make room for notes").await?;
    }
    if extras.hooks().next().is_some() {
        let sql = stage.create_applied(table, life);
        target.script(&sql, "make room for the hooks").await?;
    }
    Ok(())
}

/// Runs what comes before the rows are written.
pub(super) async fn before(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    if !batch.any_extra(|extras| extras.before.is_some()) {
        return Ok(());
    }
    step_out(batch, target).await?;
    for &position in &batch.touched {
        if let Some(hook) = &batch.extras(position).before {
            let shown = Stage::new(position).show_staged(batch.target_side(position));
            run(batch, target, (position, "before", hook), &shown).await?;
        }
    }
    step_in(batch, target).await?;
    own_up(batch, target).await
}

/// Writes the log, and runs what comes after the rows are written.
pub(super) async fn after(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    if !batch.any_extra(Extras::notes) {
        return Ok(());
    }
    step_out(batch, target).await?;
    for &position in &batch.touched {
        write_log(batch, target, position).await?;
    }
    for &position in &batch.touched {
        if let Some(hook) = &batch.extras(position).after {
            let shown = Stage::new(position).show_written(batch.target_side(position));
            run(batch, target, (position, "after", hook), &shown).await?;
        }
    }
    step_in(batch, target).await
}

async fn write_log(batch: &Batch<'_>, target: &mut Peer, position: usize) -> Result<()> {
    let Some(log) = &batch.extras(position).log else {
        return Ok(());
    };
    let table = batch.target_side(position);
    let sql = Stage::new(position).write_log(table, batch.direction(target), log);
    let written = match target.touched(&sql, batch.plan(), "write the log").await {
        Ok(_) => check_now(target).await,
        Err(error) => Err(error),
    };
    written.map_err(|error| {
        let what = format!(
            "cannot write to log table {} on \"{}\" what became of rows of {}",
            log.table,
            target.name(),
            table.name
        );
        failed(&what, error)
    })
}

/// Runs a statement of the user's over what `shown` shows it, if that is anything.
async fn run(
    batch: &Batch<'_>,
    target: &mut Peer,
    (position, name, hook): (usize, &str, &Command),
    shown: &Sql,
) -> Result<()> {
    let stage = Stage::new(position);
    if target
        .touched(shown, batch.plan(), "show a hook the rows")
        .await?
        == 0
    {
        return Ok(());
    }
    let outcome = match target
        .touched(&stage.command(hook), batch.plan(), "run a hook")
        .await
    {
        Ok(_) => check_now(target).await,
        Err(error) => Err(error),
    };
    outcome.map_err(|error| hook_failed(target.name(), batch.target_side(position), name, error))?;
    target
        .touched(&stage.hide(), batch.plan(), "hide the rows again")
        .await
        .map(drop)
}

/// What a statement of the user's leaves to the commit cannot be told apart there.
async fn check_now(target: &Peer) -> Result<()> {
    let sql = Sql::text("SET CONSTRAINTS ALL IMMEDIATE");
    target.script(&sql, "check what a hook did").await
}

/// From here on this transaction writes as anybody would.
async fn step_out(batch: &Batch<'_>, target: &Peer) -> Result<()> {
    let mut sql = Sql::text(ANY_PLAN);
    sql.push(&Sql::text("; SELECT set_config('ponte.applying', '', true)"));
    if batch.spec.apply == ApplyAs::Replica {
        sql.push(&Sql::text("; SET LOCAL session_replication_role = origin"));
    }
    target.script(&sql, "let hooks be captured").await
}

/// From here on it applies again.
async fn step_in(batch: &Batch<'_>, target: &Peer) -> Result<()> {
    let mut sql = Sql::render(
        "SELECT set_config('ponte.applying', {link}, true); SET CONSTRAINTS ALL DEFERRED",
        &[("link", &Literal::new(batch.spec.name.as_str()))],
    );
    if batch.spec.apply == ApplyAs::Replica {
        sql.push(&Sql::text("; SET LOCAL session_replication_role = replica"));
    }
    target.script(&sql, "go on applying").await
}

/// What hooks changed before the rows are written is a change of this node by its own will, not one that a trigger made on account of a
/// written row.
async fn own_up(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    for &position in &batch.touched {
        let sql = Sql::render(
            "UPDATE {changelog} SET version_node = {here}::uuid WHERE xid = pg_current_xact_id() AND version_node IS NULL",
            &[
                ("changelog", &batch.target_side(position).changelog_table()),
                ("here", &Literal::new(target.id().to_string())),
            ],
        );
        target.touched(&sql, batch.plan(), "own up to changes").await?;
    }
    Ok(())
}

/// Notes the rows that are about to be set aside.
pub(super) async fn note_refused(
    batch: &Batch<'_>,
    target: &mut Peer,
    position: usize,
    reason: Reason<'_>,
) -> Result<()> {
    if batch.extras(position).log.is_none() {
        return Ok(());
    }
    let sql = Stage::new(position).note_refused(batch.target_side(position), reason);
    target
        .touched(&sql, Plan::Fresh, "note refused rows")
        .await
        .map(drop)
}

/// Notes the rows of the quarantine that turn out to need nothing.
pub(super) async fn note_settled(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    for &position in &batch.touched {
        if batch.extras(position).log.is_none() {
            continue;
        }
        let sql = Stage::new(position).note_settled(batch.target_side(position), &batch.spec.name);
        target.touched(&sql, Plan::Fresh, "note settled rows").await?;
    }
    Ok(())
}

/// A hook that failed, in the server's words.
pub(super) fn hook_failed(node: &str, table: &TableSide, name: &str, error: Error) -> Error {
    let what = format!("the hook `{name}` of table {} failed on \"{node}\"", table.name);
    failed(&what, error)
}

/// What passes by itself stays what it is.
fn failed(what: &str, error: Error) -> Error {
    let Some(said) = error.server().map(server::message).map(str::to_owned) else {
        return error;
    };
    if error.kind().retry() == Retry::Later {
        return error;
    }
    Error::new(ErrorKind::SyncHook, format!("{what}: {said}")).because(error)
}
