//! Whether migrations can be undone, and whether they fit tables with rows: every one is run up, down and up again on a
//! [shadow](ponte_pg::shadow) whose tables hold made-up rows, and schema and rows are compared each time.
//!
//! What DOWN leaves behind is named, with the statements that would have been missing; those come from the plan between what it left and what there
//! was before. A migration without DOWN has to say why, and so has one that loses rows. A statement that fails is told apart: one that
//! also fails without rows is an error of the file, one that fails because of them is a finding.

mod filling;
mod refusal;

use ponte_pg::shadow::{Likeness, LostRows, Replay, Rows, Shadow};
use ponte_schema::lint::announces_loss;
use ponte_schema::migration::plan::Direction;
use ponte_schema::migration::{Migration, MigrationSet, Revision};
use ponte_schema::model::{Access, Difference, Model, compare};
use ponte_schema::plan::{Request, Side, Style, plan};

use crate::diff::roles::Roles;
use crate::error::Result;
use crate::servers::{EMBEDDED_OWNER, Servers};
use filling::Filler;
pub use filling::Unfilled;
pub use refusal::Refusal;

/// How many rows a table gets where nobody says.
pub const ROWS_BY_DEFAULT: u64 = 20;

/// What became of one migration.
#[derive(Debug)]
pub struct Tried {
    /// Its number.
    pub revision: Revision,
    /// What its file is called beside the number.
    pub name: String,
    /// The file.
    pub file: String,
    /// What happened on the way.
    pub outcome: Outcome,
    /// Why it was tried on empty tables, where the file asks for that.
    pub without_rows: Option<String>,
    /// Tables that no rows could be made for; each is told once.
    pub unfilled: Vec<Unfilled>,
}

/// What happened on the way up, down and up again.
#[derive(Debug)]
pub enum Outcome {
    /// Down leads back, and up leads to the same again.
    Returned,
    /// The file says that there is no way back, and why.
    Irreversible(String),
    /// There is no DOWN part, and nothing says that there cannot be one.
    NoDown,
    /// DOWN ran and left something.
    Left {
        /// What differs from before UP: there before, there now.
        differences: Vec<Difference>,
        /// The statements that would lead back from there.
        missing: String,
    },
    /// UP after DOWN made something else than the first time.
    Otherwise(Vec<Difference>),
    /// A statement fails on rows, and not without them.
    Refused(Box<Refusal>),
    /// Rows, or values of them, are not there any more, and nothing says that this is meant.
    LosesRows(Vec<LostRows>),
}

impl Outcome {
    /// Whether there is nothing to correct.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Returned | Self::Irreversible(_))
    }
}

/// Tries the migrations that `wanted` picks, on the newest version of PostgreSQL that this machine has, with so many rows in each table.
///
/// # Errors
/// A statement that fails without rows, in either direction, where it stands; what keeps the shadow from starting.
pub async fn try_out(
    servers: &Servers,
    files: &MigrationSet,
    wanted: impl Fn(&Migration) -> bool,
    rows: u64,
) -> Result<Vec<Tried>> {
    let roles = Roles::of(files);
    let like = Likeness {
        role: EMBEDDED_OWNER.to_owned(),
        roles: roles.named.difference(&roles.made).cloned().collect(),
        search_path: None,
    };
    let mut shadow = Shadow::start(servers.newest_binaries()?, &like).await?;
    let outcome = try_all(&mut shadow, files, wanted, rows).await;
    let left = shadow.leave().await;
    let outcome = outcome?;
    left?;
    Ok(outcome)
}

async fn try_all(
    shadow: &mut Shadow,
    files: &MigrationSet,
    wanted: impl Fn(&Migration) -> bool,
    rows: u64,
) -> Result<Vec<Tried>> {
    let replay = shadow.replay().await?;
    let mut trial = Trial {
        shadow,
        files,
        replay,
        filler: Filler::new(rows),
        before: None,
    };
    let mut tried = Vec::new();
    for migration in files.iter() {
        if wanted(migration) {
            tried.push(trial.tried(migration).await?);
        } else {
            trial.replay.up(files, Some(&migration.revision)).await?;
        }
        trial.before = Some(&migration.revision);
    }
    Ok(tried)
}

/// The shadow on its way through the files.
struct Trial<'a> {
    shadow: &'a mut Shadow,
    files: &'a MigrationSet,
    replay: Replay,
    filler: Filler,
    /// The last migration that is applied.
    before: Option<&'a Revision>,
}

/// Two schemas and the rows in them: before UP, and after it.
struct Seen {
    before: Side,
    rows_before: Rows,
    first: Model,
    rows_first: Rows,
}

