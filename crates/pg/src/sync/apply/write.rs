//! What a staged batch goes through at its target, step by step as `ponte_sync::machine::batch` says.

use ponte_sync::machine::batch::{Seen, Step};

use super::round::{self, Savepoint, Work};
use super::sweep::Others;
use super::{Applied, Batch, extras, finish, rescue, sweep};
use crate::error::Result;
use crate::sync::peer::Peer;

/// A batch that is being written.
pub(super) struct Writing<'b> {
    work: Work<'b>,
    place: Place,
    /// Whether the sweep has left out what others wrote before it.
    set_apart: bool,
    /// Whether the look after the sweep, which travels with its last statement, found that somebody else wrote too.
    others: bool,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Staged,
    Sweeping,
    InRounds,
}

impl<'b> Writing<'b> {
    pub(super) fn new(batch: &'b Batch<'b>) -> Self {
        Self {
            work: Work::new(batch, Savepoint::Rows, Applied::default()),
            place: Place::Staged,
            set_apart: false,
            others: false,
        }
    }

    pub(super) fn applied(&self) -> Applied {
        let applied = self.work.applied;
        Applied {
            upserts: applied.upserts + self.work.batch.placed,
            ..applied
        }
    }

    /// What the server said as it refused something, if that was the end.
    pub(super) fn refusal(&mut self) -> Option<crate::error::Error> {
        self.work.refusal.take()
    }

    pub(super) async fn step(&mut self, step: Step, target: &mut Peer) -> Result<Seen> {
        let batch = self.work.batch;
        if self.place == Place::Staged && matches!(step, Step::LookForLocal | Step::Pin) {
            extras::before(batch, target).await?;
        }
        match step {
            Step::LookForLocal if self.place == Place::Staged => {
                self.place = Place::Sweeping;
                let others = sweep::begin(batch, target).await?;
                self.set_apart = others == Others::SetApart;
                Ok(Seen::Found(others == Others::Some))
            }
            Step::LookForLocal if self.place == Place::Sweeping => Ok(Seen::Found(self.others)),
            Step::Sweep => Ok(self.sweep(target).await),
            Step::UndoSweep => self.undo_sweep(target).await,
            Step::ForgetPlan if self.place != Place::InRounds => Ok(Seen::Carried),
            Step::Pin if self.place != Place::InRounds => {
                round::prepare(batch, target).await?;
                self.place = Place::InRounds;
                self.work.before = self.work.applied;
                self.work.step(step, target).await
            }
            Step::Isolate => self.isolate(target).await,
            Step::Record => finish::record(batch, target, self.applied())
                .await
                .map(Seen::Found),
            step => self.work.step(step, target).await,
        }
    }

    /// Whatever the server does not like is undone: the rounds will meet it again if it is still there.
    async fn sweep(&mut self, target: &mut Peer) -> Seen {
        match sweep::write(self.work.batch, target, self.set_apart).await {
            Ok((applied, others)) => {
                self.work.applied = applied;
                self.others = others;
                Seen::Rows(applied.rows() + self.work.batch.placed)
            }
            Err(error) => {
                self.work.refusal = Some(error);
                Seen::Refused
            }
        }
    }

    async fn undo_sweep(&mut self, target: &Peer) -> Result<Seen> {
        self.work.applied = Applied::default();
        match (sweep::undo(target).await, self.work.refusal.take()) {
            (Ok(()), _) => Ok(Seen::Carried),
            // The connection was lost before.
            (Err(_), Some(error)) | (Err(error), None) => Err(error),
        }
    }

    async fn isolate(&mut self, target: &mut Peer) -> Result<Seen> {
        if let Some(refusal) = self.work.refusal.as_ref().and_then(rescue::Refusal::of) {
            tracing::debug!(
                link = self.work.batch.spec.name,
                sqlstate = refusal.sqlstate,
                "a row was refused, looking for it"
            );
        }
        self.work.applied = self.work.before;
        let rescued = rescue::rescue(self.work.batch, target, &mut self.work.applied).await;
        self.work.or_refused(rescued.map(|()| Seen::Carried))
    }
}
