//! Taking a database over from another migration tool.
//!
//! The tool's table and files are read and made ours ([`ponte_schema::adopt`]). Then the proof: the files that count as
//! applied are replayed on a shadow, and what they make is compared with the database. Only where nothing differs, or where
//! a person says that it may, the files are written and the history is recorded. The tool's own table and files stay.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ponte_pg::adopt::{self as books, Book};
use ponte_pg::migrate::{Event, Migrator, read_directory};
use ponte_pg::{Error as PgError, Session};
use ponte_schema::adopt::{Conversion, Converted, SourceFile, Tool, convert};
use ponte_schema::migration::plan::label;
use ponte_schema::migration::{MigrationSet, Problem, Revision};

use crate::error::{Error, ErrorKind, Result};
use crate::servers::Servers;
use crate::verify::{Drift, Wanted, replay_and_compare};

/// Directories within directories that are read for files.
const DEPTH_MAX: usize = 4;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The tool, where its table does not tell.
    pub from: Option<Tool>,
    /// The name of the tool's table, where it is not the usual one.
    pub table: Option<String>,
    /// Where its files are, instead of the usual places.
    pub files: Vec<PathBuf>,
    /// Take over although what the files make differs from the database.
    pub accept_differences: bool,
    /// Write nothing.
    pub dry_run: bool,
}

/// What became of it.
#[derive(Debug)]
pub struct Adoption {
    /// From which tool.
    pub tool: Tool,
    /// Its table.
    pub table: String,
    /// Files of ours that are new, with those that they come from.
    pub written: Vec<(String, String)>,
    /// The migrations that count as applied.
    pub recorded: Vec<String>,
    /// The migrations that do not.
    pub pending: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Where the database is not what the applied files make.
    pub drifts: Vec<Drift>,
    /// What was done.
    pub outcome: Outcome,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Files and history are written.
    Adopted,
    /// They were written before, and say the same.
    Already,
    /// Nothing is written, because that was asked for.
    DryRun,
    /// Nothing is written, because the database differs.
    Refused,
}

/// Where the project is, and where its migrations are.
#[derive(Debug, Clone, Copy)]
pub struct Places<'p> {
    /// What other paths are relative to.
    pub root: &'p Path,
    /// The directory of the migrations.
    pub migrations: &'p Path,
}

/// Takes over.
///
/// # Errors
/// The `adopt.…` kinds, what keeps the files from being replayed, and what the servers answer.
pub async fn adopt(
    servers: &Servers,
    migrator: &mut Migrator,
    session: &Session,
    places: Places<'_>,
    wish: &Wish,
) -> Result<Adoption> {
    let table = wish.table.as_deref();
    let book = books::choose(books::find(session, table).await?, wish.from)?;
    let entries = books::read(session, &book).await?;
    let sources = source_files(places, &book, &wish.files)?;
    let conversion = convert(book.tool, &book.table, &sources, &entries).map_err(PgError::from)?;
    let new = new_files(&conversion.files, places.migrations)?;
    let set = whole_set(&new, places.migrations)?;
    let applied = applied_of(&set, &conversion);
    let revisions: Vec<Revision> = applied.iter().map(|file| file.revision.clone()).collect();
    let (drifts, outcome) = if migrator.is_taken_over(&applied, &revisions).await? && new.is_empty() {
        (Vec::new(), Outcome::Already)
    } else {
        let proof = replay_and_compare(servers, (migrator, session), &applied, Wanted::default()).await?;
        let outcome = if !proof.drifts.is_empty() && !wish.accept_differences {
            Outcome::Refused
        } else if wish.dry_run {
            Outcome::DryRun
        } else {
            write(&new, places.migrations)?;
            let silent = &mut |_: Event<'_>| {};
            migrator.take_over(&applied, &revisions, silent).await?;
            Outcome::Adopted
        };
        (proof.drifts, outcome)
    };
    let pending = set.iter().filter(|file| applied.get(&file.revision).is_none());
    let written = new.iter().map(|file| (file.file.clone(), file.from.clone()));
    Ok(Adoption {
        tool: book.tool,
        table: book.table.to_string(),
        written: written.collect(),
        recorded: labels(applied.iter()),
        pending: labels(pending),
        notes: conversion.notes,
        drifts,
        outcome,
    })
}

fn labels<'m>(files: impl Iterator<Item = &'m ponte_schema::migration::Migration>) -> Vec<String> {
    files.map(|file| label(&file.revision, &file.name)).collect()
}

