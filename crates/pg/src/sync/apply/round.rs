//! The steps of `ponte_sync::machine::rounds`, for a batch or a part of one.

use ponte_schema::Sql;
use ponte_sync::apply::{Operation, Stage, captured_meanwhile};
use ponte_sync::link::ApplyAs;
use ponte_sync::machine::batch::{Seen, Step};
use ponte_sync::machine::rounds::{End, Rounds};
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::TableSide;

use super::rescue::Refusal;
use super::{ANY_PLAN, Applied, Batch, SMALL_BATCH_PLANS, count, parents, plan, stage, stop};
use crate::error::{Error, Result};
use crate::sync::install::parse_snapshot;
use crate::sync::peer::Peer;

/// Where the rounds began; what is undone is undone to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Savepoint {
    /// Of the whole batch.
    Rows,
    /// Of a part that is tried.
    Part,
}

/// A batch, or a part of one, that goes round.
pub(super) struct Work<'b> {
    pub(super) batch: &'b Batch<'b>,
    savepoint: Savepoint,
    pub(super) applied: Applied,
    /// What had been applied at the savepoint.
    pub(super) before: Applied,
    /// Tables in which the last look found local changes, and the snapshot of that look.
    clashing: Vec<usize>,
    looked: Option<Snapshot>,
    /// What the server said as it refused something.
    pub(super) refusal: Option<Error>,
}

impl<'b> Work<'b> {
    pub(super) fn new(batch: &'b Batch<'b>, savepoint: Savepoint, before: Applied) -> Self {
        Self {
            batch,
            savepoint,
            applied: before,
            before,
            clashing: Vec::new(),
            looked: None,
            refusal: None,
        }
    }

    /// Goes round until everything is written; answers the error where the target refuses a row.
    pub(super) async fn go_round(&mut self, target: &mut Peer) -> Result<Option<Error>> {
        let mut rounds = Rounds::new();
        let mut step = Rounds::FIRST;
        loop {
            let seen = self.step(step, target).await?;
            match rounds.next(seen) {
                Ok(next) => step = next,
                Err(End::Written) => return Ok(None),
                Err(End::Refused) => return Ok(Some(self.refused())),
                Err(End::Stopped(stop)) => return Err(stop::error(stop, self.batch, self.refusal.take())),
            }
        }
    }

    fn refused(&mut self) -> Error {
        self.refusal
            .take()
            .unwrap_or_else(|| stop::out_of_turn(self.batch))
    }

    /// Carries out a step, and tells a refused row from a failure.
    pub(super) async fn step(&mut self, step: Step, target: &mut Peer) -> Result<Seen> {
        let outcome = self.attempt(step, target).await;
        self.or_refused(outcome)
    }

    /// A row that was refused is an observation, any other error is one.
    pub(super) fn or_refused(&mut self, outcome: Result<Seen>) -> Result<Seen> {
        match outcome {
            Err(error) if Refusal::of(&error).is_some() => {
                self.refusal = Some(error);
                Ok(Seen::Refused)
            }
            outcome => outcome,
        }
    }

    async fn attempt(&mut self, step: Step, target: &mut Peer) -> Result<Seen> {
        match step {
            Step::Pin => plan::pin(self.batch, target, &mut self.applied)
                .await
                .map(Seen::Rows),
            Step::LookForLocal => self.look_for_local(target).await.map(Seen::Found),
            Step::Resolve => self.resolve(target).await.map(Seen::Rows),
            Step::Write => self.write(target).await,
            Step::LookForLate => self.look_for_late(target).await.map(Seen::Found),
            Step::UndoWrite => self.undo(target).await.map(|()| Seen::Carried),
            Step::ForgetPlan => forget_plan(self.batch, target).await.map(|()| Seen::Carried),
            Step::LookForRewrites => changed_by_triggers(self.batch, target).await.map(Seen::Found),
            Step::Check => check_deferred(self.batch, target).await.map(|()| Seen::Carried),
            _ => Err(stop::out_of_turn(self.batch)),
        }
    }

    async fn look_for_local(&mut self, target: &Peer) -> Result<bool> {
        self.clashing.clear();
        self.looked = None;
        for &position in &self.batch.touched {
            let table = self.batch.target_side(position);
            let any_local =
                Stage::new(position).any_local(table, self.batch.direction(target), self.batch.local());
            let said = target.first_row(&any_local, "look for local changes").await?;
            let mut said = said.unwrap_or_default().into_iter().flatten();
            if said.next().as_deref() == Some("t") {
                self.clashing.push(position);
            }
            // The first of these snapshots sees the least.
            if let (None, Some(looked)) = (&self.looked, said.next()) {
                self.looked = Some(parse_snapshot(&looked)?);
            }
        }
        Ok(!self.clashing.is_empty())
    }

    async fn resolve(&mut self, target: &mut Peer) -> Result<u64> {
        let direction = self.batch.direction(target);
        for &position in &self.clashing {
            self.applied.conflicts += plan::resolve(self.batch, target, position, direction).await?;
        }
        plan::count_planned(self.batch, target).await
    }

    async fn write(&mut self, target: &mut Peer) -> Result<Seen> {
        if !self.batch.small {
            for &position in &self.batch.touched {
                let analyze = Stage::new(position).analyze_plan();
                target.script(&analyze, "analyze the plan").await?;
            }
        }
        write_planned(self.batch, target, &mut self.applied).await
    }

