//! `ponte.job`: the only file that knows its columns. Deciding about ticks belongs here, because the job's row is what deciders lock.

use jiff::Timestamp;
use ponte_schema::Sql;

use super::run::{self, Run};
use crate::error::Result;
use crate::sync::Peer;
use crate::sync::peer::Access;

/// A job as it is made known to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// What it is called.
    pub name: String,
    /// Its schedule with its time zone; empty where it has none.
    pub schedule: String,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// What it is called.
    pub name: String,
    /// Ticks up to here are decided.
    pub decided_until: Timestamp,
    /// Nothing is begun until a person lets it go on.
    pub paused: bool,
    /// A run is under way, somewhere.
    pub running: bool,
    /// So many wait.
    pub queued: usize,
    /// When the first of those may begin.
    pub ready_at: Option<Timestamp>,
    /// When the run under way counts as lost unless its process is heard of.
    pub lease_until: Option<Timestamp>,
}

/// Makes jobs known.
///
/// # Errors
/// Whatever the server answers.
pub async fn register(peer: &mut Peer, jobs: &[Registration]) -> Result<()> {
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let schedules: Vec<&str> = jobs.iter().map(|job| job.schedule.as_str()).collect();
    let sql = Sql::text(include_str!("sql/register.sql"));
    peer.changed(&sql, &[&names, &schedules], "register the jobs")
        .await?;
    Ok(())
}

/// What time it is on the server, and where each of these jobs stands.
///
/// # Errors
/// Whatever the server answers.
pub async fn look(peer: &Peer, names: &[String]) -> Result<(Option<Timestamp>, Vec<Board>)> {
    let sql = Sql::text(include_str!("sql/look.sql"));
    let rows = peer.fresh_rows(&sql, &[&names], "look at the jobs").await?;
    let now = rows.first().map(|row| row.get("now"));
    let board = |row: &tokio_postgres::Row| Board {
        name: row.get("name"),
        decided_until: row.get("decided_until"),
        paused: row.get("paused"),
        running: row.get("running"),
        queued: usize::try_from(row.get::<_, i64>("queued")).unwrap_or(0),
        ready_at: row.get("ready_at"),
        lease_until: row.get("lease_until"),
    };
    Ok((now, rows.iter().map(board).collect()))
}

/// What a decision is made from, read under the job's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The server's clock.
    pub now: Timestamp,
    /// Ticks up to here are decided.
    pub decided_until: Timestamp,
    /// A run is under way, somewhere.
    pub running: bool,
    /// So many wait.
    pub queued: usize,
}

/// Ticks that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// The tick that gets a row.
    pub tick: Timestamp,
    /// `missed` or `overlap`.
    pub reason: &'static str,
    /// How many ticks the row stands for.
    pub ticks: u64,
}

/// What is decided about ticks that are due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Runs to be made: the tick, and whether it is caught up.
    pub queue: Vec<(Timestamp, bool)>,
    /// Ticks that are left out.
    pub skip: Vec<Skipped>,
    /// End the run under way, and give up those that wait.
    pub cancel: bool,
}

/// Decides about a job's ticks, one process at a time; everything up to the server's now is decided afterwards. Answers what was
/// decided; nothing where the job is paused or not known.
///
/// # Errors
/// Whatever the server answers; nothing is decided then, or it is decided and the answer was lost.
pub async fn decide(
    peer: &mut Peer,
    name: &str,
    decider: impl FnOnce(&Seen) -> Decision,
) -> Result<Option<Decision>> {
    peer.begin(Access::Write, &Sql::default(), "decide about a job")
        .await?;
    match decide_inside(peer, name, decider).await {
        Ok(decision) => {
            peer.commit("decide about a job").await?;
            Ok(decision)
        }
        Err(error) => {
            peer.roll_back().await;
            Err(error)
        }
    }
}

async fn decide_inside(
    peer: &mut Peer,
    name: &str,
    decider: impl FnOnce(&Seen) -> Decision,
) -> Result<Option<Decision>> {
    // What is counted has to be read by a later statement than the one that may wait for the lock: it sees what the one before did.
    let lock = Sql::text("SELECT name FROM ponte.job WHERE name = $1 FOR UPDATE");
    peer.fresh_rows(&lock, &[&name], "lock a job").await?;
    let (now, boards) = look(peer, &[name.to_owned()]).await?;
    let (Some(now), Some(board)) = (now, boards.first()) else {
        return Ok(None);
    };
    let decision = if board.paused {
        Decision::default()
    } else {
        decider(&Seen {
            now,
            decided_until: board.decided_until,
            running: board.running,
            queued: board.queued,
        })
    };
    if decision.cancel {
        run::cancel_open(peer, name).await?;
    }
    run::admit(peer, name, &decision).await?;
    let sql = Sql::text("UPDATE ponte.job SET decided_until = $2::text::timestamptz WHERE name = $1");
    peer.changed(&sql, &[&name, &now.to_string()], "note what is decided")
        .await?;
    Ok((!board.paused).then_some(decision))
}

/// Stops a job from being run by its schedule, or lets it go on. Ticks of the pause are not caught up. Answers whether anything
/// changed.
///
/// # Errors
/// Whatever the server answers.
pub async fn pause(peer: &mut Peer, name: &str, paused: bool) -> Result<bool> {
    let sql = if paused {
        Sql::text(
            "UPDATE ponte.job SET paused_at = clock_timestamp(), paused_by = session_user \
             WHERE name = $1 AND paused_at IS NULL",
        )
    } else {
        Sql::text(
            "UPDATE ponte.job SET paused_at = NULL, paused_by = NULL, decided_until = clock_timestamp() \
             WHERE name = $1 AND paused_at IS NOT NULL",
        )
    };
    let what = if paused { "pause a job" } else { "resume a job" };
    Ok(peer.changed(&sql, &[&name], what).await? > 0)
}

/// What a database knows about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// What it is called.
    pub name: String,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// By whom.
    pub paused_by: Option<String>,
    /// Its last run that was not left out.
    pub last_run: Option<Run>,
}

/// What a database knows about its jobs.
///
/// # Errors
/// Whatever the server answers.
pub async fn states(peer: &Peer) -> Result<Vec<JobState>> {
    let sql = Sql::text(include_str!("sql/states.sql"));
    let rows = peer.fresh_rows(&sql, &[], "read the jobs").await?;
    let state = |row: &tokio_postgres::Row| JobState {
        name: row.get("name"),
        paused_at: row.get("paused_at"),
        paused_by: row.get("paused_by"),
        last_run: row.get::<_, Option<i64>>("id").map(|_| run::of_row(row)),
    };
    Ok(rows.iter().map(state).collect())
}
