//! What a run of pending migrations would do to those who use the tables, seen and not guessed: the files are run on a
//! [shadow](ponte_pg::shadow) of the database's own major version that holds what is applied, and the locks, rewrites, scans and index
//! builds of each statement are weighed with the sizes of the live tables. Where there is no such shadow, or a file fails on it, the words of the
//! statements have to do, and the reason is told.

use ponte_pg::Session;
use ponte_pg::migrate::{Foreseen, Migrator, UpRequest, work_seconds};
use ponte_pg::observe::Live;
use ponte_schema::lint::observation::{LockMode, Observation, Relation, Work};
use ponte_schema::lint::statement::Name;
use ponte_schema::lint::{Observations, Sizes, TableSize};
use ponte_schema::migration::{Effort, Migration, MigrationSet};

use crate::error::Result;
use crate::lint::witnessed;
use crate::servers::Servers;

/// What a run would do.
#[derive(Debug)]
pub struct Outlook {
    /// The files in the order in which they would run.
    pub files: Vec<ForeseenFile>,
    /// Why nothing was observed, where that is so.
    pub unobserved: Option<String>,
}

/// A file before it is run.
#[derive(Debug)]
pub struct ForeseenFile {
    /// Its statements, with what their words say.
    pub words: Foreseen,
    /// What each of them was seen doing; nothing where the file was not observed.
    pub seen: Option<Vec<SeenStatement>>,
}

/// What a statement does to tables that are there now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeenStatement {
    /// Locks that it takes and holds until its transaction ends.
    pub locks: Vec<SeenLock>,
    /// Work that takes the longer the larger the table is.
    pub works: Vec<SeenWork>,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLock {
    /// Which.
    pub mode: LockMode,
    /// On this table.
    pub table: Relation,
    /// Its size in the live database.
    pub size: Option<TableSize>,
}

/// Work.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenWork {
    /// What, on which table.
    pub work: Work,
    /// A rough guess at how long it takes on the live table.
    pub seconds: Option<f64>,
}

/// Looks at everything that a run would do. Writes nothing; the shadow is gone afterwards.
///
/// # Errors
/// What the database answers, and what is wrong with the files; what goes wrong on the shadow is told in the result.
pub async fn foresee(
    servers: &Servers,
    files: &MigrationSet,
    request: &UpRequest,
    (migrator, session): (&Migrator, &Session),
) -> Result<Outlook> {
    let foreseen = migrator.foresee(files, request).await?;
    let pending: Vec<&Migration> = files
        .iter()
        .filter(|migration| foreseen.iter().any(|file| file.file == migration.up.file()))
        .collect();
    if pending.is_empty() {
        let words = |words| ForeseenFile { words, seen: None };
        return Ok(Outlook {
            files: foreseen.into_iter().map(words).collect(),
            unobserved: None,
        });
    }
    let live = Live::read(session).await?;
    let (observed, unobserved) = match witnessed(servers, files, &pending, Some(session), Some(&live)).await {
        Ok(observed) => (observed, None),
        Err(error) => (Vec::new(), Some(error.in_words())),
    };
    let seen = |file: &Foreseen| {
        let at = pending
            .iter()
            .position(|migration| migration.up.file() == file.file)?;
        Some(weighed(observed.get(at)?, &live.sizes))
    };
    let files = foreseen.into_iter().map(|words| ForeseenFile {
        seen: seen(&words),
        words,
    });
    Ok(Outlook {
        files: files.collect(),
        unobserved,
    })
}

fn weighed(observations: &Observations, sizes: &Sizes) -> Vec<SeenStatement> {
    let statement = |observation: &Observation| SeenStatement {
        locks: observation
            .taken_from_others()
            .into_iter()
            .map(|(relation, mode)| SeenLock {
                mode,
                size: size(relation, sizes),
                table: relation.clone(),
            })
            .collect(),
        works: observation
            .works
            .iter()
            .map(|work| SeenWork {
                seconds: size(work.table(), sizes).map(|size| work_seconds(effort(work), size.bytes)),
                work: work.clone(),
            })
            .collect(),
    };
    observations.statements.iter().map(statement).collect()
}

fn size(relation: &Relation, sizes: &Sizes) -> Option<TableSize> {
    let name = Name {
        schema: Some(relation.schema.clone()),
        spelling: relation.name.clone(),
        name: relation.name.clone(),
    };
    sizes.of(&name).cloned()
}

fn effort(work: &Work) -> Effort {
    match work {
        Work::Rewrite(_) => Effort::Rewrite,
        Work::Scan(_) | Work::Build { .. } | Work::CheckReferences { .. } => Effort::Scan,
    }
}
