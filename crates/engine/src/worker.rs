//! The life of a link in a running process.
//!
//! A worker repeats one thing: have a checked link, run a pass, wait. What differs is how it waits, and what it does about
//! failures. A lost connection or a busy server is tried again with growing pauses, for ever. What only a person can mend stops
//! the link, says so in its note, and is looked at again at the next scheduled time; nothing captured meanwhile is lost.
//!
//! On cancel the pass under way ends first; a second signal is the caller's business.

use std::time::{Duration, Instant};

use jiff::{Timestamp, Zoned};
use ponte_pg::Retry;
use ponte_pg::sync::{LiveLink, PassReport, Peer, wake};
use ponte_sync::link::Side;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::config::Schedule;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Journal, LinkState, Note};
use crate::link::LinkPlan;
use crate::servers::Servers;
use crate::upkeep::Upkeep;

/// How long sessions live in continuous mode. Their temporary tables hold back the wraparound horizon of the server.
const SESSION_LIFE: Duration = Duration::from_secs(3600);

/// How long the shapes of tables are believed in continuous mode.
const SHAPES_FRESH: Duration = Duration::from_secs(5);

/// How often a listening worker looks all the same.
const LISTENING_POLL: Duration = Duration::from_secs(5);

/// How often a worker looks that is not sure to be notified of everything.
const UNSURE_POLL: Duration = Duration::from_secs(1);

/// Between these, a worker that cannot listen waits longer the longer nothing happens.
const BLIND_POLL: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// How long a stopped or paused continuous link waits before it looks again.
const STOPPED_POLL: Duration = Duration::from_secs(2);

/// How long the last source waits to be told what has arrived, in case another batch of it follows and tells it.
const ACKNOWLEDGED_AFTER: Duration = Duration::from_millis(50);

/// How often the note is renewed while passes follow each other.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// Something that happened to a running link.
#[derive(Debug, Clone)]
pub enum Event {
    /// A pass ended.
    Passed(PassReport),
    /// A pass found the link paused.
    Paused,
    /// Something failed that passes by itself; it is tried again after the pause.
    Retrying {
        /// What failed, with its causes.
        reason: String,
        /// How long it waits.
        pause: Duration,
    },
    /// Something failed that a person has to mend.
    Stopped {
        /// What failed, with its causes.
        reason: String,
    },
}

/// Runs one link until it is told to stop.
pub struct LinkWorker {
    plan: LinkPlan,
    servers: Servers,
    journal: Journal,
    note: Note,
    noted_at: Option<Instant>,
    upkeep: Upkeep,
    observe: Box<dyn Fn(&Event) + Send + Sync>,
}

/// What a worker holds in continuous mode: the link, and a session per node that capture notifies.
struct Connected {
    link: LiveLink,
    ears: Ears,
    /// Whether something may have been written between the last look and the moment from which it is notified.
    missed: bool,
    /// The sides on which something changed, as far as is known.
    woken: [bool; 2],
    /// When both sides were looked at last.
    both_at: Instant,
    since: Instant,
}

/// The sessions that capture notifies.
struct Ears {
    listeners: [Option<Peer>; 2],
    /// Whether nothing can be written without a notification.
    told: bool,
}

