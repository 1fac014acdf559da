//! Seed files: SQL of the user's, applied in the order of their names.
//!
//! A file and its record in `ponte.seed_file` are one transaction. A file that was applied and has not changed is left alone, so that applying all of them
//! again does no harm whatever they hold; one that has changed is applied again, and has to bear that.

use std::collections::BTreeMap;
use std::path::Path;

use ponte_schema::migration::{Checksum, MigrationError, Script, TransactionMode};
use ponte_schema::{Literal, Sql};

use crate::error::{During, Error, ErrorKind, Result};
use crate::migrate::failure::SqlFailure;
use crate::migrate::history::create_schema;
use crate::migrate::together::{self, Rejected, Stage};
use crate::seed::SeedProblem;
use crate::session::Session;

/// `pont` and `seed` in ASCII: the two keys of the advisory lock under which a file is applied.
const LOCK: &str = "SELECT pg_catalog.pg_advisory_xact_lock(1886350964, 1936024932)";

/// One file.
#[derive(Debug, Clone)]
pub struct SeedFile {
    script: Script,
    checksum: Checksum,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was applied.
    Applied,
    /// It was applied earlier, and has changed since: it was applied again.
    Again,
    /// It was applied earlier, and has not changed: it was left alone.
    Unchanged,
}

/// How to apply files.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Apply files that have not changed too.
    pub again: bool,
    /// The release of the program, for the record.
    pub release: &'a str,
}

impl SeedFile {
    /// The file's name, without the directory.
    pub fn name(&self) -> &str {
        self.script.file()
    }
}

/// Reads every `.sql` file of a directory, in the order of their names.
///
/// # Errors
/// `seed.file`.
pub fn read_directory(directory: &Path) -> Result<Vec<SeedFile>> {
    let unreadable = |error: std::io::Error, path: &Path| {
        Error::new(ErrorKind::Seed(SeedProblem::File), "cannot read the seed files")
            .with("path", path.display())
            .because(error)
    };
    let entries = std::fs::read_dir(directory).map_err(|e| {
        unreadable(e, directory).hint("create the directory, or make rows up: ponte seed --rows 100")
    })?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(|e| unreadable(e, directory))?;
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        if name.ends_with(".sql") && !name.starts_with('.') && path.is_file() {
            let bytes = std::fs::read(&path).map_err(|e| unreadable(e, &path))?;
            files.insert(name.clone(), seed_file(&name, &bytes)?);
        }
    }
    Ok(files.into_values().collect())
}

fn seed_file(name: &str, bytes: &[u8]) -> Result<SeedFile> {
    let script = Script::of_file(name, bytes).map_err(refused)?;
    if script.mode() == TransactionMode::StepByStep {
        return Err(Error::new(
            ErrorKind::Seed(SeedProblem::File),
            format!("cannot apply {name}: it holds a statement that cannot run in a transaction"),
        )
        .hint("move that statement into a migration"));
    }
    let checksum = Checksum::of_text(script.text());
    Ok(SeedFile { script, checksum })
}

fn refused(error: MigrationError) -> Error {
    let mut ours = Error::new(ErrorKind::Seed(SeedProblem::File), error.message);
    if let Some(position) = error.place.and_then(|place| place.position) {
        ours = ours.with("line", position.line).with("column", position.column);
    }
    match error.hint {
        Some(hint) => ours.hint(hint),
        None => ours,
    }
}

/// Applies the files, each in a transaction of its own. What became of each before an error is told to `tell`.
///
/// # Errors
/// `seed.failed`; files before that one stay applied.
pub async fn apply(
    session: &Session,
    files: &[SeedFile],
    options: Options<'_>,
    tell: &mut (dyn FnMut(&SeedFile, Outcome) + Send),
) -> Result<()> {
    if session.is_read_only() {
        return Err(Error::new(
            ErrorKind::ConnReadOnly,
            "cannot apply seed files: the server takes no writes",
        ));
    }
    ensure_record(session, files).await?;
    for file in files {
        let outcome = apply_one(session, file, options).await;
        if outcome.is_err() {
            // The first error counts; a connection that is gone has rolled back already.
            let _ = session.client().batch_execute("ROLLBACK").await;
        }
        tell(file, outcome?);
    }
    Ok(())
}

async fn ensure_record(session: &Session, files: &[SeedFile]) -> Result<()> {
    let sql = "SELECT pg_catalog.to_regnamespace('ponte') IS NOT NULL, pg_catalog.to_regclass('ponte.seed_file') IS NOT NULL";
    let found = session.client().query_typed_one(sql, &[]).await;
    let found = found.during(|| "look for the record of seed files".to_owned())?;
    if files.is_empty() || found.get(1) {
        return Ok(());
    }
    if !found.get::<_, bool>(0) {
        create_schema(session, "ponte", "what is recorded of the seeds").await?;
    }
    let made = session
        .client()
        .batch_execute(include_str!("sql/create_record.sql"))
        .await;
    made.during(|| "create the record of seed files ponte.seed_file".to_owned())
}

async fn apply_one(session: &Session, file: &SeedFile, options: Options<'_>) -> Result<Outcome> {
    let client = session.client();
    let doing = || format!("apply {}", file.name());
    // As psql would begin: a file before may have left settings behind.
    let reset = Sql::render(
        include_str!("../migrate/sql/reset_session.sql"),
        &[("lock_timeout_ms", &5_000_i64)],
    );
    client.batch_execute(reset.as_str()).await.during(doing)?;
    client.batch_execute("BEGIN").await.during(doing)?;
    client.batch_execute(LOCK).await.during(doing)?;
    let record = Sql::render(
        "SELECT checksum FROM ponte.seed_file WHERE file = {file}",
        &[("file", &Literal::new(file.name()))],
    );
    let recorded = client.query_opt(record.as_str(), &[]).await.during(doing)?;
    let recorded: Option<String> = recorded.map(|row| row.get(0));
    if recorded.as_deref() == Some(file.checksum.as_str()) && !options.again {
        client.batch_execute("ROLLBACK").await.during(doing)?;
        return Ok(Outcome::Unchanged);
    }
    let mut record = Sql::text(include_str!("../migrate/sql/as_ourselves.sql"));
    record.push(&Sql::render(
        include_str!("sql/record.sql"),
        &[
            ("file", &Literal::new(file.name())),
            ("checksum", &Literal::new(file.checksum.as_str())),
            ("release", &Literal::new(options.release)),
        ],
    ));
    let attempt = together::attempt(client, &file.script, &record, &[]).await;
    attempt.map_err(|rejected| failed(file, &rejected))?;
    Ok(if recorded.is_some() {
        Outcome::Again
    } else {
        Outcome::Applied
    })
}

fn failed(file: &SeedFile, rejected: &Rejected) -> Error {
    let message = format!("cannot apply {}", file.name());
    let Some(server) = rejected.error.as_db_error() else {
        return Error::new(
            ErrorKind::ConnLost,
            format!("{message}: the connection to the server ended"),
        )
        .hint("run it again: ponte seed");
    };
    let statement = match rejected.stage {
        Stage::Statement(index) => Some(index),
        Stage::Commit | Stage::Next => None,
    };
    Error::new(ErrorKind::Seed(SeedProblem::Failed), message)
        .with("applied", "nothing of this file")
        .because(SqlFailure::new(&file.script, statement, server))
}
