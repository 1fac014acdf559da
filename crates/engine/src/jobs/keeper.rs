//! Looks after the jobs of one database.
//!
//! A round reads where the jobs stand and does whatever that calls for, so that it does not matter what happened in between: a process that
//! died, a server that was away, a clock that was put forward. Between rounds the keeper sleeps until the next tick, the end of a
//! run of its own, or the next sign of life that it has to give. Where nothing is due for a while it closes its connection, and a
//! database that goes to sleep when nobody uses it can do so.

mod ending;
mod event;
mod runs;
mod ticks;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use ponte_pg::jobs::{self, Board, Registration};
use ponte_pg::sync::Peer;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::due::believable;
use super::plan::{Group, JobPlan};
use super::settle::Cut;
use crate::backoff::Backoff;
use crate::config::Database;
use crate::error::{Error, Result};
use crate::servers::Servers;
pub use event::Event;
use runs::{Active, Ended};

/// Looks after the jobs of one database.
pub struct Keeper {
    pub(super) servers: Servers,
    database: Database,
    pub(super) plans: Vec<JobPlan>,
    names: Vec<String>,
    pub(super) runner: String,
    observe: Box<dyn Fn(&Event) + Send + Sync>,
    peer: Option<Peer>,
    away: bool,
    tasks: JoinSet<Ended>,
    active: BTreeMap<i64, Active>,
    unsettled: Vec<Ended>,
    pruned_at: Option<Instant>,
}

/// A connection is given up where nothing is to be done for longer than this.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// No sleep is longer, whatever the schedules say.
const SLEEP_MAX: Duration = Duration::from_secs(3_600);
/// How often to look whether a run of another process is over that one of ours waits for.
const WAITING_POLL: Duration = Duration::from_millis(500);
/// How often the clock on the wall is looked at during a sleep: it goes on while a machine is suspended, the other one does not.
const CLOCK_POLL: Duration = Duration::from_secs(5);
/// How often history is pruned.
const PRUNE_EVERY: Duration = Duration::from_secs(600);

impl Keeper {
    /// A keeper that reports what happens to `observe`; `runner` is what this process is called in the books.
    pub fn new(
        servers: Servers,
        group: Group,
        runner: impl Into<String>,
        observe: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Self {
        Self {
            servers,
            database: group.database,
            names: group.plans.iter().map(|plan| plan.job.name.clone()).collect(),
            plans: group.plans,
            runner: runner.into(),
            observe: Box::new(observe),
            peer: None,
            away: false,
            tasks: JoinSet::new(),
            active: BTreeMap::new(),
            unsettled: Vec::new(),
            pruned_at: None,
        }
    }

    /// Runs until `stop` is cancelled, then waits for its runs as long as `grace`, and gives back those that are not over.
    pub async fn run(mut self, stop: CancellationToken, grace: Duration) {
        let mut backoff = Backoff::default();
        while !stop.is_cancelled() {
            let wait = match self.round().await {
                Ok(wait) => {
                    backoff.succeed();
                    self.seen_again();
                    wait
                }
                Err(error) => self.lose_touch(&error, &mut backoff),
            };
            if wait > IDLE_MAX && self.active.is_empty() {
                self.peer = None;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep_by_both_clocks(wait) => {}
                Some(ended) = self.tasks.join_next() => self.note_end(ended),
            }
        }
        self.wind_down(grace).await;
    }

    /// Lets the runs under way come to their end, and gives back those that do not.
    async fn wind_down(&mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        while !self.active.is_empty() {
            if Instant::now() >= deadline {
                for active in self.active.values_mut() {
                    active.cut.get_or_insert(Cut::Stopping);
                    active.cancel.cancel();
                }
            }
            if let Err(error) = self.keep_leases().await {
                tracing::debug!("cannot keep the leases of runs: {error}");
                self.peer = None;
            }
            let wait = self.beat_every().min(WAITING_POLL);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                Some(ended) = self.tasks.join_next() => self.note_end(ended),
            }
        }
        if let Err(error) = self.settle_ended().await {
            // Their leases run out.
            tracing::warn!("cannot record how runs ended: {}", error.in_words());
        }
    }

    /// Does what is to be done now; answers how long nothing will be.
    async fn round(&mut self) -> Result<Duration> {
        self.settle_ended().await?;
        self.keep_leases().await?;
        let names = self.names.clone();
        let (now, boards) = jobs::look(self.peer().await?, &names).await?;
        let (Some(now), true) = (now, boards.len() == self.names.len()) else {
            // Somebody took them out of the books.
            self.peer = None;
            return Ok(WAITING_POLL);
        };
        let looked_at = Instant::now();
        let mut wait = SLEEP_MAX;
        for board in &boards {
            if let Some(plan) = self.names.iter().position(|name| *name == board.name) {
                wait = wait.min(self.look_after(plan, board, now).await?);
            }
        }
        self.prune().await?;
        if !self.active.is_empty() {
            wait = wait.min(self.beat_every());
        }
        Ok(wait
            .saturating_sub(looked_at.elapsed())
            .max(Duration::from_millis(1)))
    }

