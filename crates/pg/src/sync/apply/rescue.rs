//! The target refuses a row: which one, so that the others can be written.
//!
//! First by looking: unique values that are taken and parents that are missing are found by one statement per table, and their rows set aside until
//! no more are found. If the rest is still refused, by trying: the rows get numbers, ranges of numbers are written behind a savepoint, and a range that
//! is refused is cut in half. That is no search in a sorted list, because rows need each other: those that failed alone are tried again
//! after the others are in, until no more succeed. Rows that hand a unique value to one another have one number until nothing else is left.

use ponte_schema::Sql;
use ponte_sync::apply::{Part, Reason, Stage};

use super::plan::pin;
use super::round::{Savepoint, Work, forget_plan, forgotten_plan};
use super::stage::analyze_stages;
use super::{ANY_PLAN, Applied, Batch, extras, parents};
use crate::error::treatment::{self, Treatment};
use crate::error::{Error, ErrorKind, Result, server};
use crate::sync::peer::{Peer, Plan};

/// How many rows may be refused for reasons that only show when they are tried. More than that is no matter of rows.
const REFUSED_MAX: usize = 500;

/// A row was refused, not the batch.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) sqlstate: String,
    constraint: Option<String>,
    message: String,
}

impl Refusal {
    /// What an error says about a row; `None` where it is about something else.
    pub(super) fn of(error: &Error) -> Option<Self> {
        if let Some(db) = error.server() {
            let sqlstate = db.code().code();
            return (treatment::of(sqlstate) == Treatment::Quarantine).then(|| Self {
                sqlstate: sqlstate.to_owned(),
                constraint: db.constraint().or(db.column()).map(str::to_owned),
                message: server::message(db).to_owned(),
            });
        }
        let said = |key| {
            error
                .context()
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, v)| v.clone())
        };
        (error.kind() == ErrorKind::SyncBlocked).then(|| Self {
            sqlstate: said("sqlstate").unwrap_or_default(),
            constraint: said("constraint"),
            message: "a foreign key is violated".to_owned(),
        })
    }
}

/// Writes what can be written and sets the rest aside. Begins where the batch was staged.
pub(super) async fn rescue(batch: &Batch<'_>, target: &mut Peer, applied: &mut Applied) -> Result<()> {
    let mut sql = Sql::text("ROLLBACK TO SAVEPOINT rows; SET CONSTRAINTS ALL DEFERRED; ");
    sql.push(&Sql::text(ANY_PLAN));
    target.script(&sql, "undo what was written").await?;
    analyze_stages(batch, target).await?;
    applied.quarantined += set_clashes_aside(batch, target).await?;
    let last = number(batch, target, applied).await?;
    let mut search = Search {
        batch,
        last,
        refused: Vec::new(),
    };
    search.halve(target, applied).await?;
    search.try_again(target, applied).await?;
    search.split(target).await?;
    search.try_again(target, applied).await?;
    search.give_up(target, applied).await
}

/// Sets rows aside whose unique values are taken or whose parents are missing. Each may be the parent of another, or may have been about to leave a
/// value to it, so this goes on until nothing is found.
async fn set_clashes_aside(batch: &Batch<'_>, target: &mut Peer) -> Result<u64> {
    let mut total = 0;
    loop {
        let mut found = 0;
        for &position in &batch.touched {
            let (stage, table) = (Stage::new(position), batch.target_side(position));
            let mark = stage.mark_unique(table);
            target
                .script(&mark, "look for unique values that are taken")
                .await?;
            let reason = Reason {
                sqlstate: "23505",
                message: "another row holds the unique value",
            };
            found += set_aside(batch, target, position, reason).await?;
            for key in batch.references_from(position) {
                let parent = batch.stage_of(&key.parent_name());
                let Some(mark) = stage.mark_orphans(table, key, parent.as_ref()) else {
                    continue;
                };
                let reason = Reason {
                    sqlstate: "23503",
                    message: "the row that it references is missing",
                };
                if target
                    .touched(&mark, Plan::Fresh, "look for missing parents")
                    .await?
                    > 0
                {
                    found += set_aside(batch, target, position, reason).await?;
                }
            }
        }
        total += found;
        if found == 0 {
            return Ok(total);
        }
    }
}