impl LinkWorker {
    /// A worker that reports what happens to `observe`.
    ///
    /// # Errors
    /// `sync.overtaken` where another process of this machine runs the link.
    pub fn new(
        plan: LinkPlan,
        servers: Servers,
        observe: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Result<Self> {
        let mut journal = Journal::new(&servers.state_dir(), &plan.spec.name);
        let claimed = journal.claim().map_err(|e| {
            Error::new(ErrorKind::State, "cannot write below the project's directory")
                .with("directory", servers.state_dir().display())
                .because(e)
        })?;
        if !claimed {
            let error = ponte_pg::Error::new(
                ponte_pg::ErrorKind::SyncOvertaken,
                format!("another process runs link \"{}\" already", plan.spec.name),
            );
            let pid = journal
                .read()
                .map_or_else(|| "unknown".to_owned(), |note| note.pid.to_string());
            return Err(error
                .with("pid", pid)
                .hint("stop that process, or leave the link to it")
                .into());
        }
        let note = Note {
            pid: std::process::id(),
            state: LinkState::Running,
            reason: None,
            last_pass_at: None,
            next_pass_at: None,
            attempts: 0,
        };
        Ok(Self {
            plan,
            servers,
            journal,
            note,
            noted_at: None,
            upkeep: Upkeep::default(),
            observe: Box::new(observe),
        })
    }

    /// Runs until `stop` is cancelled.
    ///
    /// # Errors
    /// The very first connection or check fails for a reason that only a person can mend. Afterwards there are no errors, only
    /// events.
    pub async fn run(mut self, stop: CancellationToken) -> Result<()> {
        let first = self.plan.open(&self.servers).await;
        let mut link = match first {
            Ok(link) => Some(link),
            Err(error) if error.retry() == Retry::Never => return Err(error),
            Err(_) => None,
        };
        if self.plan.schedule == Schedule::Continuous {
            self.follow(link, &stop).await;
        } else {
            let mut backoff = Backoff::default();
            while !stop.is_cancelled() {
                let started = Zoned::now();
                let outcome = self.scheduled_pass(link.take()).await;
                let wait = self
                    .settle(outcome, &mut backoff)
                    .unwrap_or_else(|| self.until_next(&started));
                self.take_note(true);
                let () = pause(wait, &stop).await;
            }
        }
        Ok(())
    }

    /// One pass with connections of its own, which end with it: an idle managed database may go to sleep in between.
    async fn scheduled_pass(&mut self, link: Option<LiveLink>) -> Result<PassReport> {
        let mut link = match link {
            Some(link) => link,
            None => self.plan.open(&self.servers).await?,
        };
        let report = link.pass().await?;
        if !report.paused {
            self.upkeep.after_pass(&mut link, report.moved()).await;
        }
        Ok(report)
    }

    /// How long until the next scheduled time. A pass that took longer than the interval is not followed by another at once.
    fn until_next(&mut self, started: &Zoned) -> Duration {
        let now = Zoned::now();
        let mut next = self.plan.schedule.next_after(started);
        while let Some(time) = &next
            && *time <= now
        {
            next = self.plan.schedule.next_after(time);
        }
        self.note.next_pass_at = next.as_ref().map(Zoned::timestamp);
        let wait = next.map_or(STOPPED_POLL, |time| {
            Duration::try_from(now.duration_until(&time)).unwrap_or_default()
        });
        wait.max(Duration::from_millis(1))
    }

    /// Continuous mode.
    async fn follow(&mut self, first: Option<LiveLink>, stop: &CancellationToken) {
        let mut backoff = Backoff::default();
        let mut blind = BLIND_POLL.0;
        let mut first = first;
        let mut connected: Option<Connected> = None;
        while !stop.is_cancelled() {
            if connected
                .as_ref()
                .is_some_and(|c| c.since.elapsed() > SESSION_LIFE)
            {
                connected = None;
            }
            let outcome = match first.take() {
                Some(link) => self.first_pass(link, &mut connected).await,
                None => self.followed_pass(&mut connected).await,
            };
            let idle = outcome.as_ref().is_ok_and(|report| !report.moved());
            if outcome.is_err() {
                connected = None;
            }
            blind = if idle {
                (blind * 2).min(BLIND_POLL.1)
            } else {
                BLIND_POLL.0
            };
            match (self.settle(outcome, &mut backoff), &mut connected) {
                (Some(wait), _) => pause(wait, stop).await,
                (None, Some(connected)) => connected.wait_for_changes(blind, stop).await,
                (None, None) => pause(STOPPED_POLL, stop).await,
            }
        }
        if let Some(connected) = &mut connected
            && let Err(error) = connected.link.acknowledge_owed().await
        {
            tracing::debug!("the last batch was not acknowledged, the next process will: {error}");
        }
    }

    async fn followed_pass(&mut self, connected: &mut Option<Connected>) -> Result<PassReport> {
        let Some(connected) = connected else {
            let link = self.plan.open(&self.servers).await?;
            return self.first_pass(link, connected).await;
        };
        if connected.link.checked_at().elapsed() > SHAPES_FRESH {
            connected.link.check().await?;
        }
        let report = match connected.take_woken() {
            [true, true] => connected.link.pass().await?,
            woken => connected.link.pass_woken(woken).await?,
        };
        if !report.paused {
            self.upkeep.after_pass(&mut connected.link, report.moved()).await;
        }
        Ok(report)
    }

    /// A pass while the sessions are made that will listen: what waits need not wait for them.
    async fn first_pass(
        &mut self,
        mut link: LiveLink,
        connected: &mut Option<Connected>,
    ) -> Result<PassReport> {
        let since = Instant::now();
        let (ears, report) = tokio::join!(self.ears(), link.pass());
        let connected = connected.insert(Connected {
            link,
            ears,
            missed: true,
            woken: [true; 2],
            both_at: since,
            since,
        });
        let report = report?;
        if !report.paused {
            self.upkeep.after_pass(&mut connected.link, report.moved()).await;
        }
        Ok(report)
    }

    async fn ears(&self) -> Ears {
        let (first, second) = tokio::join!(self.listener(Side::First), self.listener(Side::Second));
        let told = [&first, &second]
            .into_iter()
            .all(|l| l.as_ref().is_some_and(|(_, sure)| *sure));
        let listeners = [first, second].map(|l| l.map(|(peer, _)| peer));
        Ears { listeners, told }
    }

    /// A session that is notified of changes, and whether of all. Without one the worker polls, so a failure is no reason to stop.
    async fn listener(&self, side: Side) -> Option<(Peer, bool)> {
        // A pooler lends sessions, and notifications go to whoever has it just then.
        if self.plan.node(side).may_be_pooled() {
            return None;
        }
        let mut peer = self.plan.peer(&self.servers, side).await.ok()?;
        match wake::listen(&mut peer).await {
            Ok(sure) => Some((peer, sure)),
            Err(error) => {
                tracing::debug!(node = peer.name(), "cannot listen, polling instead: {error}");
                None
            }
        }
    }

    /// Notes and reports what came of a pass; answers how long to wait where the schedule does not say.
    fn settle(&mut self, outcome: Result<PassReport>, backoff: &mut Backoff) -> Option<Duration> {
        match outcome {
            Ok(report) if report.paused => {
                self.enter(LinkState::Paused, Some("paused by a person".to_owned()), 0);
                (self.observe)(&Event::Paused);
                self.waits_briefly()
            }
            Ok(report) => {
                backoff.succeed();
                if report.quarantined() > 0 {
                    let link = &self.plan.spec.name;
                    tracing::warn!(
                        link,
                        rows = report.quarantined(),
                        "rows were refused and set aside: ponte sync quarantine {link}"
                    );
                }
                let now = Timestamp::now();
                self.note.last_pass_at = Some(now.round(jiff::Unit::Millisecond).unwrap_or(now));
                self.enter(LinkState::Running, None, 0);
                (self.observe)(&Event::Passed(report));
                None
            }
            Err(error) if error.retry() == Retry::Later => {
                let pause = backoff.next_pause();
                let reason = error.in_words();
                tracing::warn!(
                    link = self.plan.spec.name,
                    pause_ms = pause.as_millis(),
                    "trying again: {reason}"
                );
                self.enter(LinkState::Retrying, Some(reason.clone()), backoff.attempts());
                (self.observe)(&Event::Retrying { reason, pause });
                Some(pause)
            }
            Err(error) => {
                let reason = error.in_words();
                if self.note.reason.as_deref() != Some(reason.as_str()) {
                    tracing::error!(link = self.plan.spec.name, "stopped: {reason}");
                }
                self.enter(LinkState::Stopped, Some(reason.clone()), 0);
                (self.observe)(&Event::Stopped { reason });
                self.waits_briefly().map(|least| backoff.next_pause().max(least))
            }
        }
    }

    fn waits_briefly(&self) -> Option<Duration> {
        (self.plan.schedule == Schedule::Continuous).then_some(STOPPED_POLL)
    }

    fn enter(&mut self, state: LinkState, reason: Option<String>, attempts: u32) {
        let changed = self.note.state != state || self.note.reason != reason;
        self.note.state = state;
        self.note.reason = reason;
        self.note.attempts = attempts;
        self.take_note(changed);
    }

    fn take_note(&mut self, now: bool) {
        if now || self.noted_at.is_none_or(|at| at.elapsed() > NOTE_EVERY) {
            self.journal.write(&self.note);
            self.noted_at = Some(Instant::now());
        }
    }
}

impl Ears {
    /// How often both sides are looked at whatever they say; `None` where one of them cannot be heard.
    fn sure_poll(&self) -> Option<Duration> {
        let listens = self.listeners.iter().all(Option::is_some);
        listens.then_some(if self.told { LISTENING_POLL } else { UNSURE_POLL })
    }
}

impl Connected {
    /// The sides to look at now: while one of them has news all the time, the other one is not forgotten.
    fn take_woken(&mut self) -> [bool; 2] {
        let woken = std::mem::replace(&mut self.woken, [true; 2]);
        let missed = std::mem::replace(&mut self.missed, false);
        let due = self
            .ears
            .sure_poll()
            .is_none_or(|poll| self.both_at.elapsed() > poll);
        if missed || due || woken == [true; 2] {
            self.both_at = Instant::now();
            return [true; 2];
        }
        woken
    }

    /// Waits until one of the sides says that something changed there, or it is time to look at both.
    async fn wait_for_changes(&mut self, blind: Duration, stop: &CancellationToken) {
        let wait = match self.ears.sure_poll() {
            _ if self.missed => Duration::ZERO,
            _ if self.link.owes() => ACKNOWLEDGED_AFTER,
            Some(poll) => poll,
            None => blind,
        };
        let [first, second] = &mut self.ears.listeners;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => self.woken = [true; 2],
            gone = notified(first) => if gone { self.ears.listeners[0] = None } else { self.woken = [true, false] },
            gone = notified(second) => if gone { self.ears.listeners[1] = None } else { self.woken = [false, true] },
        }
    }
}

/// Waits for a notification; answers whether the connection is gone instead.
async fn notified(listener: &mut Option<Peer>) -> bool {
    match listener {
        Some(peer) => peer.session_mut().notification().await.is_none(),
        None => std::future::pending().await,
    }
}

async fn pause(wait: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}
