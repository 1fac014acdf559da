//! A second connection that looks who is in the way, opened only once a script has taken a while.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ponte_schema::Sql;

use super::event::{Blocker, Event, Observer};
use crate::conninfo::Conninfo;
use crate::error::{During, Result};
use crate::session::{ConnectOptions, Session};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The first look comes early enough in the time that a lock is waited for, so that there is time to connect for it.
const LOOKS_PER_LOCK_TIMEOUT: u32 = 4;

/// Sees which sessions another session waits for.
pub(super) struct Watch {
    conninfo: Conninfo,
    session: Option<Session>,
    pid: i32,
    first_after: Duration,
    /// The sessions that were in the way when last seen.
    pub(super) blockers: Vec<Blocker>,
}

impl Watch {
    /// Over the session of this process on the server.
    pub(super) fn new(conninfo: &Conninfo, pid: i32, lock_timeout: Duration) -> Self {
        Self {
            conninfo: conninfo.clone(),
            session: None,
            pid,
            first_after: LOOK_EVERY.min(lock_timeout / LOOKS_PER_LOCK_TIMEOUT),
            blockers: Vec::new(),
        }
    }

    /// Waits for `work`, and says whenever it is found blocked by somebody new. Not being able to look is no reason to
    /// fail what works.
    pub(super) async fn over<T>(
        &mut self,
        what: &str,
        observer: &mut Observer<'_>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        self.blockers.clear();
        let mut after = self.first_after;
        loop {
            if let Ok(done) = tokio::time::timeout(after, &mut work).await {
                return done;
            }
            after = LOOK_EVERY;
            match self.look().await {
                Ok(found) if !found.is_empty() => {
                    let pids = |blockers: &[Blocker]| blockers.iter().map(|b| b.pid).collect::<Vec<_>>();
                    if pids(&found) != pids(&self.blockers) {
                        observer(Event::Blocked { what, by: &found });
                    }
                    self.blockers = found;
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "cannot see what blocks the migration"),
            }
        }
    }

    async fn look(&mut self) -> Result<Vec<Blocker>> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::connect(&self.conninfo, &ConnectOptions::new("ponte migrate watch")).await?,
        };
        let sql = Sql::render(include_str!("sql/blockers.sql"), &[("pid", &i64::from(self.pid))]);
        let rows = session.client().query_typed(sql.as_str(), &[]).await;
        let rows = rows.during(|| "see what blocks the migration".to_owned())?;
        self.session = Some(session);
        let blocker = |row: &tokio_postgres::Row| Blocker {
            pid: row.get("pid"),
            application_name: row.get("application_name"),
            username: row.get("username"),
            state: row.get("state"),
            transaction_seconds: row.get("transaction_seconds"),
        };
        Ok(rows.iter().map(blocker).collect())
    }
}