/// Moves the marked rows of a table into the quarantine; answers how many.
pub(super) async fn set_aside(
    batch: &Batch<'_>,
    target: &mut Peer,
    position: usize,
    reason: Reason<'_>,
) -> Result<u64> {
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    let seen = batch.seen_by_source();
    extras::note_refused(batch, target, position, reason).await?;
    let sql = stage.set_aside(table, batch.direction(target), seen, reason);
    target.touched(&sql, Plan::Fresh, "set rows aside").await
}

/// Numbers the rows that differ: deletes first, children before parents, then the others the other way round. Answers the last number.
async fn number(batch: &Batch<'_>, target: &mut Peer, applied: &mut Applied) -> Result<i64> {
    forget_plan(batch, target).await?;
    pin(batch, target, applied).await?;
    let mut last = 0;
    for (present, positions) in [
        (false, batch.touched.iter().rev().copied().collect::<Vec<_>>()),
        (true, batch.touched.clone()),
    ] {
        for position in positions {
            let sql = Stage::new(position).number(batch.target_side(position), present, last);
            let numbered = target.touched(&sql, Plan::Fresh, "number rows").await?;
            last += i64::try_from(numbered).unwrap_or(i64::MAX);
        }
    }
    // The planner would take it that hardly any row has a number.
    analyze_stages(batch, target).await?;
    join_units(batch, target).await?;
    Ok(last)
}

/// Gives rows one number that can only be written together.
async fn join_units(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    for &position in &batch.touched {
        let link = Stage::new(position).link_units(batch.target_side(position));
        target.script(&link, "look for rows that swap values").await?;
    }
    for &position in &batch.touched {
        let (stage, table) = (Stage::new(position), batch.target_side(position));
        for key in batch.references_from(position) {
            let Some((parent, above)) = batch.stage_of(&key.parent_name()) else {
                continue;
            };
            let mut links = vec![stage.link_movers(table, key, (parent, &above))];
            if key.deferrable {
                links.extend(stage.link_parents(table, key, (parent, &above)));
            }
            for link in links {
                target
                    .touched(&link, Plan::Fresh, "look for rows that need each other")
                    .await?;
            }
        }
    }
    Ok(())
}

/// The search for what is refused.
struct Search<'a> {
    batch: &'a Batch<'a>,
    /// The greatest number given.
    last: i64,
    /// Numbers that were refused alone, and why.
    refused: Vec<(i64, Refusal)>,
}

