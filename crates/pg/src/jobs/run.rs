//! `ponte.job_run`: the only file that knows its columns.

use std::time::Duration;

use jiff::Timestamp;
use ponte_schema::Sql;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::job::Decision;
use super::{Problem, problem};
use crate::error::Result;
use crate::sync::Peer;

/// A run that this process may carry out for as long as it keeps the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The run.
    pub run: i64,
    /// What says that it is this process's and nobody else's.
    pub fence: i64,
    /// The how-manieth attempt this is.
    pub attempt: u32,
    /// The tick; none for a run by hand.
    pub scheduled_at: Option<Timestamp>,
    /// How far an earlier attempt came, in the words of the task.
    pub progress: Option<String>,
}

/// A run as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// The job.
    pub job: String,
    /// The tick; none for a run by hand.
    pub scheduled_at: Option<Timestamp>,
    /// `schedule`, `catch_up` or `manual`.
    pub cause: String,
    /// `queued`, `running`, `succeeded`, `failed`, `lost`, `cancelled` or `skipped`.
    pub state: String,
    /// Why it was left out: `missed` or `overlap`.
    pub reason: Option<String>,
    /// How many ticks it stands for.
    pub ticks: i64,
    /// How many attempts were made.
    pub attempt: i32,
    /// The process that ran it last.
    pub runner: Option<String>,
    /// When the last attempt began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// How long the last attempt took, or has been taking.
    pub duration_ms: Option<i64>,
    /// How many rows it touched, where that means something.
    pub rows: Option<i64>,
    /// The code of the last failure.
    pub error_code: Option<String>,
    /// The last failure in words.
    pub error: Option<String>,
}

/// How a run ended without success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// How long to wait before the next attempt; none where this was the last.
    pub retry_in: Option<Duration>,
    /// Whether somebody ended it.
    pub cancelled: bool,
    /// The code of the failure.
    pub code: String,
    /// The failure in words.
    pub error: String,
}

/// How much history is kept of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Runs that are over for longer than this go.
    pub age: Duration,
    /// No more runs than this are kept.
    pub runs: u64,
}

pub(super) fn of_row(row: &Row) -> Run {
    Run {
        id: row.get("id"),
        job: row.get("job"),
        scheduled_at: row.get("scheduled_at"),
        cause: row.get("cause"),
        state: row.get("state"),
        reason: row.get("reason"),
        ticks: row.get("ticks"),
        attempt: row.get("attempt"),
        runner: row.get("runner"),
        started_at: row.get("started_at"),
        finished_at: row.get("finished_at"),
        duration_ms: row.get("duration_ms"),
        rows: row.get("rows"),
        error_code: row.get("error_code"),
        error: row.get("error"),
    }
}

fn claim_of_row(row: &Row) -> Claim {
    Claim {
        run: row.get("id"),
        fence: row.get("fence"),
        attempt: u32::try_from(row.get::<_, i32>("attempt")).unwrap_or(0),
        scheduled_at: row.get("scheduled_at"),
        progress: row.get("progress"),
    }
}

/// Makes the rows of ticks that were decided.
pub(super) async fn admit(peer: &mut Peer, job: &str, decision: &Decision) -> Result<()> {
    let mut columns: [Vec<String>; 5] = Default::default();
    let mut add = |values: [&str; 5]| {
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value.to_owned());
        }
    };
    for skipped in &decision.skip {
        add([
            &skipped.tick.to_string(),
            "schedule",
            "skipped",
            skipped.reason,
            &skipped.ticks.to_string(),
        ]);
    }
    for (tick, late) in &decision.queue {
        let cause = if *late { "catch_up" } else { "schedule" };
        add([&tick.to_string(), cause, "queued", "", "1"]);
    }
    let [ticks, causes, states, reasons, counts] = columns;
    if ticks.is_empty() {
        return Ok(());
    }
    let sql = Sql::text(include_str!("sql/admit.sql"));
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&job, &ticks, &causes, &states, &reasons, &counts];
    peer.changed(&sql, &values, "record the ticks of a job").await?;
    Ok(())
}

/// Asks for the end of the run under way, and gives up those that wait.
pub(super) async fn cancel_open(peer: &mut Peer, job: &str) -> Result<()> {
    let ask = Sql::text("UPDATE ponte.job_run SET cancel_asked = true WHERE job = $1 AND state = 'running'");
    peer.changed(&ask, &[&job], "end the run under way").await?;
    let give_up = Sql::text(
        "UPDATE ponte.job_run SET state = 'skipped', reason = 'overlap', finished_at = clock_timestamp() \
         WHERE job = $1 AND state = 'queued'",
    );
    peer.changed(&give_up, &[&job], "give up the runs that wait")
        .await?;
    Ok(())
}

