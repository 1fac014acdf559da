//! The runs of this process that are under way: begun, kept alive by signs of life, taken off when they end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ponte_pg::jobs::{self, Claim, Done};
use tokio_util::sync::CancellationToken;

use super::{Event, Keeper, SLEEP_MAX};
use crate::error::Result;
use crate::jobs::carry::carry_out;
use crate::jobs::settle::Cut;

/// A run of this process that is under way.
pub(super) struct Active {
    pub(super) plan: usize,
    pub(super) fence: i64,
    pub(super) cancel: CancellationToken,
    pub(super) cut: Option<Cut>,
    pub(super) beaten_at: Instant,
}

/// A run of this process that is over.
pub(in crate::jobs) struct Ended {
    pub(super) plan: usize,
    pub(super) claim: Claim,
    pub(super) cut: Option<Cut>,
    pub(in crate::jobs) outcome: Result<Done>,
}

impl Keeper {
    /// Begins a run that is ours.
    pub(in crate::jobs) fn begin(&mut self, plan: usize, claim: Claim) {
        let cancel = CancellationToken::new();
        let active = Active {
            plan,
            fence: claim.fence,
            cancel: cancel.clone(),
            cut: None,
            beaten_at: Instant::now(),
        };
        self.active.insert(claim.run, active);
        (self.observe)(&Event::Began {
            job: self.names[plan].clone(),
        });
        let (servers, job) = (self.servers.clone(), self.plans[plan].clone());
        self.tasks.spawn(async move {
            let outcome = carry_out(&servers, &job, &claim, &cancel).await;
            Ended {
                plan,
                claim,
                cut: None,
                outcome,
            }
        });
    }

    /// Gives signs of life for all runs of this process, and ends those that are asked to end or are not ours any more.
    pub(in crate::jobs) async fn keep_leases(&mut self) -> Result<()> {
        if self.active.is_empty() {
            return Ok(());
        }
        for active in self.active.values_mut() {
            if active.beaten_at.elapsed() > self.plans[active.plan].job.lease {
                active.cut.get_or_insert(Cut::LeaseGone);
                active.cancel.cancel();
            }
        }
        let runs: Vec<(i64, i64, Duration)> = self
            .active
            .iter()
            // What is given up is not kept from others.
            .filter(|(_, active)| active.cut != Some(Cut::LeaseGone))
            .map(|(run, active)| (*run, active.fence, self.plans[active.plan].job.lease))
            .collect();
        let asked_at = Instant::now();
        let kept: BTreeMap<i64, bool> = jobs::beat(self.peer().await?, &runs).await?.into_iter().collect();
        for (run, active) in &mut self.active {
            match kept.get(run) {
                Some(false) => active.beaten_at = asked_at,
                Some(true) => {
                    active.beaten_at = asked_at;
                    active.cut.get_or_insert(Cut::Asked);
                    active.cancel.cancel();
                }
                // Somebody else's; or over, and the end is about to be told here, which a request to end it does not change.
                None => {
                    active.cut.get_or_insert(Cut::LeaseGone);
                    active.cancel.cancel();
                }
            }
        }
        Ok(())
    }

    /// How often signs of life are due.
    pub(super) fn beat_every(&self) -> Duration {
        let leases = self
            .active
            .values()
            .map(|active| self.plans[active.plan].job.lease);
        leases.min().map_or(SLEEP_MAX, |lease| lease / 3)
    }

    /// Asks this process's runs to end, as somebody asked for it.
    pub(in crate::jobs) fn cancel_all(&mut self) {
        for active in self.active.values_mut() {
            active.cut.get_or_insert(Cut::Asked);
            active.cancel.cancel();
        }
    }

    /// The next run of this process that ends, while signs of life are given.
    pub(in crate::jobs) async fn next_end(&mut self) -> Option<Ended> {
        let wait = self.beat_every();
        tokio::select! {
            () = tokio::time::sleep(wait) => None,
            Some(ended) = self.tasks.join_next() => Some(self.taken_off(ended)),
        }
    }

    fn taken_off(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> Ended {
        let mut ended = match ended {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        ended.cut = self.active.remove(&ended.claim.run).and_then(|active| active.cut);
        ended
    }

    pub(super) fn note_end(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let ended = self.taken_off(ended);
        self.unsettled.push(ended);
    }
}