impl Search<'_> {
    /// Writes everything but what is refused alone.
    async fn halve(&mut self, target: &mut Peer, applied: &mut Applied) -> Result<()> {
        let mut open = vec![Part {
            first: 1,
            last: self.last,
        }];
        while let Some(part) = open.pop() {
            let Some(refusal) = self.attempt(part, target, applied).await? else {
                continue;
            };
            if part.first == part.last {
                self.refuse(part.first, refusal)?;
                continue;
            }
            let middle = i64::midpoint(part.first, part.last);
            open.push(Part {
                first: middle + 1,
                ..part
            });
            open.push(Part { last: middle, ..part });
        }
        Ok(())
    }

    fn refuse(&mut self, number: i64, refusal: Refusal) -> Result<()> {
        if self.refused.len() < REFUSED_MAX {
            self.refused.push((number, refusal));
            return Ok(());
        }
        let name = &self.batch.spec.name;
        Err(Error::new(
            ErrorKind::SyncBlocked,
            format!(
                "\"{}\" refuses more than {REFUSED_MAX} rows of one batch of link \"{name}\"",
                self.batch.spec.node(self.batch.source.other())
            ),
        )
        .with("sqlstate", &refusal.sqlstate)
        .with("constraint", refusal.constraint.unwrap_or_default())
        .hint(format!(
            "bring the constraints of both sides together, then ponte sync once {name}"
        )))
    }

    /// Tries what failed again, now that more is there, as long as that helps.
    async fn try_again(&mut self, target: &mut Peer, applied: &mut Applied) -> Result<()> {
        loop {
            let before = self.refused.len();
            for (number, _) in std::mem::take(&mut self.refused) {
                let part = Part {
                    first: number,
                    last: number,
                };
                if let Some(refusal) = self.attempt(part, target, applied).await? {
                    self.refuse(number, refusal)?;
                }
            }
            if self.refused.len() == before || self.refused.is_empty() {
                return Ok(());
            }
        }
    }

    /// Gives the rows of refused units a number each: one of them may be to blame for all.
    async fn split(&mut self, target: &mut Peer) -> Result<()> {
        let mut single = Vec::new();
        for (unit, refusal) in std::mem::take(&mut self.refused) {
            for &position in &self.batch.touched {
                let table = self.batch.target_side(position);
                let sql = Stage::new(position).split_unit(table, unit, self.last);
                let rows = target.touched(&sql, Plan::Fresh, "number rows").await?;
                for _ in 0..rows {
                    self.last += 1;
                    single.push((self.last, refusal.clone()));
                }
            }
        }
        self.refused = single;
        Ok(())
    }

    /// Sets aside what is still refused. A delete that something outside the link references is no bad row: it loses.
    async fn give_up(&mut self, target: &mut Peer, applied: &mut Applied) -> Result<()> {
        for (number, refusal) in std::mem::take(&mut self.refused) {
            let part = Part {
                first: number,
                last: number,
            };
            let constraint = refusal.constraint.as_deref();
            for position in self.touched_by(part, target).await? {
                let (stage, table) = (Stage::new(position), self.batch.target_side(position));
                if refusal.sqlstate == "23503" {
                    let alone = self.batch.part(vec![position], part);
                    forget_plan(&alone, target).await?;
                    pin(&alone, target, applied).await?;
                    let keep = stage.keep_parents(table, self.batch.direction(target), None);
                    applied.conflicts +=
                        parents::keep_parents(&alone, target, &keep, constraint.unwrap_or_default()).await?;
                }
                let mark = stage.mark_part(part, constraint);
                target.touched(&mark, Plan::Fresh, "mark a row").await?;
                let reason = Reason {
                    sqlstate: &refusal.sqlstate,
                    message: &refusal.message,
                };
                applied.quarantined += set_aside(self.batch, target, position, reason).await?;
            }
        }
        Ok(())
    }

    /// Writes a part, or nothing of it; answers why it was refused.
    async fn attempt(&self, part: Part, target: &mut Peer, applied: &mut Applied) -> Result<Option<Refusal>> {
        let touched = self.touched_by(part, target).await?;
        if touched.is_empty() {
            return Ok(None);
        }
        let batch = self.batch.part(touched, part);
        let mut begin = Sql::text("SAVEPOINT part; SET CONSTRAINTS ALL DEFERRED; ");
        begin.push(&forgotten_plan(&batch));
        target.script(&begin, "begin to try a part").await?;
        let mut work = Work::new(&batch, Savepoint::Part, *applied);
        let Some(error) = work.go_round(target).await? else {
            *applied = work.applied;
            let end = Sql::text("RELEASE SAVEPOINT part");
            target.script(&end, "keep a part").await?;
            return Ok(None);
        };
        let Some(refusal) = Refusal::of(&error) else {
            return Err(error);
        };
        let undo = Sql::text("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part");
        target.script(&undo, "undo a part").await?;
        Ok(Some(refusal))
    }

    /// The tables that have rows in a part.
    async fn touched_by(&self, part: Part, target: &Peer) -> Result<Vec<usize>> {
        if self.batch.touched.len() == 1 {
            return Ok(self.batch.touched.clone());
        }
        let any = self.batch.touched.iter().map(|i| Stage::new(*i).any_of(part));
        let sql = Sql::render("SELECT {any}", &[("any", &Sql::join(", ", any))]);
        let row = target.first_row(&sql, "look for rows of a part").await?;
        let row = row.unwrap_or_default();
        let touched = self.batch.touched.iter().zip(row);
        Ok(touched
            .filter(|(_, any)| any.as_deref() == Some("t"))
            .map(|(i, _)| *i)
            .collect())
    }
}
