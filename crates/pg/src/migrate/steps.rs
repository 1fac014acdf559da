//! A script that cannot run in a transaction: step by step, and the history knows the step.
//!
//! Before a step the history says that it was begun, after it that it is done. A step of the file's own, BEGIN … COMMIT,
//! is marked done inside its transaction. Whatever ends a run (an error, a kill, a lost server) leaves a script that is
//! taken up at the first step that is not known to be done.

use std::time::Instant;

use ponte_schema::Sql;
use ponte_schema::migration::ConcurrentIndex;
use ponte_schema::migration::plan::label;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::Options;
use super::concurrent_index::{self, Found};
use super::event::{Event, Observer};
use super::history::{self, Took};
use super::run::{Job, Patience, Runner};
use super::together::{self, Rejected, Stage};
use crate::error::{During, Error, Result};
use crate::session::Session;

/// Runs the steps that are not done.
pub(super) async fn run(runner: &mut Runner<'_>, job: &Job<'_>, observer: &mut Observer<'_>) -> Result<()> {
    let clock = Instant::now();
    let first = job.unfinished.map_or(0, |unfinished| unfinished.steps_done);
    runner.reset_session().await?;
    if job.unfinished.is_some() {
        observer(Event::Resumed {
            migration: job.migration,
            steps_done: first,
        });
        repeat_settings(runner, job, first).await?;
    }
    mark(runner, job, first).await?;
    for index in first..job.script.steps().len() {
        let was_begun = index == first && job.unfinished.is_some_and(|unfinished| unfinished.step_begun);
        step_with_retries(runner, job, index, was_begun, observer).await?;
    }
    let record = job.record(Took::Measured(clock.elapsed()), runner.options);
    let recorded = runner.session.client().batch_execute(record.as_str()).await;
    recorded.during(|| format!("record {} in the migration history", job.script.file()))
}

/// What the steps that are done have set in their session (`SET search_path = …`), this one does not have.
async fn repeat_settings(runner: &Runner<'_>, job: &Job<'_>, done: usize) -> Result<()> {
    let text = job.script.text();
    for step in &job.script.steps()[..done.min(job.script.steps().len())] {
        for statement in &job.script.statements()[step.clone()] {
            let sql = statement.text(text);
            let is_set = sql
                .get(..4)
                .is_some_and(|head| head.trim_end().eq_ignore_ascii_case("set"));
            if is_set && step.len() == 1 {
                let set = runner.session.client().batch_execute(sql).await;
                set.during(|| format!("repeat the settings of {}", job.script.file()))?;
            }
        }
    }
    Ok(())
}

async fn step_with_retries(
    runner: &mut Runner<'_>,
    job: &Job<'_>,
    index: usize,
    was_begun: bool,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let (session, options) = (runner.session, runner.options);
    let mut patience = Patience::new(options.wait_max);
    let what = label(&job.migration.revision, &job.migration.name);
    loop {
        if clear_the_way(session, job, index, was_begun, observer).await? == Way::AlreadyDone {
            return mark(runner, job, index + 1).await;
        }
        let attempt = attempt(session, options, job, index);
        let outcome = runner.watch.over(&what, observer, attempt).await;
        let Err(rejected) = outcome else { return Ok(()) };
        if was_begun && is_gone(job, index, &rejected) {
            return mark(runner, job, index + 1).await;
        }
        let Some(pause) = patience.pause_after(&rejected) else {
            return Err(give_up(runner, job, index, &rejected).await);
        };
        runner.wait(&what, pause, observer).await;
    }
}

/// Whether a step still has to be run.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Clear,
    AlreadyDone,
}

/// Drops what a failed build has left of the index that the step builds. An index that is usable, though nobody knows
/// how the step ended that was to build it, was built by that step.
async fn clear_the_way(
    session: &Session,
    job: &Job<'_>,
    index: usize,
    was_begun: bool,
    observer: &mut Observer<'_>,
) -> Result<Way> {
    let statement = &job.script.statements()[job.script.steps()[index].start];
    let Some(wanted) = ConcurrentIndex::of(statement, job.script.text()) else {
        return Ok(Way::Clear);
    };
    match concurrent_index::find(session, &wanted).await? {
        Found::Usable if was_begun => Ok(Way::AlreadyDone),
        Found::Usable | Found::Nothing => Ok(Way::Clear),
        Found::Invalid(invalid) => {
            concurrent_index::drop_invalid(session, &invalid).await?;
            observer(Event::InvalidIndexDropped {
                index: invalid.to_string(),
            });
            Ok(Way::Clear)
        }
    }
}

