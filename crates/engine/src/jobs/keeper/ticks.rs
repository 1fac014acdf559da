//! Ticks that came due, and what is decided about them.

use jiff::{SignedDuration, Timestamp};
use ponte_pg::jobs::{self, Decision, Seen, Skipped};

use super::{Event, Keeper};
use crate::error::Result;
use crate::jobs::due::{believable, due};
use crate::jobs::overlap::{Open, admit};
use crate::jobs::settle::Cut;

/// A tick that is run later than this is caught up.
const LATE: SignedDuration = SignedDuration::from_secs(60);

impl Keeper {
    pub(super) fn is_due(&self, plan: usize, decided_until: Timestamp, now: Timestamp) -> bool {
        let until = believable(decided_until, now);
        let schedule = self.plans[plan].job.schedule.as_ref();
        if schedule.is_some() && until < decided_until {
            // Nothing would come due before the clock is where it never was: to decide about no tick puts the books right.
            return true;
        }
        let next = schedule.and_then(|schedule| schedule.next_after(until));
        next.is_some_and(|next| next <= now)
    }

    /// Decides about ticks that came due; answers whether any is to be run.
    pub(super) async fn decide(&mut self, plan: usize) -> Result<bool> {
        let job = self.plans[plan].job.clone();
        let decider = |seen: &Seen| decision(&job, seen);
        let peer = self.peer().await?;
        let Some(decided) = jobs::decide(peer, &job.name, decider).await? else {
            return Ok(false);
        };
        if decided.cancel {
            // One elsewhere is told by the next sign of life that it gives.
            for active in self.active.values_mut().filter(|active| active.plan == plan) {
                active.cut.get_or_insert(Cut::Asked);
                active.cancel.cancel();
            }
        }
        for skipped in &decided.skip {
            (self.observe)(&Event::LeftOut {
                job: job.name.clone(),
                reason: skipped.reason,
                ticks: skipped.ticks,
            });
        }
        Ok(!decided.queue.is_empty())
    }
}

/// What is decided about a job's ticks, given what is seen of it.
fn decision(job: &crate::config::Job, seen: &Seen) -> Decision {
    let Some(schedule) = &job.schedule else {
        return Decision::default();
    };
    let until = believable(seen.decided_until, seen.now);
    let due = due(schedule, until, seen.now, job.catch_up);
    let open = Open {
        running: seen.running,
        queued: seen.queued,
    };
    let admission = admit(&due, job.overlap, job.catch_up, open);
    let late = |tick: Timestamp| (tick, seen.now.duration_since(tick) > LATE);
    let overlapped = admission.skip.into_iter().map(|tick| Skipped {
        tick,
        reason: "overlap",
        ticks: 1,
    });
    let missed = due.missed_last.map(|tick| Skipped {
        tick,
        reason: "missed",
        ticks: due.missed,
    });
    Decision {
        queue: admission.queue.into_iter().map(late).collect(),
        skip: missed.into_iter().chain(overlapped).collect(),
        cancel: admission.cancel,
    }
}
