//! What is dangerous in migrations that are about to be applied.
//!
//! The migrations before them are replayed on a [shadow](ponte_pg::shadow); then each is run there under a [witness](ponte_pg::observe), and
//! the rules of [`ponte_schema::lint`] say what they think of it. Where a live database is given, its history says which files are
//! pending, and the sizes of its tables how much a finding matters. It is only read.

use std::collections::BTreeSet;

use ponte_pg::Session;
use ponte_pg::migrate::Migrator;
use ponte_pg::observe::Live;
use ponte_pg::shadow::{Likeness, Shadow};
use ponte_schema::lint::statement::roles_named_in;
use ponte_schema::lint::{Finding, Known, Observations, Past, Sizes, lint as judge};
use ponte_schema::migration::plan::{self, Standing};
use ponte_schema::migration::{Applied, Migration, MigrationSet, Revision};

use crate::error::{Error, ErrorKind, Result};
use crate::servers::Servers;

/// Which files are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// What is pending in the live database, or all where there is none.
    Pending,
    /// Those with a higher number.
    After(Revision),
    /// These.
    These(BTreeSet<Revision>),
}

/// A live database, for its history and its sizes.
pub struct Database<'a> {
    /// Reads the history.
    pub migrator: &'a Migrator,
    /// Reads everything else.
    pub session: &'a Session,
}

/// What was found.
#[derive(Debug)]
pub struct Linted {
    /// In the order of the files.
    pub findings: Vec<Finding>,
    /// How many migrations were looked at.
    pub migrations: usize,
}

/// Looks at files. Without `observe` no server is started, and the words alone have to do.
///
/// # Errors
/// `migrate.failed` where a statement does not run on the shadow, `migrate.unknown_revision`, one of the `embedded.…` kinds where there is no
/// server on this machine, and what the servers answer.
pub async fn lint(
    servers: &Servers,
    files: &MigrationSet,
    chosen: &Chosen,
    database: Option<Database<'_>>,
    observe: bool,
) -> Result<Linted> {
    let history = match &database {
        Some(database) => database.migrator.applied().await?,
        None => Vec::new(),
    };
    let looked_at = chosen_of(files, chosen, &history)?;
    let live = match &database {
        Some(database) => Some(Live::read(database.session).await?),
        None => None,
    };
    let seen = if observe && !looked_at.is_empty() {
        let session = database.as_ref().map(|database| database.session);
        Some(witnessed(servers, files, &looked_at, session, live.as_ref()).await?)
    } else {
        None
    };
    let sizes = live.as_ref().map(|live| &live.sizes);
    Ok(Linted {
        migrations: looked_at.len(),
        findings: judged(files, &looked_at, &history, seen.as_deref(), sizes),
    })
}

fn judged(
    files: &MigrationSet,
    looked_at: &[&Migration],
    history: &[Applied],
    seen: Option<&[Observations]>,
    sizes: Option<&Sizes>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, migration) in looked_at.iter().enumerate() {
        findings.extend(judge(Known {
            migration,
            observed: seen.and_then(|seen| seen.get(index)),
            sizes,
            past: past(files, history, migration).as_ref(),
        }));
    }
    findings
}

/// In the order of their numbers.
fn chosen_of<'f>(
    files: &'f MigrationSet,
    chosen: &Chosen,
    history: &[Applied],
) -> Result<Vec<&'f Migration>> {
    match chosen {
        Chosen::Pending => {
            let status = plan::status(files, history);
            // What was applied and says something else now is as interesting as what is to come.
            let changed = status
                .applied
                .iter()
                .filter(|(_, standing)| *standing == Standing::Changed);
            let changed = changed.filter_map(|(row, _)| files.get(&row.revision));
            let mut all: Vec<&Migration> = status.pending.iter().copied().chain(changed).collect();
            all.sort_by(|a, b| a.revision.cmp(&b.revision));
            Ok(all)
        }
        Chosen::After(base) => {
            let is_zero = base.as_str().bytes().all(|digit| digit == b'0');
            if !is_zero && files.get(base).is_none() {
                return Err(Error::new(
                    ErrorKind::Pg(ponte_pg::ErrorKind::Migrate(
                        ponte_schema::migration::Problem::UnknownRevision,
                    )),
                    format!("cannot begin after {base}: no file has that number"),
                )
                .hint("list them: ponte migrate status"));
            }
            Ok(files.iter().filter(|file| file.revision > *base).collect())
        }
        Chosen::These(revisions) => Ok(files
            .iter()
            .filter(|file| revisions.contains(&file.revision))
            .collect()),
    }
}

fn past(files: &MigrationSet, history: &[Applied], migration: &Migration) -> Option<Past> {
    let status = plan::status(files, history);
    let newest = status.applied.last().map(|(row, _)| &row.revision)?;
    let applied = status
        .applied
        .iter()
        .find(|(row, _)| row.revision == migration.revision);
    match applied {
        Some((_, Standing::Changed)) => Some(Past::Changed),
        Some(_) => None,
        None if migration.revision < *newest => Some(Past::Late(newest.clone())),
        None => None,
    }
}

/// What the files do on a shadow that holds what comes before them.
pub(crate) async fn witnessed(
    servers: &Servers,
    files: &MigrationSet,
    looked_at: &[&Migration],
    session: Option<&Session>,
    live: Option<&Live>,
) -> Result<Vec<Observations>> {
    let (binaries, like) = match session {
        Some(session) => (
            servers.binaries_of(session.server_version_num() / 10_000)?,
            Likeness::of(session).await?,
        ),
        None => (
            servers.newest_binaries()?,
            Likeness::unknown(roles_named_in(files)),
        ),
    };
    let mut shadow = Shadow::start(binaries, &like).await?;
    let outcome = on(&mut shadow, files, looked_at, live).await;
    let left = shadow.leave().await;
    let seen = outcome?;
    left?;
    Ok(seen)
}

async fn on(
    shadow: &mut Shadow,
    files: &MigrationSet,
    looked_at: &[&Migration],
    live: Option<&Live>,
) -> Result<Vec<Observations>> {
    let mut replay = shadow.replay().await?;
    let first = looked_at.first().map(|migration| &migration.revision);
    let before = files
        .iter()
        .filter(|file| first.is_some_and(|first| file.revision < *first));
    let before: Vec<&Revision> = before.map(|file| &file.revision).collect();
    if !before.is_empty() {
        replay.up(&files.only(before), None).await?;
    }
    let witness = replay.witness(live.map(|live| live.time_zone.as_str())).await?;
    let last = looked_at.last().map(|migration| &migration.revision);
    let mut seen = Vec::new();
    for file in files.iter() {
        if first.is_none_or(|first| file.revision < *first) || last.is_none_or(|last| file.revision > *last) {
            continue;
        }
        let observations = witness.watch(&file.up).await?;
        if looked_at.iter().any(|wanted| wanted.revision == file.revision) {
            seen.push(observations);
        }
    }
    Ok(seen)
}
