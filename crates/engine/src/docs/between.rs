//! What lies between two versions of a schema, for readers.

use std::path::Path;

use ponte_pg::shadow::Shadow;
use ponte_pg::{ConnectOptions, Session, catalog};
use ponte_schema::docs::changes::Changes;
use ponte_schema::migration::{MigrationSet, Problem, Revision};
use ponte_schema::model::Access;

use super::{Told, of_database, replayed};
use crate::diff::{Source, binaries, likeness, live};
use crate::error::{Error, ErrorKind, Result};
use crate::servers::Servers;

/// A version: a revision of the project's migrations, or whatever else has a schema.
///
/// # Errors
/// `migrate.unknown_revision`, `diff.source`, and what is wrong with the files.
pub fn version(text: &str, directory: &Path, files: impl FnOnce() -> Result<MigrationSet>) -> Result<Source> {
    let Some(revision) = Revision::parse(text).filter(|_| !directory.join(text).exists()) else {
        return Source::parse(text, directory);
    };
    let files = files()?;
    if files.get(&revision).is_none() {
        let unknown = ErrorKind::Pg(ponte_pg::ErrorKind::Migrate(Problem::UnknownRevision));
        return Err(
            Error::new(unknown, format!("no migration has the number {revision}"))
                .hint("list them: ponte migrate status"),
        );
    }
    let until = files
        .iter()
        .map(|file| &file.revision)
        .filter(|other| **other <= revision);
    Ok(Source::Files(files.only(until)))
}

/// What lies between two versions. Owners and privileges count where both are files.
///
/// # Errors
/// What is wrong with the files, what the servers answer.
pub async fn changes(servers: &Servers, old: &Source, new: &Source) -> Result<Changes> {
    let live = (live(servers, old).await?, live(servers, new).await?);
    let access = match (&live.0, &live.1) {
        (None, None) => Access::Compared,
        _ => Access::Ignored,
    };
    let binaries = binaries(servers, &live)?;
    let likes = likeness(old, new, &live);
    let mut shadow = Shadow::start(binaries.clone(), &likes.0).await?;
    // Files that make roles need a server each.
    let mut other = if likes.0.roles == likes.1.roles {
        None
    } else {
        Some(Shadow::start(binaries, &likes.1).await?)
    };
    let told = both(servers, (old, new), &mut shadow, other.as_mut()).await;
    let left = shadow.leave().await;
    if let Some(other) = other {
        other.leave().await?;
    }
    let (old, new) = told?;
    left?;
    Ok(Changes::between(
        (&old.model, &old.description),
        (&new.model, &new.description),
        access,
    ))
}

async fn both(
    servers: &Servers,
    (old, new): (&Source, &Source),
    shadow: &mut Shadow,
    other: Option<&mut Shadow>,
) -> Result<(Told, Told)> {
    let old = told(servers, old, shadow).await?;
    let new = told(servers, new, other.unwrap_or(shadow)).await?;
    Ok((old, new))
}

async fn told(servers: &Servers, source: &Source, shadow: &mut Shadow) -> Result<Told> {
    match source {
        Source::Files(files) => replayed(shadow, files).await,
        Source::Database(address) => {
            let conninfo = servers.conninfo(address).await?;
            let session = Session::connect(&conninfo, &ConnectOptions::new("ponte docs diff")).await?;
            of_database(&session, catalog::Sizes::LeftOut).await
        }
    }
}