impl Trial<'_> {
    async fn tried(&mut self, migration: &Migration) -> Result<Tried> {
        if migration.without_rows.is_some() && self.filler.has_filled() {
            self.replay = self.afresh(self.before).await?;
        }
        let is_filled = migration.without_rows.is_none();
        let outcome = self.round_trip(migration, is_filled).await?;
        if matches!(outcome, Outcome::Left { .. } | Outcome::Refused(_)) {
            // What was left is in the way of the next UP.
            self.replay = self.afresh(Some(&migration.revision)).await?;
        }
        Ok(Tried {
            revision: migration.revision.clone(),
            name: migration.name.clone(),
            file: migration.up.file().to_owned(),
            outcome,
            without_rows: migration.without_rows.clone(),
            unfilled: self.filler.take_unfilled(),
        })
    }

    async fn round_trip(&mut self, migration: &Migration, is_filled: bool) -> Result<Outcome> {
        let to = Some(&migration.revision);
        let before = self.replay.side().await?;
        let rows_before = self.fill(is_filled, None).await?;
        if let Err(error) = self.replay.up(self.files, to).await {
            return self.refused(migration, Step::Up, error).await;
        }
        if migration.down.is_none() {
            return Ok(match &migration.irreversible {
                Some(reason) => Outcome::Irreversible(reason.clone()),
                None => Outcome::NoDown,
            });
        }
        let first = self.replay.model().await?;
        let rows_first = self.fill(is_filled, Some((&before.model, &first))).await?;
        let seen = Seen {
            before,
            rows_before,
            first,
            rows_first,
        };
        if let Err(error) = self.replay.down(self.files).await {
            return self.refused(migration, Step::Down, error).await;
        }
        let after = self.replay.side().await?;
        let differences = compare(&seen.before.model, &after.model, Access::Compared);
        // What is left on purpose must not be in the way of a second time.
        if !differences.is_empty() && migration.irreversible.is_none() {
            return Ok(Outcome::Left {
                missing: missing(&after, &seen.before),
                differences,
            });
        }
        let is_left = !differences.is_empty();
        let rows_down = self.replay.rows().await?;
        if let Err(error) = self.replay.up(self.files, to).await {
            return self.refused(migration, Step::Again, error).await;
        }
        let differences = compare(&seen.first, &self.replay.model().await?, Access::Compared);
        if !differences.is_empty() {
            return Ok(Outcome::Otherwise(differences));
        }
        let rows_again = self.replay.rows().await?;
        Ok(ended(migration, is_left, lost(&seen, &rows_down, &rows_again)))
    }

    /// Lets empty tables, and those in which something has changed, have rows; tells what stands in all of them then.
    async fn fill(&mut self, is_filled: bool, change: Option<(&Model, &Model)>) -> Result<Rows> {
        let rows = self.replay.rows().await?;
        if !is_filled || !self.filler.fill(self.replay.session(), &rows, change).await? {
            return Ok(rows);
        }
        Ok(self.replay.rows().await?)
    }

    /// A new database with the migrations up to this one, without made-up rows.
    async fn afresh(&mut self, to: Option<&Revision>) -> Result<Replay> {
        let mut replay = self.shadow.replay().await?;
        if to.is_some() {
            replay.up(self.files, to).await?;
        }
        Ok(replay)
    }

    /// Whether it is the rows that a statement fails on: then it runs on a database that has none.
    async fn refused(
        &mut self,
        migration: &Migration,
        step: Step,
        error: ponte_pg::Error,
    ) -> Result<Outcome> {
        if !self.filler.has_filled() {
            return Err(error.into());
        }
        let mut empty = self.afresh(Some(&migration.revision)).await?;
        if step != Step::Up {
            empty.down(self.files).await?;
        }
        if step == Step::Again {
            empty.up(self.files, Some(&migration.revision)).await?;
        }
        let direction = match step {
            Step::Down => Direction::Down,
            Step::Up | Step::Again => Direction::Up,
        };
        match Refusal::of(migration, direction, &error, &self.replay).await {
            Some(refusal) => Ok(Outcome::Refused(Box::new(refusal))),
            None => Err(error.into()),
        }
    }
}

/// Where on the way something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Up,
    Down,
    Again,
}

/// What is said of a migration whose schema leads back.
fn ended(migration: &Migration, is_left: bool, lost: Vec<LostRows>) -> Outcome {
    let is_marked = announces_loss(migration);
    match &migration.irreversible {
        Some(reason) if is_left || !lost.is_empty() => Outcome::Irreversible(reason.clone()),
        None if !lost.is_empty() && !is_marked => Outcome::LosesRows(lost),
        _ => Outcome::Returned,
    }
}

/// What is gone of the rows from before UP once DOWN has run, or else what is gone of them and of newer ones once UP has run again; in the
/// tables and columns that were there all along.
fn lost(seen: &Seen, down: &Rows, again: &Rows) -> Vec<LostRows> {
    let lost = seen.rows_before.lost_in(down);
    if !lost.is_empty() {
        return lost;
    }
    seen.rows_first.within(&seen.rows_before).lost_in(again)
}

fn missing(after: &Side, before: &Side) -> String {
    let request = Request {
        role: EMBEDDED_OWNER.to_owned(),
        access: Access::Compared,
        style: Style::Plain,
    };
    plan(after, before, &request).to_sql()
}
