//! A second connection that looks who is in the way, opened only once a script has taken a while.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use ponte_schema::Sql;

use super::event::{Blocker, Event, Observer};
use crate::conninfo::Conninfo;
use crate::error::{During, Result};
use crate::session::{ConnectOptions, Session};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The first look comes early enough in the time that a lock is waited for, so that there is time to connect for it.
const LOOKS_PER_LOCK_TIMEOUT: u32 = 4;
const FIRST_LOOK_MIN: Duration = Duration::from_millis(250);
/// What only takes long is said after this time, and then each time that it has doubled.
const SAY_AFTER: Duration = Duration::from_secs(10);

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
            first_after: (lock_timeout / LOOKS_PER_LOCK_TIMEOUT).clamp(FIRST_LOOK_MIN, LOOK_EVERY),
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
        let mut patience = Patience::new();
        loop {
            if let Ok(done) = tokio::time::timeout(after, &mut work).await {
                return done;
            }
            after = LOOK_EVERY;
            match self.look().await {
                Ok(Seen { blockers: found, .. }) if !found.is_empty() => {
                    let pids = |blockers: &[Blocker]| blockers.iter().map(|b| b.pid).collect::<Vec<_>>();
                    if pids(&found) != pids(&self.blockers) {
                        observer(Event::Blocked { what, by: &found });
                    }
                    self.blockers = found;
                }
                Ok(Seen { progress, .. }) => patience.say(what, progress.as_ref(), observer),
                Err(error) => tracing::debug!(%error, "cannot see what blocks the migration"),
            }
        }
    }

    async fn look(&mut self) -> Result<Seen> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::connect(&self.conninfo, &ConnectOptions::new("ponte migrate watch")).await?,
        };
        let sql = Sql::render(include_str!("sql/blockers.sql"), &[("pid", &i64::from(self.pid))]);
        let rows = session.client().query_typed(sql.as_str(), &[]).await;
        let rows = rows.during(|| "see what blocks the migration".to_owned())?;
        let progress = Sql::render(
            include_str!("sql/index_progress.sql"),
            &[("pid", &i64::from(self.pid))],
        );
        let progress = session.client().query_typed_opt(progress.as_str(), &[]).await;
        let progress = progress.during(|| "see how far an index build has come".to_owned())?;
        self.session = Some(session);
        let blocker = |row: &tokio_postgres::Row| Blocker {
            pid: row.get("pid"),
            application_name: row.get("application_name"),
            username: row.get("username"),
            state: row.get("state"),
            transaction_seconds: row.get("transaction_seconds"),
        };
        Ok(Seen {
            blockers: rows.iter().map(blocker).collect(),
            progress: progress.map(|row| Progress {
                phase: row.get("phase"),
                percent: row.get("percent"),
            }),
        })
    }
}

/// What a look has found.
struct Seen {
    blockers: Vec<Blocker>,
    progress: Option<Progress>,
}

/// An index build on its way.
struct Progress {
    phase: String,
    percent: Option<i64>,
}

/// When something is said about work that takes long.
struct Patience {
    begun: Instant,
    next: Duration,
    said: Option<(String, i64)>,
}

impl Patience {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            next: SAY_AFTER,
            said: None,
        }
    }

    /// A new phase of an index build and each further tenth of one; of anything else only that it goes on.
    fn say(&mut self, what: &str, progress: Option<&Progress>, observer: &mut Observer<'_>) {
        if let Some(Progress { phase, percent }) = progress {
            let tenth = (phase.clone(), percent.unwrap_or(0) / 10);
            if self.said.as_ref() != Some(&tenth) {
                let percent = *percent;
                observer(Event::BuildingIndex { what, phase, percent });
                self.said = Some(tenth);
            }
        } else if self.begun.elapsed() >= self.next {
            let seconds = self.begun.elapsed().as_secs();
            observer(Event::StillRunning { what, seconds });
            self.next *= 2;
        }
    }
}
