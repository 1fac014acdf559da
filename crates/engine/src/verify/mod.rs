//! Whether a database is what its migrations say.
//!
//! The migrations that the database's history records are replayed on a [shadow](ponte_pg::shadow), both are read, and whatever differs is
//! named with the file that should have made it. The database itself is only read. What takes time on both sides is done side by side: the
//! database is read while the shadow starts.

mod ignored;
mod journal;
mod makers;
mod oracle;

use std::collections::BTreeMap;

use ponte_pg::blame::{self, Journal};
use ponte_pg::migrate::Migrator;
use ponte_pg::shadow::{Likeness, Replay, Shadow};
use ponte_pg::{Session, catalog};
use ponte_schema::adopt::{leave_out_books, leave_out_history};
use ponte_schema::migration::plan::{self, Standing};
use ponte_schema::migration::{Applied, MigrationSet, RepeatableStanding, Repeated};
use ponte_schema::model::{self, Access, Change, Difference, Model, ObjectId, Pattern, compare};

pub use ignored::Ignored;
pub use journal::{install_journal, remove_journal};
use makers::Makers;
use oracle::Oracle;
pub use oracle::SecondOpinion;

use crate::error::{Error, ErrorKind, Result};
use crate::reprinted::without_reprinted;
use crate::servers::Servers;

/// Something that is not as the migrations say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What differs.
    pub difference: Difference,
    /// The migration that touched the object last; nothing where none did.
    pub file: Option<String>,
    /// What the difference comes from most likely, where a journal of changes is kept.
    pub change: Option<Change>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Whether owners and privileges count; where nothing is said, they do if a migration sets any.
    pub access: Option<Access>,
    /// What is left out.
    pub ignore: &'a [Pattern],
    /// Whether pg_dump is asked too.
    pub second_opinion: bool,
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
    /// What each pattern has left out.
    pub ignored: Vec<Ignored>,
    /// What pg_dump says, where it was asked.
    pub second_opinion: Option<SecondOpinion>,
    /// Whether there is a journal of changes that this role may not read.
    pub journal_is_closed: bool,
}

impl Verified {
    /// Whether the database is what its migrations say.
    pub fn ok(&self) -> bool {
        let agreed = self
            .second_opinion
            .as_ref()
            .is_none_or(|said| said.differences.is_empty());
        self.drifts.is_empty() && self.changed_files.is_empty() && agreed
    }
}

/// Compares the database of `session` with its own history.
///
/// # Errors
/// `verify.history` where the history cannot be replayed, `verify.dump` where pg_dump cannot say anything, `shadow.extension`, one of the `embedded.…` kinds where there is no server of the
/// database's major version on this machine, and what the servers answer.
pub async fn verify(
    servers: &Servers,
    migrator: &Migrator,
    session: &Session,
    files: &MigrationSet,
    wanted: Wanted<'_>,
) -> Result<Verified> {
    let history = migrator.applied().await?;
    let repeated = migrator.repeated().await?;
    let applied = replayable(files, &history, &repeated)?;
    let proof = replay_and_compare(servers, (migrator, session), &applied, wanted).await?;
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
        ignored: proof.ignored,
        second_opinion: proof.second_opinion,
        journal_is_closed: proof.journal_is_closed,
    })
}

/// What a replay of some files has shown about a database.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) drifts: Vec<Drift>,
    pub(crate) access: Access,
    pub(crate) not_compared: BTreeMap<String, u64>,
    ignored: Vec<Ignored>,
    second_opinion: Option<SecondOpinion>,
    journal_is_closed: bool,
}

/// Runs all of these files on a shadow of the session's database, and compares what they make with it. The tables in which
/// other migration tools keep their books belong to no file, and are left out.
pub(crate) async fn replay_and_compare(
    servers: &Servers,
    (migrator, session): (&Migrator, &Session),
    applied: &MigrationSet,
    wanted: Wanted<'_>,
) -> Result<Proof> {
    let oracle = match wanted.second_opinion {
        true => Some(Oracle::find(servers, migrator, session).await?),
        false => None,
    };
    let like = Likeness::of(session).await?;
    let binaries = servers.binaries_of(session.server_version_num() / 10_000)?;
    let (live, shadow) = tokio::join!(catalog::read(session), Shadow::start(binaries, &like));
    let mut shadow = shadow?;
    let comparison = Comparison {
        session,
        shadow: &mut shadow,
        applied,
        wanted,
        oracle,
    };
    let outcome = comparison.run(live, migrator.history_schema()).await;
    let left = shadow.leave().await;
    let proof = outcome?;
    left?;
    Ok(proof)
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

/// A database that has been read, and the shadow that tells what it should be.
struct Comparison<'a> {
    session: &'a Session,
    shadow: &'a mut Shadow,
    applied: &'a MigrationSet,
    wanted: Wanted<'a>,
    oracle: Option<Oracle<'a>>,
}

impl Comparison<'_> {
    async fn run(self, live: ponte_pg::Result<Model>, history_schema: &str) -> Result<Proof> {
        let mut live = live?;
        let before = live.clone();
        leave_out_history(&mut live, history_schema);
        self.shadow.require_extensions(&live).await?;
        let mut replay = self.shadow.replay().await?;
        replay.up(self.applied, None).await?;
        let expected = replay.model().await?;
        leave_out_books(&mut live, &expected);
        let access = self.wanted.access.unwrap_or(managed_access(&expected));
        let found = compare(&expected, &live, access);
        let found = without_reprinted(&replay, &expected, found).await?;
        let aside = ignored::set_aside(self.wanted.ignore, found, [&expected, &live]);
        let second_opinion = match &self.oracle {
            Some(oracle) => {
                let books = before.objects.keys().filter(|id| !live.objects.contains_key(*id));
                let left_out: Vec<ObjectId> = books.chain(&aside.objects).cloned().collect();
                Some(oracle.ask(&replay, access, left_out).await?)
            }
            None => None,
        };
        let journal = match aside.kept.is_empty() {
            true => Journal::None,
            false => blame::read(self.session).await?,
        };
        let mut drifts = self.with_files(&replay, &expected, aside.kept).await?;
        if let Journal::Read(changes) = &journal {
            for drift in &mut drifts {
                drift.change = model::blame(changes, &drift.difference.object).cloned();
            }
        }
        Ok(Proof {
            drifts,
            journal_is_closed: journal == Journal::Closed,
            access,
            not_compared: live.unmodelled,
            ignored: aside.ignored,
            second_opinion,
        })
    }

    async fn with_files(
        self,
        replay: &Replay,
        expected: &Model,
        differences: Vec<Difference>,
    ) -> Result<Vec<Drift>> {
        if differences.is_empty() {
            return Ok(Vec::new());
        }
        let mut makers = Makers::of_objects(replay, self.applied).await?;
        let gone = differences
            .iter()
            .map(|difference| &difference.object)
            .filter(|object| !expected.objects.contains_key(*object));
        let gone: Vec<&ObjectId> = gone.collect();
        makers.add_dropped(self.shadow, self.applied, &gone).await?;
        let with_file = |difference: Difference| Drift {
            file: makers.of(&difference.object, expected).map(str::to_owned),
            change: None,
            difference,
        };
        Ok(differences.into_iter().map(with_file).collect())
    }
}

/// Owners and privileges belong to the migrations where one of them sets any.
fn managed_access(expected: &Model) -> Access {
    if expected.sets_privileges() {
        Access::Compared
    } else {
        Access::Ignored
    }
}
