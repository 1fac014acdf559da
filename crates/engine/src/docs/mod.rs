//! Documentation of a schema: read from a database or from migrations, written into a directory.

mod between;

use std::collections::BTreeMap;
use std::path::Path;

use ponte_pg::Session;
use ponte_pg::catalog::{self, Sizes};
use ponte_pg::embedded::SUPERUSER;
use ponte_pg::shadow::{Likeness, Shadow};
use ponte_schema::docs::{Description, Format, render};
use ponte_schema::migration::MigrationSet;
use ponte_schema::model::{Kind, Model};

use crate::diff::roles::Roles;
use crate::error::{Error, ErrorKind, Result};
use crate::servers::Servers;
pub use between::{changes, version};

/// The list of the files that were written, so that the next run can take away what is no longer told.
const LIST: &str = ".ponte-docs";

/// A schema as it was read.
#[derive(Debug)]
pub struct Told {
    model: Model,
    description: Description,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// How many files there are now.
    pub files: usize,
    /// How many of an earlier run were taken away.
    pub removed: usize,
    /// How many tables they tell of, with partitions.
    pub tables: usize,
}

/// Reads the schema of a database.
///
/// # Errors
/// Whatever the server answers.
pub async fn of_database(session: &Session, sizes: Sizes) -> Result<Told> {
    Ok(Told {
        model: catalog::read(session).await?,
        description: catalog::describe(session, sizes).await?,
    })
}

/// Reads the schema that migrations make on a server of our own, which knows the roles of `like` where there is a database.
///
/// # Errors
/// One of the `embedded.…` kinds, and what the migrations fail with.
pub async fn of_migrations(servers: &Servers, files: &MigrationSet, like: Option<&Session>) -> Result<Told> {
    let roles = Roles::of(files);
    let named: Vec<String> = roles.named.difference(&roles.made).cloned().collect();
    let (binaries, mut likeness) = match like {
        Some(session) => {
            let major = session.server_version_num() / 10_000;
            (servers.binaries_of(major)?, Likeness::of(session).await?)
        }
        None => {
            let superuser = Likeness {
                role: SUPERUSER.to_owned(),
                roles: Vec::new(),
                search_path: None,
            };
            (servers.newest_binaries()?, superuser)
        }
    };
    // Statements may name roles that no server has yet.
    likeness.roles.extend(named);
    likeness.roles.sort();
    likeness.roles.dedup();
    let mut shadow = Shadow::start(binaries, &likeness).await?;
    let told = replayed(&mut shadow, files).await;
    let left = shadow.leave().await;
    let told = told?;
    left?;
    Ok(told)
}

async fn replayed(shadow: &mut Shadow, files: &MigrationSet) -> Result<Told> {
    let mut replay = shadow.replay().await?;
    replay.up(files, None).await?;
    of_database(replay.session(), Sizes::LeftOut).await
}

/// Writes the documentation, and takes away files of an earlier run that are no longer part of it. Nothing else in the directory is touched.
///
/// # Errors
/// `docs.output`.
pub fn write(told: &Told, title: &str, format: Format, directory: &Path) -> Result<Written> {
    let pages = render(title, &told.model, &told.description, format);
    let removed = write_pages(&pages, directory).map_err(|e| unwritable(directory, e))?;
    Ok(Written {
        files: pages.len(),
        removed,
        tables: told
            .model
            .objects
            .keys()
            .filter(|id| id.kind == Kind::Table)
            .count(),
    })
}

/// Writes one page.
///
/// # Errors
/// `docs.output`.
pub fn write_page(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).map_err(|e| unwritable(file, e))
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::DocsOutput, "cannot write the documentation")
        .with("path", path.display())
        .hint("name a place that can be written with --out")
        .because(error)
}

fn write_pages(pages: &BTreeMap<String, String>, directory: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(directory)?;
    let list = directory.join(LIST);
    let before = std::fs::read_to_string(&list).unwrap_or_default();
    for (file, text) in pages {
        let path = directory.join(file);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    let is_inside = |file: &&str| !file.starts_with('/') && !file.split('/').any(|part| part == "..");
    let stale = before
        .lines()
        .filter(is_inside)
        .filter(|file| !pages.contains_key(*file));
    let removed = stale
        .filter(|file| std::fs::remove_file(directory.join(file)).is_ok())
        .count();
    let names: Vec<&str> = pages.keys().map(String::as_str).collect();
    std::fs::write(list, names.join("\n") + "\n")?;
    Ok(removed)
}