    async fn look_for_late(&self, target: &Peer) -> Result<bool> {
        let Some(looked) = &self.looked else {
            return Ok(false);
        };
        for &position in &self.batch.touched {
            let table = self.batch.target_side(position);
            let any_late = Stage::new(position).any_late(table, &self.batch.spec.name, looked);
            if target
                .holds(&any_late, "look for rows that came and went")
                .await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes back to where the rounds began: what was decided meanwhile is decided again.
    async fn undo(&mut self, target: &Peer) -> Result<()> {
        self.applied = self.before;
        match self.savepoint {
            Savepoint::Rows => set_up(self.batch, target, "ROLLBACK TO SAVEPOINT rows").await,
            Savepoint::Part => {
                let undo = Sql::text("ROLLBACK TO SAVEPOINT part; SET CONSTRAINTS ALL DEFERRED");
                target.script(&undo, "undo what was written").await
            }
        }
    }
}

/// Begins the rounds of a whole batch.
pub(super) async fn prepare(batch: &Batch<'_>, target: &Peer) -> Result<()> {
    set_up(batch, target, "SAVEPOINT rows").await
}

/// Sets the savepoint or goes back to it, and gives the planner what it needs to know for the rounds.
async fn set_up(batch: &Batch<'_>, target: &Peer, savepoint: &'static str) -> Result<()> {
    let mut sql = Sql::text(savepoint);
    sql.push(&Sql::text("; SET CONSTRAINTS ALL DEFERRED; "));
    sql.push(&Sql::text(if batch.small { SMALL_BATCH_PLANS } else { ANY_PLAN }));
    target.script(&sql, "choose plans").await?;
    if batch.small {
        return Ok(());
    }
    stage::analyze_stages(batch, target).await
}

/// Forgets what was planned.
pub(super) async fn forget_plan(batch: &Batch<'_>, target: &Peer) -> Result<()> {
    target.script(&forgotten_plan(batch), "forget the plan").await
}

/// The statements for that.
pub(super) fn forgotten_plan(batch: &Batch<'_>) -> Sql {
    Sql::join("; ", batch.touched.iter().map(|i| Stage::new(*i).clear_plan()))
}

/// What is refused at the commit cannot be told apart any more, so nothing is left to it.
async fn check_deferred(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    let sql = Sql::text("SET CONSTRAINTS ALL IMMEDIATE");
    target.script(&sql, "check what was deferred").await?;
    if batch.spec.apply == ApplyAs::Replica {
        parents::refuse_orphans(batch, target).await?;
    }
    Ok(())
}

/// Whether triggers or cascades wrote to a table of the batch on account of what was written.
async fn changed_by_triggers(batch: &Batch<'_>, target: &Peer) -> Result<bool> {
    if batch.spec.apply == ApplyAs::Replica {
        return Ok(false);
    }
    let tables: Vec<&TableSide> = batch.touched.iter().map(|i| batch.target_side(*i)).collect();
    let sql = captured_meanwhile(&tables);
    target.holds(&sql, "look for changes by triggers").await
}

/// Writes what is planned: first the deletes that nothing references, children before parents, so that unique values are free;
/// then parents before children; last the parents whose references have moved away by then.
async fn write_planned(batch: &Batch<'_>, target: &mut Peer, applied: &mut Applied) -> Result<Seen> {
    let before = applied.rows();
    let mut inserted = 0;
    for &position in batch.touched.iter().rev() {
        let references = batch.references_to(position);
        let (stage, table) = (Stage::new(position), batch.target_side(position));
        if !references.is_empty() {
            let hold = stage.hold_deletes(table);
            target.value(&hold, "hold rows to be deleted").await?;
        }
        let delete = batch.followed(position, Operation::Delete, stage.delete(table, &references));
        applied.deletes += target.touched(&delete, batch.plan(), "delete rows").await?;
    }
    for &position in &batch.touched {
        if batch.part.is_some() {
            let vacate = Stage::new(position).vacate(batch.target_side(position));
            target.script(&vacate, "make way for unique values").await?;
        }
        let written = upsert(batch, position, target).await?;
        applied.upserts += written.rows;
        inserted += written.inserted;
    }
    for &position in batch.touched.iter().rev() {
        parents::delete_referenced(batch, position, target, applied).await?;
    }
    Ok(Seen::Written {
        rows: applied.rows() - before,
        inserted: inserted > 0,
    })
}

/// What one table's statements wrote.
struct Upserted {
    rows: u64,
    /// Where nobody told them apart from updated ones, all of them.
    inserted: u64,
}

async fn upsert(batch: &Batch<'_>, position: usize, target: &mut Peer) -> Result<Upserted> {
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    if batch.references_itself(position) {
        let both = stage.upsert(
            table,
            batch.forwarded_from(position),
            batch.extras(position).notes(),
        );
        let rows = count(target.value(&both, "update and insert rows").await?);
        return Ok(Upserted { rows, inserted: rows });
    }
    let mut updated = 0;
    if let Some(update) = stage.update(table) {
        let update = batch.followed(position, Operation::Update, update);
        updated = target.touched(&update, batch.plan(), "update rows").await?;
    }
    let insert = batch.followed(position, Operation::Insert, stage.insert(table));
    let inserted = target.touched(&insert, batch.plan(), "insert rows").await?;
    Ok(Upserted {
        rows: updated + inserted,
        inserted,
    })
}
