//! Whether migrations can be undone: every one is run up, down and up again on a [shadow](ponte_pg::shadow), and the schema is compared each time.
//!
//! What DOWN leaves behind is named, with the statements that would have been missing; those come from the plan between what it left and what there
//! was before. A migration without DOWN has to say why.

use ponte_pg::shadow::{Likeness, Replay, Shadow};
use ponte_schema::migration::{Migration, MigrationSet, Revision};
use ponte_schema::model::{Access, Difference, compare};
use ponte_schema::plan::{Request, Side, Style, plan};

use crate::diff::roles::Roles;
use crate::error::Result;
use crate::servers::{EMBEDDED_OWNER, Servers};

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
}

impl Outcome {
    /// Whether there is nothing to correct.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Returned | Self::Irreversible(_))
    }
}

/// Tries the migrations that `wanted` picks, on the newest version of PostgreSQL that this machine has.
///
/// # Errors
/// A statement that fails, in either direction, where it stands; what keeps the shadow from starting.
pub async fn try_out(
    servers: &Servers,
    files: &MigrationSet,
    wanted: impl Fn(&Migration) -> bool,
) -> Result<Vec<Tried>> {
    let roles = Roles::of(files);
    let like = Likeness {
        role: EMBEDDED_OWNER.to_owned(),
        roles: roles.named.difference(&roles.made).cloned().collect(),
        search_path: None,
    };
    let mut shadow = Shadow::start(servers.newest_binaries()?, &like).await?;
    let outcome = try_all(&mut shadow, files, wanted).await;
    let left = shadow.leave().await;
    let outcome = outcome?;
    left?;
    Ok(outcome)
}

async fn try_all(
    shadow: &mut Shadow,
    files: &MigrationSet,
    wanted: impl Fn(&Migration) -> bool,
) -> Result<Vec<Tried>> {
    let mut replay = shadow.replay().await?;
    let mut tried = Vec::new();
    for migration in files.iter() {
        if !wanted(migration) {
            replay.up(files, Some(&migration.revision)).await?;
            continue;
        }
        let outcome = round_trip(&mut replay, files, migration).await?;
        if matches!(outcome, Outcome::Left { .. }) {
            // What was left is in the way of the next UP.
            replay = shadow.replay().await?;
            replay.up(files, Some(&migration.revision)).await?;
        }
        tried.push(Tried {
            revision: migration.revision.clone(),
            name: migration.name.clone(),
            file: migration.up.file().to_owned(),
            outcome,
        });
    }
    Ok(tried)
}

async fn round_trip(replay: &mut Replay, files: &MigrationSet, migration: &Migration) -> Result<Outcome> {
    let before = replay.side().await?;
    replay.up(files, Some(&migration.revision)).await?;
    if migration.down.is_none() {
        return Ok(match &migration.irreversible {
            Some(reason) => Outcome::Irreversible(reason.clone()),
            None => Outcome::NoDown,
        });
    }
    let first = replay.model().await?;
    replay.down(files).await?;
    let after = replay.side().await?;
    let differences = compare(&before.model, &after.model, Access::Compared);
    // What is left on purpose must not be in the way of a second time.
    let meant = migration
        .irreversible
        .as_ref()
        .filter(|_| !differences.is_empty());
    if !differences.is_empty() && meant.is_none() {
        return Ok(Outcome::Left {
            differences,
            missing: missing(&after, &before),
        });
    }
    replay.up(files, Some(&migration.revision)).await?;
    let differences = compare(&first, &replay.model().await?, Access::Compared);
    Ok(match meant {
        _ if !differences.is_empty() => Outcome::Otherwise(differences),
        Some(reason) => Outcome::Irreversible(reason.clone()),
        None => Outcome::Returned,
    })
}

fn missing(after: &Side, before: &Side) -> String {
    let request = Request {
        role: EMBEDDED_OWNER.to_owned(),
        access: Access::Compared,
        style: Style::Plain,
    };
    plan(after, before, &request).to_sql()
}
