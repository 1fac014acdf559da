//! One runner at a time in a database.

use std::time::{Duration, Instant};

use ponte_schema::Sql;
use ponte_schema::migration::Problem;

use super::event::{Event, Observer};
use super::problem;
use crate::error::{During, Result};
use crate::session::Session;

/// `pont` and `migr` in ASCII: the two keys of the advisory lock, which is this database's own.
const CLASS: i64 = 0x706F_6E74;
const OBJECT: i64 = 0x6D69_6772;

const TRY_EVERY: Duration = Duration::from_millis(100);
const SAY_AFTER: Duration = Duration::from_secs(1);

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process on the server.
    pub pid: i32,
    /// Its `application_name`.
    pub application_name: String,
    /// Where it is connected from; empty for a socket, and where this role may not know.
    pub client_addr: String,
}

/// The lock, as long as the session lives. [`release`](Self::release) gives it back earlier.
pub(super) struct RunnerLock {
    /// The process of the session that holds it.
    pub(super) pid: i32,
}

impl RunnerLock {
    /// Tries until `wait_max` has passed, with no transaction open in between.
    pub(super) async fn take(
        session: &Session,
        wait_max: Duration,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let begun = Instant::now();
        let mut said = false;
        loop {
            if let Some(pid) = try_lock(session).await? {
                return Ok(Self { pid });
            }
            if !said && begun.elapsed() >= SAY_AFTER {
                let holder = holder(session).await?;
                observer(Event::WaitingForRunner {
                    holder: holder.as_ref(),
                });
                said = true;
            }
            if begun.elapsed() >= wait_max {
                return Err(still_held(holder(session).await?.as_ref()));
            }
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    /// Gives it back. A failure here is of no consequence: the session ends soon, and the lock with it.
    pub(super) async fn release(self, session: &Session) {
        let sql = Sql::render(
            "SELECT pg_catalog.pg_advisory_unlock({class}::integer, {object}::integer)",
            &[("class", &CLASS), ("object", &OBJECT)],
        );
        if let Err(error) = session.client().batch_execute(sql.as_str()).await {
            tracing::debug!(%error, "the runner's lock ends with its session");
        }
    }
}

fn still_held(holder: Option<&Holder>) -> crate::error::Error {
    let error = problem(
        Problem::Locked,
        "cannot migrate: another runner is at work on this database",
    );
    match holder {
        Some(holder) => error
            .with("pid", holder.pid)
            .with("application", &holder.application_name)
            .hint(format!(
                "wait for it, or end it: SELECT pg_terminate_backend({})",
                holder.pid
            )),
        None => error.hint("try again"),
    }
}

/// The process of this session, if it has the lock now.
async fn try_lock(session: &Session) -> Result<Option<i32>> {
    let sql = Sql::render(
        "SELECT pg_catalog.pg_try_advisory_lock({class}::integer, {object}::integer), pg_catalog.pg_backend_pid()",
        &[("class", &CLASS), ("object", &OBJECT)],
    );
    let row = session.client().query_typed_one(sql.as_str(), &[]).await;
    let row = row.during(|| "take the migration runner's lock".to_owned())?;
    Ok(row.get::<_, bool>(0).then(|| row.get(1)))
}

async fn holder(session: &Session) -> Result<Option<Holder>> {
    let sql = Sql::render(
        include_str!("sql/lock_holder.sql"),
        &[("class", &CLASS), ("object", &OBJECT)],
    );
    let row = session.client().query_typed_opt(sql.as_str(), &[]).await;
    let row = row.during(|| "see who holds the migration runner's lock".to_owned())?;
    Ok(row.map(|row| Holder {
        pid: row.get(0),
        application_name: row.get(1),
        client_addr: row.get(2),
    }))
}