/// Whether the step was to drop an index that is no longer there.
fn is_gone(job: &Job<'_>, index: usize, rejected: &Rejected) -> bool {
    let statement = &job.script.statements()[job.script.steps()[index].start];
    let text = statement.text(job.script.text());
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    let drops_index = matches!(words.as_slice(), [drop, what]
        if drop.eq_ignore_ascii_case("drop") && what.eq_ignore_ascii_case("index"));
    drops_index && rejected.error.code() == Some(&SqlState::UNDEFINED_OBJECT)
}

/// Runs one step and marks it done.
async fn attempt(session: &Session, options: &Options, job: &Job<'_>, index: usize) -> Result<(), Rejected> {
    let step = job.script.steps()[index].clone();
    let client = session.client();
    let done = mark_sql(job, index + 1, options);
    let is_block = step.len() > 1;
    let waits_in_peace = !is_block && waits_in_peace(job, step.start);
    if waits_in_peace {
        // It blocks neither readers nor writers while it waits, and a time-out would leave an invalid index.
        bookkeeping(client, &Sql::text("SET lock_timeout = 0")).await?;
    }
    for statement in step.clone() {
        if is_block && statement + 1 == step.end {
            bookkeeping(client, &done).await?;
        }
        if let Err(error) = run_statement(client, job, statement).await {
            if is_block {
                // The first error is the one to report, and a session that cannot roll back is lost anyway.
                let _ = client.batch_execute("ROLLBACK").await;
            }
            return Err(Rejected {
                stage: Stage::Statement(statement),
                error,
            });
        }
    }
    if !is_block {
        bookkeeping(client, &done).await?;
    }
    if waits_in_peace {
        let lock_timeout_ms = i64::try_from(options.lock_timeout.as_millis()).unwrap_or(i64::MAX);
        bookkeeping(
            client,
            &Sql::render("SET lock_timeout = {ms}", &[("ms", &lock_timeout_ms)]),
        )
        .await?;
    }
    Ok(())
}

/// CREATE, DROP and REINDEX INDEX CONCURRENTLY, in a file that says nothing about lock_timeout itself.
fn waits_in_peace(job: &Job<'_>, statement: usize) -> bool {
    let text = job.script.text();
    let own = job.script.statements()[statement].text(text).to_ascii_lowercase();
    own.contains("concurrently") && !text.to_ascii_lowercase().contains("lock_timeout")
}

async fn run_statement(client: &Client, job: &Job<'_>, index: usize) -> Result<(), tokio_postgres::Error> {
    let statement = &job.script.statements()[index];
    let sql = statement.text(job.script.text());
    match &statement.copy_rows {
        Some(rows) => together::copy_in(client, sql, &job.script.text()[rows.clone()]).await,
        None => client.batch_execute(sql).await,
    }
}

async fn bookkeeping(client: &Client, sql: &Sql) -> Result<(), Rejected> {
    let done = client.batch_execute(sql.as_str()).await;
    done.map_err(|error| Rejected {
        stage: Stage::Commit,
        error,
    })
}

/// After an answer of the server it is known that the step is not done; without one it is not.
async fn give_up(runner: &Runner<'_>, job: &Job<'_>, index: usize, rejected: &Rejected) -> Error {
    if rejected.error.as_db_error().is_some()
        && let Err(error) = mark_failed(runner, job, index).await
    {
        tracing::debug!(%error, "the history does not know that the step failed");
    }
    let applied = format!("{index} of {} statements", job.script.steps().len());
    let piece = job.piece(Took::ThisTransaction, runner.options);
    runner.report(&piece, rejected, &applied)
}

async fn mark(runner: &Runner<'_>, job: &Job<'_>, done: usize) -> Result<()> {
    record(runner, job, &mark_sql(job, done, runner.options)).await
}

async fn mark_failed(runner: &Runner<'_>, job: &Job<'_>, index: usize) -> Result<()> {
    let options = runner.options;
    let sql = history::record_step(job.migration, job.script, job.direction, (index, false), options);
    record(runner, job, &sql).await
}

async fn record(runner: &Runner<'_>, job: &Job<'_>, sql: &Sql) -> Result<()> {
    let recorded = runner.session.client().batch_execute(sql.as_str()).await;
    recorded.during(|| format!("record how far {} has come", job.script.file()))
}

/// So many steps are done, and the next, if there is one, begins.
fn mark_sql(job: &Job<'_>, done: usize, options: &Options) -> Sql {
    let more = done < job.script.steps().len();
    history::record_step(job.migration, job.script, job.direction, (done, more), options)
}
