//! Drives the machine from the fence to the commit.

use futures_util::future::join;
use ponte_sync::apply::Winner;
use ponte_sync::machine::batch::{self as steps, Seen, Step};
use ponte_sync::machine::{Action, Machine, Observation};
use tokio::sync::oneshot;

use super::begin::try_begin;
use super::write::Writing;
use super::{Applied, Batch, finish, offer, parked, retried, stage, stop, sweep};
use crate::error::{Error, Result};
use crate::sync::approval;
use crate::sync::peer::Peer;

/// What came of a batch.
pub(crate) struct Carried {
    pub(crate) applied: Applied,
    /// What the machine wants next.
    pub(crate) next: Action,
}

/// Carries a batch over and commits it. The source's reading transaction is open when this is called, and the machine is about to
/// take the fence.
///
/// # Errors
/// `sync.overtaken` where another process was faster, `sync.blocked` where too many rows are refused, and whatever
/// the servers report. The caller rolls back.
pub(crate) async fn carry(
    machine: &mut Machine,
    batch: &mut Batch<'_>,
    source: &mut Peer,
    target: &mut Peer,
) -> Result<Carried> {
    let staged = bring(machine, batch, source, target).await?;
    let batch = &*batch;
    let first = release(machine, staged, batch, source, target).await?;
    // The source is made durable while the target writes.
    let (tell, told) = oneshot::channel();
    let reader = &*source;
    let offering = async move {
        // Whoever stopped listening has an error of its own.
        let _ = tell.send(offer::offer(batch, reader).await);
    };
    let ((), written) = join(offering, write(machine, first, batch, target, told)).await;
    let mut carried = written?;
    if carried.next == Action::RefreshParked {
        parked::refresh(batch, source).await?;
        carried.next = machine.next(Observation::Carried);
    }
    Ok(carried)
}

/// Takes the fence and brings a batch into the stage; answers what is to be done with it.
///
/// # Errors
/// As [`carry`].
pub(crate) async fn bring(
    machine: &mut Machine,
    batch: &mut Batch<'_>,
    source: &mut Peer,
    target: &mut Peer,
) -> Result<Action> {
    let mut holds_parked = false;
    let mut action = Action::TakeFence;
    loop {
        let seen = match action {
            Action::TakeFence => {
                let begun = try_begin(target, batch.spec, &batch.from, &batch.to).await?;
                let taken = begun.is_some();
                if let Some(begun) = begun {
                    batch.carried_on = begun.carried_on;
                    holds_parked = begun.parked;
                }
                Observation::Fence { taken }
            }
            Action::FillStage => {
                let filled = stage::fill_stages(batch, source, target, holds_parked).await?;
                batch.placed = filled.placed;
                let rows = filled.staged + filled.placed;
                if batch.quarantine.at_target {
                    retried::note(batch, target).await?;
                }
                let sweepable = sweep::fits(batch);
                Observation::Staged { rows, sweepable }
            }
            Action::Stop(stop) => return Err(stop::error(stop, batch, None)),
            next => return Ok(next),
        };
        action = machine.next(seen);
    }
}

/// Lets go of the source, and asks whether a person has to be asked.
async fn release(
    machine: &mut Machine,
    first: Action,
    batch: &Batch<'_>,
    source: &mut Peer,
    target: &mut Peer,
) -> Result<Action> {
    let mut waiting = None;
    let mut action = first;
    loop {
        let seen = match action {
            Action::Batch(Step::EndReading) => {
                source.commit("end reading").await?;
                Seen::Carried
            }
            Action::Batch(Step::LookForMassDeletes) => {
                waiting = approval::unapproved(batch, target).await?;
                Seen::Found(waiting.is_some())
            }
            Action::Stop(stop) => return Err(stop::error(stop, batch, waiting)),
            next => return Ok(next),
        };
        action = machine.next(Observation::Batch(seen));
    }
}

/// Writes what is staged and commits it, once the source has said that it may be.
async fn write(
    machine: &mut Machine,
    first: Action,
    batch: &Batch<'_>,
    target: &mut Peer,
    told: oneshot::Receiver<Result<bool>>,
) -> Result<Carried> {
    let mut writing = Writing::new(batch);
    let mut told = Some(told);
    let mut overlaps = false;
    let mut action = first;
    while let Action::Batch(step) = action {
        let seen = match step {
            Step::Harden => {
                overlaps = offered(told.take(), batch).await?;
                Seen::Carried
            }
            Step::LookForOverlap => Seen::Found(overlaps),
            Step::Commit => {
                target.commit("commit a batch").await?;
                finish::keep_stages(batch, target);
                Seen::Carried
            }
            step => writing.step(step, target).await?,
        };
        action = machine.next(Observation::Batch(seen));
    }
    match action {
        Action::Stop(_) if overlaps => Err(stop::overtaken(batch.spec, batch.spec.node(batch.source))),
        Action::Stop(stop) => Err(stop::error(stop, batch, writing.refusal())),
        next => Ok(Carried {
            applied: writing.applied(),
            next,
        }),
    }
}

/// What came of the offer.
async fn offered(told: Option<oneshot::Receiver<Result<bool>>>, batch: &Batch<'_>) -> Result<bool> {
    let defect = || -> Error { stop::out_of_turn(batch) };
    match told {
        Some(told) => told.await.map_err(|_| defect())?,
        None => Err(defect()),
    }
}

/// Reads the batch and applies it inside transactions that are the caller's on both sides.
pub(crate) async fn carry_within(batch: &Batch<'_>, source: &mut Peer, target: &mut Peer) -> Result<Applied> {
    // An earlier attempt may have parked keys where the rule is to do so.
    let holds_parked = batch
        .touched
        .iter()
        .any(|i| matches!(batch.winner(*i), Winner::Nobody | Winner::Function));
    let filled = stage::fill_stages(batch, source, target, holds_parked).await?;
    let (mut machine, mut step) = steps::Batch::within(filled.staged);
    let mut writing = Writing::new(batch);
    loop {
        let seen = writing.step(step, target).await?;
        match machine.next(seen) {
            Ok(next) => step = next,
            Err(steps::End::Done) => return Ok(writing.applied()),
            Err(steps::End::Stopped(stop)) => return Err(stop::error(stop, batch, writing.refusal())),
        }
    }
}
