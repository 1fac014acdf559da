//! Writing the history without running anything.

use ponte_schema::migration::{Applied, MigrationSet, Problem, Revision};

use super::history::{self, Took};
use super::{Migrator, problem};
use crate::error::{During, Result};

/// What a stamp changed in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// Revisions that are recorded with the checksums their files have now.
    pub recorded: Vec<String>,
    /// Revisions that are no longer recorded.
    pub removed: Vec<String>,
}

/// All or nothing, in one transaction; `0` empties the history.
pub(super) async fn stamp(migrator: &Migrator, set: &MigrationSet, revision: &Revision) -> Result<Stamped> {
    let is_zero = revision.as_str().bytes().all(|b| b == b'0');
    if set.get(revision).is_none() && !is_zero {
        return Err(problem(
            Problem::UnknownRevision,
            format!("cannot stamp revision {revision}: no file has that number"),
        )
        .hint("list them: ponte migrate status"));
    }
    let options = &migrator.options;
    let took = Took::Measured(std::time::Duration::ZERO);
    let above: Vec<_> = history::read(&migrator.session, &migrator.options)
        .await?
        .into_iter()
        .filter(|row| row.revision > *revision)
        .collect();
    let upto: Vec<_> = set.iter().filter(|file| file.revision <= *revision).collect();

    let client = migrator.session.client();
    let what = || "write the migration history".to_owned();
    client.batch_execute("BEGIN").await.during(what)?;
    for row in &above {
        let sql = history::record_down(&row.revision, "unstamp", took, options);
        client.batch_execute(sql.as_str()).await.during(what)?;
    }
    for file in &upto {
        let sql = history::record_up(file, "stamp", took, options);
        client.batch_execute(sql.as_str()).await.during(what)?;
    }
    client.batch_execute("COMMIT").await.during(what)?;
    Ok(Stamped {
        recorded: upto.iter().map(|file| file.revision.to_string()).collect(),
        removed: above.iter().map(|row| row.revision.to_string()).collect(),
    })
}

/// Whether the history says already that exactly these are applied. One that says anything else is an error.
pub(super) fn says_the_same(there: &[Applied], set: &MigrationSet, revisions: &[Revision]) -> Result<bool> {
    if there.is_empty() && !revisions.is_empty() {
        return Ok(false);
    }
    let is_known = |row: &Applied| {
        let file = set.get(&row.revision);
        revisions.contains(&row.revision)
            && file.is_some_and(|file| file.checksum_tokens == row.checksum_tokens)
    };
    if there.len() == revisions.len() && there.iter().all(is_known) {
        Ok(true)
    } else {
        Err(taken(there.len()))
    }
}

/// Records exactly these as applied in an empty history, all or nothing.
pub(super) async fn take_over(migrator: &Migrator, set: &MigrationSet, revisions: &[Revision]) -> Result<()> {
    let there = history::read(&migrator.session, &migrator.options).await?;
    if says_the_same(&there, set, revisions)? {
        return Ok(());
    }
    let options = &migrator.options;
    let took = Took::Measured(std::time::Duration::ZERO);
    let mut records: Vec<_> = revisions
        .iter()
        .filter_map(|revision| set.get(revision))
        .map(|file| history::record_up(file, "stamp", took, options))
        .collect();
    let repeatables = set.repeatables().iter();
    records.extend(repeatables.map(|file| history::record_repeatable(file, "stamp", took, options)));

    let client = migrator.session.client();
    let what = || "write the migration history".to_owned();
    client.batch_execute("BEGIN").await.during(what)?;
    for sql in &records {
        client.batch_execute(sql.as_str()).await.during(what)?;
    }
    client.batch_execute("COMMIT").await.during(what)
}

fn taken(rows: usize) -> crate::error::Error {
    problem(
        Problem::AdoptHistory,
        format!(
            "cannot take over: a migration history of {rows} rows is there already, and says something else"
        ),
    )
    .hint("look at them: ponte migrate status; to begin anew, empty it: ponte migrate stamp 0")
}