fn applied_of(set: &MigrationSet, conversion: &Conversion) -> MigrationSet {
    let repeatable: Vec<&str> = conversion.repeatable.iter().map(String::as_str).collect();
    set.only(conversion.applied.iter()).only_repeatables(&repeatable)
}

/// The tool's files: those that are named, else those in the first of its usual places, else those of the project itself.
fn source_files(places: Places<'_>, book: &Book, named: &[PathBuf]) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    if named.is_empty() {
        let usual = book.tool.places().iter().map(|place| places.root.join(place));
        let found = usual
            .chain([places.migrations.to_owned()])
            .find(|place| place.exists());
        if let Some(place) = found {
            read_place(&place, &mut files)?;
        }
    }
    for place in named {
        let place = places.root.join(place);
        if !place.exists() {
            return Err(unreadable(&place).hint("correct --files"));
        }
        read_place(&place, &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn unreadable(path: &Path) -> Error {
    Error::new(
        ErrorKind::Pg(ponte_pg::ErrorKind::Migrate(Problem::AdoptFiles)),
        "cannot read the files of the other tool",
    )
    .with("path", path.display())
}

fn read_place(place: &Path, files: &mut Vec<SourceFile>) -> Result<()> {
    let base = if place.is_file() {
        place.parent().unwrap_or(place)
    } else {
        place
    };
    read_below(base, place, DEPTH_MAX, files)
}

fn read_below(base: &Path, path: &Path, depth: usize, files: &mut Vec<SourceFile>) -> Result<()> {
    let failed = |error: std::io::Error| unreadable(path).because(error);
    if path.is_file() {
        let name = path
            .strip_prefix(base)
            .unwrap_or(path)
            .to_string_lossy()
            .replace('\\', "/");
        if name.ends_with(".sql") || name.ends_with(".sql.conf") {
            let bytes = fs::read(path).map_err(failed)?;
            files.push(SourceFile { path: name, bytes });
        }
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        read_below(base, &entry.map_err(failed)?.path(), depth - 1, files)?;
    }
    Ok(())
}

/// Those that are not there yet. One that is there and says something else is not written over.
fn new_files<'c>(converted: &'c [Converted], migrations: &Path) -> Result<Vec<&'c Converted>> {
    let mut new = Vec::new();
    for file in converted {
        match fs::read(migrations.join(&file.file)) {
            Ok(there) if there == file.bytes => {}
            Ok(_) => {
                return Err(PgError::new(
                    ponte_pg::ErrorKind::Migrate(Problem::AdoptFiles),
                    format!(
                        "cannot write {}: a file of that name is there, and says something else",
                        file.file
                    ),
                )
                .with("directory", migrations.display())
                .hint("move one of the two away")
                .into());
            }
            Err(_) => new.push(file),
        }
    }
    Ok(new)
}

/// The project's migrations as they will be.
fn whole_set(new: &[&Converted], migrations: &Path) -> Result<MigrationSet> {
    let mut files: Vec<(String, Vec<u8>)> = new
        .iter()
        .map(|file| (file.file.clone(), file.bytes.clone()))
        .collect();
    if migrations.exists() {
        files.extend(ponte_pg::migrate::read_files(migrations)?);
    }
    MigrationSet::from_files(files).map_err(|error| {
        let lies_in_the_way = matches!(error.problem, Problem::FileName | Problem::Duplicate);
        let error = PgError::from(error);
        match lies_in_the_way {
            true => error.hint("move files of the other tool out of the project's directory of migrations, and name their place: ponte migrate adopt --files DIR").into(),
            false => error.into(),
        }
    })
}

fn write(new: &[&Converted], migrations: &Path) -> Result<()> {
    let failed = |path: &Path, error: std::io::Error| {
        Error::new(
            ErrorKind::Pg(ponte_pg::ErrorKind::Migrate(Problem::AdoptFiles)),
            "cannot write the migrations",
        )
        .with("path", path.display())
        .because(error)
    };
    fs::create_dir_all(migrations).map_err(|error| failed(migrations, error))?;
    for file in new {
        let path = migrations.join(&file.file);
        let written = fs::File::create_new(&path).and_then(|mut out| out.write_all(&file.bytes));
        written.map_err(|error| failed(&path, error))?;
    }
    // What was written is what was proved.
    read_directory(migrations).map(drop).map_err(Error::from)
}