/// Takes the oldest run of a job that waits, if none is under way anywhere.
///
/// # Errors
/// Whatever the server answers.
pub async fn claim(peer: &Peer, job: &str, runner: &str, lease: Duration) -> Result<Option<Claim>> {
    let sql = Sql::text(include_str!("sql/claim.sql"));
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&job, &runner, &milliseconds(lease)];
    match peer.fresh_rows(&sql, &params, "take a run").await {
        Ok(rows) => Ok(rows.first().map(claim_of_row)),
        Err(error) if is_unique_violation(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_unique_violation(error: &crate::Error) -> bool {
    error
        .server()
        .is_some_and(|db| *db.code() == SqlState::UNIQUE_VIOLATION)
}

/// Begins a run that no tick asked for.
///
/// # Errors
/// `jobs.running` where one is under way, or whatever the server answers.
pub async fn claim_by_hand(peer: &Peer, job: &str, runner: &str, lease: Duration) -> Result<Claim> {
    let sql = Sql::text(include_str!("sql/claim_by_hand.sql"));
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&job, &runner, &milliseconds(lease)];
    let rows = peer.fresh_rows(&sql, &params, "begin a run").await?;
    if let Some(row) = rows.first() {
        return Ok(claim_of_row(row));
    }
    let busy = Sql::text("SELECT runner FROM ponte.job_run WHERE job = $1 AND state = 'running'");
    let rows = peer.fresh_rows(&busy, &[&job], "see who runs the job").await?;
    let runner: Option<String> = rows.first().and_then(|row| row.get(0));
    Err(problem(
        Problem::Running,
        format!("cannot run job \"{job}\": a run of it is under way"),
    )
    .with("runner", runner.as_deref().unwrap_or("unknown")))
}

/// Keeps the leases of these runs: number, fence, length. Answers those that are still ours, and whether they are asked to end.
///
/// # Errors
/// Whatever the server answers; the leases go on running out then.
pub async fn beat(peer: &Peer, runs: &[(i64, i64, Duration)]) -> Result<Vec<(i64, bool)>> {
    let ids: Vec<String> = runs.iter().map(|(id, ..)| id.to_string()).collect();
    let fences: Vec<String> = runs.iter().map(|(_, fence, _)| fence.to_string()).collect();
    let leases: Vec<String> = runs
        .iter()
        .map(|(.., lease)| milliseconds(*lease).to_string())
        .collect();
    let sql = Sql::text(include_str!("sql/beat.sql"));
    let rows = peer
        .fresh_rows(&sql, &[&ids, &fences, &leases], "keep the leases of runs")
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Whether a run is still this process's.
pub(super) async fn is_ours(peer: &Peer, claim: &Claim) -> Result<bool> {
    let sql = Sql::text("SELECT FROM ponte.job_run WHERE id = $1 AND fence = $2 AND state = 'running'");
    let rows = peer
        .fresh_rows(
            &sql,
            &[&claim.run, &claim.fence],
            "look whether a run is still ours",
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Records that a run ended without success. Does nothing where it is not ours any more, or has succeeded after all.
///
/// # Errors
/// Whatever the server answers.
pub async fn fail(peer: &mut Peer, run: i64, fence: i64, failed: &Failed) -> Result<bool> {
    let sql = Sql::text(include_str!("sql/fail.sql"));
    let retry = failed.retry_in.map(milliseconds);
    let state = if failed.cancelled { "cancelled" } else { "failed" };
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&run, &fence, &retry, &state, &failed.code, &failed.error];
    Ok(peer.changed(&sql, &params, "record how a run ended").await? > 0)
}

/// Gives a run back, for another process to take.
///
/// # Errors
/// Whatever the server answers.
pub async fn release(peer: &mut Peer, run: i64, fence: i64) -> Result<()> {
    let sql = Sql::text(include_str!("sql/release.sql"));
    peer.changed(&sql, &[&run, &fence], "give a run back").await?;
    Ok(())
}

/// Takes runs from processes that have not been heard of: to be repeated up to so many times, or lost. Answers the runs and
/// whether they are lost for good.
///
/// # Errors
/// Whatever the server answers.
pub async fn lose_expired(peer: &Peer, job: &str, retries: u32) -> Result<Vec<(i64, bool)>> {
    let sql = Sql::text(include_str!("sql/lose.sql"));
    let retries = i32::try_from(retries).unwrap_or(i32::MAX);
    let code = Problem::Lost.code();
    let words = "the process that ran it ended, or was not heard of for as long as its lease";
    let rows = peer
        .fresh_rows(&sql, &[&job, &retries, &code, &words], "look for lost runs")
        .await?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), row.get::<_, &str>(1) == "lost"))
        .collect())
}

/// The last runs, newest first, of one job or of all.
///
/// # Errors
/// Whatever the server answers.
pub async fn history(peer: &Peer, job: Option<&str>, failures: bool, limit: u32) -> Result<Vec<Run>> {
    let sql = Sql::text(include_str!("sql/history.sql"));
    let rows = peer
        .fresh_rows(
            &sql,
            &[&job, &failures, &i64::from(limit)],
            "read the history of jobs",
        )
        .await?;
    Ok(rows.iter().map(of_row).collect())
}

/// One run as it is recorded now.
///
/// # Errors
/// Whatever the server answers.
pub async fn outcome(peer: &Peer, run: i64) -> Result<Option<Run>> {
    let sql = Sql::text(include_str!("sql/outcome.sql"));
    let rows = peer.fresh_rows(&sql, &[&run], "read how a run ended").await?;
    Ok(rows.first().map(of_row))
}

/// Forgets history that is old, or more than is kept.
///
/// # Errors
/// Whatever the server answers.
pub async fn forget(peer: &mut Peer, job: &str, keep: Keep) -> Result<u64> {
    let sql = Sql::text(include_str!("sql/forget.sql"));
    let seconds = i64::try_from(keep.age.as_secs()).unwrap_or(i64::MAX);
    let runs = i64::try_from(keep.runs).unwrap_or(i64::MAX);
    peer.changed(&sql, &[&job, &seconds, &runs], "prune the history of a job")
        .await
}

fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
