//! Rows for a database to begin with: the project's seed files, and made-up rows.

use std::path::Path;

use ponte_pg::Session;
use ponte_pg::seed::files;
pub use ponte_pg::seed::{Filled, FilledTable, Filling, ROWS_BY_DEFAULT, Request};

use crate::error::Result;

/// What became of the seed files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Files that were applied, in order.
    pub applied: Vec<String>,
    /// Files among them that had been applied before, in another form.
    pub changed: Vec<String>,
    /// Files that were applied earlier and have not changed.
    pub unchanged: Vec<String>,
}

/// Applies the files of a directory in the order of their names; those that were applied and have not changed only if `again` says so.
///
/// # Errors
/// `seed.file`, `seed.failed`, and what the server answers.
pub async fn apply(session: &Session, directory: &Path, again: bool) -> Result<Seeded> {
    let files = files::read_directory(directory)?;
    let options = files::Options {
        again,
        release: env!("CARGO_PKG_VERSION"),
    };
    let mut seeded = Seeded::default();
    let mut tell = |file: &files::SeedFile, outcome| {
        let name = file.name().to_owned();
        match outcome {
            files::Outcome::Unchanged => seeded.unchanged.push(name),
            files::Outcome::Applied => seeded.applied.push(name),
            files::Outcome::Again => {
                seeded.changed.push(name.clone());
                seeded.applied.push(name);
            }
        }
    };
    files::apply(session, &files, options, &mut tell).await?;
    Ok(seeded)
}

/// Puts made-up rows into the tables of a database, in one transaction.
///
/// # Errors
/// `seed.unsatisfied`, naming table and constraint, `seed.unknown_table`, and what the server answers.
pub async fn fill(session: &Session, request: Request) -> Result<Filled> {
    Ok(ponte_pg::seed::fill(session, request).await?)
}

/// As many rows as the tables of another database have, as the request says it.
///
/// # Errors
/// Whatever that server answers.
pub async fn with_sizes_of(other: &Session, request: Request) -> Result<Request> {
    Ok(Request {
        sizes: ponte_pg::seed::sizes(other).await?,
        ..request
    })
}
