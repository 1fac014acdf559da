//! Whether a database is what its migrations say.
//!
//! The migrations that the database's history records are replayed on a [shadow](ponte_pg::shadow), both are read, and whatever differs is
//! named with the file that should have made it: the shadow is then asked a second time, file by file. The database itself is only read.

use std::collections::BTreeMap;

use ponte_pg::migrate::Migrator;
use ponte_pg::shadow::{Likeness, Shadow};
use ponte_pg::{Session, catalog};
use ponte_schema::adopt::{leave_out_books, leave_out_history};
use ponte_schema::migration::plan::{self, Standing};
use ponte_schema::migration::{Applied, MigrationSet, RepeatableStanding, Repeated};
use ponte_schema::model::{Access, Difference, Model, ObjectId, compare};

use crate::error::{Error, ErrorKind, Result};
use crate::servers::Servers;

/// Something that is not as the migrations say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What differs.
    pub difference: Difference,
    /// The migration that touched the object last; nothing where none did.
    pub file: Option<String>,
}

/// What a comparison found.
#[derive(Debug)]
pub struct Verified {
    /// Everything that differs.
    pub drifts: Vec<Drift>,
    /// Migrations whose files have another content than what was applied.
    pub changed_files: Vec<String>,
    /// How many migrations were replayed.
    pub replayed: usize,
    /// How many files are not applied yet.
    pub pending: usize,
    /// Whether owners and privileges were compared.
    pub access: Access,
    /// Objects of the database whose kinds are not compared, by the name of the kind.
    pub not_compared: BTreeMap<String, u64>,
}

impl Verified {
    /// Whether the database is what its migrations say.
    pub fn ok(&self) -> bool {
        self.drifts.is_empty() && self.changed_files.is_empty()
    }
}

/// Compares the database of `session` with its own history. Owners and privileges count where `access` says so, or where a migration
/// sets any.
///
/// # Errors
/// `verify.history` where the history cannot be replayed, `shadow.extension`, one of the `embedded.…` kinds where there is no server of the
/// database's major version on this machine, and what the servers answer.
pub async fn verify(
    servers: &Servers,
    migrator: &Migrator,
    session: &Session,
    files: &MigrationSet,
    access: Option<Access>,
) -> Result<Verified> {
    let history = migrator.applied().await?;
    let repeated = migrator.repeated().await?;
    let applied = replayable(files, &history, &repeated)?;
    let proof = replay_and_compare(servers, (migrator, session), &applied, access).await?;
    let status = plan::status(files, &history);
    let changed = status
        .applied
        .iter()
        .filter(|(_, standing)| *standing == Standing::Changed);
    let changed_repeatables = applied
        .repeatables()
        .iter()
        .filter(|file| file.standing(&repeated) == RepeatableStanding::Changed);
    Ok(Verified {
        drifts: proof.drifts,
        changed_files: changed
            .map(|(row, _)| plan::label(&row.revision, &row.name))
            .chain(changed_repeatables.map(|file| file.script.file().to_owned()))
            .collect(),
        replayed: applied.iter().count(),
        pending: status.pending.len(),
        access: proof.access,
        not_compared: proof.not_compared,
    })
}

/// What a replay of some files has shown about a database.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) drifts: Vec<Drift>,
    pub(crate) access: Access,
    pub(crate) not_compared: BTreeMap<String, u64>,
}

/// Runs all of these files on a shadow of the session's database, and compares what they make with it. The tables in which
/// other migration tools keep their books belong to no file, and are left out.
pub(crate) async fn replay_and_compare(
    servers: &Servers,
    (migrator, session): (&Migrator, &Session),
    applied: &MigrationSet,
    access: Option<Access>,
) -> Result<Proof> {
    let mut live = catalog::read(session).await?;
    leave_out_history(&mut live, migrator.history_schema());
    let like = Likeness::of(session).await?;
    let binaries = servers.binaries_of(session.server_version_num() / 10_000)?;
    let mut shadow = Shadow::start(binaries, &like).await?;
    let outcome = against(&mut shadow, &mut live, applied, access).await;
    let left = shadow.leave().await;
    let (drifts, access) = outcome?;
    left?;
    Ok(Proof {
        drifts,
        access,
        not_compared: live.unmodelled,
    })
}

/// The files of what is applied.
fn replayable(files: &MigrationSet, history: &[Applied], repeated: &[Repeated]) -> Result<MigrationSet> {
    let status = plan::status(files, history);
    if let Some(row) = status.unfinished {
        let label = plan::label(&row.revision, &row.name);
        return Err(Error::new(
            ErrorKind::VerifyHistory,
            format!("cannot compare: {label} was left half done"),
        )
        .hint("finish it first: ponte migrate up, or ponte migrate down where it was being undone"));
    }
    let missing = status
        .applied
        .iter()
        .find(|(_, standing)| *standing == Standing::Missing);
    if let Some((row, _)) = missing {
        let label = plan::label(&row.revision, &row.name);
        return Err(Error::new(
            ErrorKind::VerifyHistory,
            format!("cannot replay {label}: it is applied, and its file is missing"),
        )
        .hint("bring the file back from version control"));
    }
    let applied = status.applied.iter().map(|(row, _)| &row.revision);
    let repeated: Vec<&str> = repeated.iter().map(|row| row.name.as_str()).collect();
    Ok(files.only(applied).only_repeatables(&repeated))
}

async fn against(
    shadow: &mut Shadow,
    live: &mut Model,
    applied: &MigrationSet,
    access: Option<Access>,
) -> Result<(Vec<Drift>, Access)> {
    shadow.require_extensions(live).await?;
    let mut replay = shadow.replay().await?;
    replay.up(applied, None).await?;
    let expected = replay.model().await?;
    leave_out_books(live, &expected);
    let managed = if expected.sets_privileges() {
        Access::Compared
    } else {
        Access::Ignored
    };
    let access = access.unwrap_or(managed);
    let differences = compare(&expected, live, access);
    if differences.is_empty() {
        return Ok((Vec::new(), access));
    }
    let makers = makers(shadow, applied).await?;
    let with_file = |difference: Difference| Drift {
        file: makers.get(&difference.object).cloned(),
        difference,
    };
    Ok((differences.into_iter().map(with_file).collect(), access))
}

/// Which file touched each object last: the files are run once more, and the database is looked at after each.
async fn makers(shadow: &mut Shadow, applied: &MigrationSet) -> Result<BTreeMap<ObjectId, String>> {
    let mut replay = shadow.replay().await?;
    let mut before = replay.model().await?;
    let mut makers = BTreeMap::new();
    for migration in applied.iter() {
        replay.up(applied, Some(&migration.revision)).await?;
        let after = replay.model().await?;
        for difference in compare(&before, &after, Access::Compared) {
            makers.insert(difference.object, migration.up.file().to_owned());
        }
        let parts = after
            .objects
            .keys()
            .filter(|id| !before.objects.contains_key(*id));
        makers.extend(parts.map(|id| (id.clone(), migration.up.file().to_owned())));
        before = after;
    }
    Ok(makers)
}