    /// Does what one job needs; answers how long it will need nothing.
    async fn look_after(&mut self, plan: usize, board: &Board, now: Timestamp) -> Result<Duration> {
        let mut waiting = board.queued > 0 && board.ready_at.is_none_or(|at| at <= now);
        let mut running = board.running;
        if board.lease_until.is_some_and(|until| until < now) {
            waiting |= self.lose_expired(plan).await?;
            running = false;
        }
        let schedule = self.plans[plan].job.schedule.as_ref();
        let opens = schedule.and_then(|schedule| schedule.opens_after(now));
        let may_begin = !board.paused && opens.is_none();
        let due = may_begin && self.is_due(plan, board.decided_until, now);
        if due {
            waiting |= self.decide(plan).await?;
        }
        if waiting && !running && may_begin {
            self.claim(plan).await?;
        }
        let ours = self.active.values().any(|active| active.plan == plan);
        let until = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
        let mut wait = opens.map_or(SLEEP_MAX, until);
        if let Some(schedule) = &self.plans[plan].job.schedule
            && let Some(next) = schedule.next_after(believable(board.decided_until, now).max(now))
        {
            wait = wait.min(until(next));
        }
        if let Some(ready) = board.ready_at.filter(|at| *at > now) {
            wait = wait.min(until(ready));
        }
        if let Some(lease) = board.lease_until.filter(|_| !ours) {
            wait = wait.min(until(lease) + Duration::from_millis(10));
        }
        if due {
            // Whoever took the run may be killed while everybody else sleeps until the next tick.
            wait = wait.min(self.plans[plan].job.lease);
        }
        if waiting && !ours && may_begin {
            wait = wait.min(WAITING_POLL);
        }
        Ok(wait)
    }

    /// Takes runs from processes that are gone; answers whether one is to be repeated.
    async fn lose_expired(&mut self, plan: usize) -> Result<bool> {
        let (name, retries) = (self.names[plan].clone(), self.plans[plan].job.retries);
        let lost = jobs::lose_expired(self.peer().await?, &name, retries).await?;
        for (_, for_good) in &lost {
            (self.observe)(&Event::Lost {
                job: name.clone(),
                for_good: *for_good,
            });
        }
        Ok(lost.iter().any(|(_, for_good)| !for_good))
    }

    /// Takes a run that waits, if no other process has it by now, and begins it.
    async fn claim(&mut self, plan: usize) -> Result<()> {
        let (name, lease) = (self.names[plan].clone(), self.plans[plan].job.lease);
        let runner = self.runner.clone();
        let claim = jobs::claim(self.peer().await?, &name, &runner, lease).await?;
        if let Some(claim) = claim {
            self.begin(plan, claim);
        }
        Ok(())
    }

    async fn prune(&mut self) -> Result<()> {
        if self.pruned_at.is_some_and(|at| at.elapsed() < PRUNE_EVERY) {
            return Ok(());
        }
        for plan in 0..self.plans.len() {
            let (name, keep) = (self.names[plan].clone(), self.plans[plan].job.keep);
            jobs::forget(self.peer().await?, &name, keep).await?;
        }
        self.pruned_at = Some(Instant::now());
        Ok(())
    }

    /// The connection for the books; made, and the jobs made known, where there is none.
    pub(super) async fn peer(&mut self) -> Result<&mut Peer> {
        if self.peer.is_none() {
            let mut peer = self.servers.database_peer(&self.database, "ponte jobs").await?;
            jobs::ensure(&peer).await?;
            let registrations: Vec<Registration> = self.plans.iter().map(JobPlan::registration).collect();
            jobs::register(&mut peer, &registrations).await?;
            return Ok(self.peer.insert(peer));
        }
        match &mut self.peer {
            Some(peer) => Ok(peer),
            None => Err(ponte_pg::Error::new(ponte_pg::ErrorKind::Internal, "the connection is gone").into()),
        }
    }

    /// Gives the connection for the books up, after a failure on it.
    pub(super) fn forget_peer(&mut self) {
        self.peer = None;
    }

    fn lose_touch(&mut self, error: &Error, backoff: &mut Backoff) -> Duration {
        self.peer = None;
        let pause = backoff.next_pause();
        if !self.away {
            (self.observe)(&Event::Away {
                database: self.database.label.clone(),
                reason: error.in_words(),
                pause,
            });
        }
        self.away = true;
        pause
    }

    fn seen_again(&mut self) {
        if std::mem::take(&mut self.away) {
            (self.observe)(&Event::Back {
                database: self.database.label.clone(),
            });
        }
    }
}

/// Sleeps until the time has passed by either clock.
async fn sleep_by_both_clocks(wait: Duration) {
    let deadline = Instant::now() + wait;
    let on_the_wall = SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| Timestamp::now().checked_add(wait).ok());
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || on_the_wall.is_some_and(|at| Timestamp::now() >= at) {
            return;
        }
        tokio::time::sleep(left.min(CLOCK_POLL)).await;
    }
}
