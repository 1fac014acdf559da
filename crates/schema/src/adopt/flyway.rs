//! Flyway: `V1_2__name.sql`, `U1_2__name.sql` to undo it, `B2__name.sql` in place of all up to it, `R__name.sql` whenever it
//! changes.

use std::collections::BTreeMap;

use super::layout::{Home, Piece};
use super::numbered::{Version, number};
use super::{Conversion, Converted, Entry, SourceFile, State, Tool, missing, refused};
use crate::Ident;
use crate::migration::{MigrationError, Problem, Result};

/// What Flyway's files are, by their prefixes.
#[derive(Default)]
struct Scripts<'f> {
    versioned: Vec<(Version, &'f SourceFile, String)>,
    undo: Vec<(Version, &'f SourceFile)>,
    baseline: Vec<(Version, &'f SourceFile, String)>,
    repeatable: Vec<(&'f SourceFile, String)>,
}

pub(super) fn convert(schema: &Ident, files: &[SourceFile], history: &[Entry]) -> Result<Conversion> {
    let scripts = Scripts::sort(files)?;
    let rows = Rows::read(history)?;
    let mut notes = Vec::new();
    let mut pieces = scripts.pieces(files, &rows, &mut notes)?;
    let home = Home::new(schema, ", public");
    if let Some(home) = &home {
        notes.extend(home.lead(pieces.iter_mut().map(|(_, piece)| piece)));
    }
    let mut applied = rows.applied.clone();
    if let Some(base) = &rows.baseline {
        let before: Vec<Version> = pieces
            .iter()
            .map(|(version, _)| version)
            .filter(|version| *version <= base && !applied.contains(version))
            .cloned()
            .collect();
        if before.is_empty() && !applied.iter().any(|version| version <= base) {
            return Err(no_baseline(base));
        }
        applied.extend(before);
    }
    let mut conversion = number(Tool::Flyway, &pieces, &applied)?;
    scripts.repeatables(&rows, home.as_ref(), &mut conversion)?;
    conversion.notes.extend(notes);
    Ok(conversion)
}

fn no_baseline(version: &Version) -> MigrationError {
    let version = version.as_str();
    MigrationError::new(
        Problem::AdoptFiles,
        format!("cannot take over from flyway: it found the database at version {version} with flyway baseline, and no file makes what was there"),
    )
    .hint(format!("write it into B{version}__baseline.sql beside the other files, for instance with pg_dump --schema-only of a database at that version"))
}

impl<'f> Scripts<'f> {
    fn sort(files: &'f [SourceFile]) -> Result<Self> {
        let mut scripts = Self::default();
        for file in files.iter().filter(|file| file.name().ends_with(".sql")) {
            let stem = file.name().trim_end_matches(".sql");
            let strange = || {
                refused(
                    &file.path,
                    "its name is not like V1_2__name.sql, U1_2__name.sql, B1__name.sql or R__name.sql",
                )
            };
            let (head, name) = stem.split_once("__").ok_or_else(strange)?;
            refuse_placeholders(file)?;
            let version = head.get(1..).and_then(Version::parse);
            match (head.get(..1), version) {
                (Some("R"), None) if head.len() == 1 => scripts.repeatable.push((file, name.to_owned())),
                (Some("V"), Some(version)) => scripts.versioned.push((version, file, name.to_owned())),
                (Some("U"), Some(version)) => scripts.undo.push((version, file)),
                (Some("B"), Some(version)) => scripts.baseline.push((version, file, name.to_owned())),
                _ => return Err(strange()),
            }
        }
        scripts.versioned.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        Ok(scripts)
    }

    /// In the order of the versions, a baseline script that counts in front of what comes after it.
    fn pieces(
        &self,
        files: &[SourceFile],
        rows: &Rows,
        notes: &mut Vec<String>,
    ) -> Result<Vec<(Version, Piece)>> {
        let has_version = |wanted: &Version| self.versioned.iter().any(|(version, ..)| version == wanted);
        let used = self.baseline.iter().find(|(version, ..)| {
            let recorded = rows.applied.contains(version) || rows.baseline.as_ref() == Some(version);
            recorded && !has_version(version)
        });
        let mut pieces = Vec::new();
        if let Some((version, file, name)) = used {
            pieces.push((version.clone(), self.piece(files, version, file, name)?));
        }
        for (version, file, name) in &self.versioned {
            if used.is_some_and(|(base, ..)| version < base) {
                notes.push(format!(
                    "{} is left out: the baseline holds what it made",
                    file.name()
                ));
                continue;
            }
            pieces.push((version.clone(), self.piece(files, version, file, name)?));
        }
        for (_, file, _) in self
            .baseline
            .iter()
            .filter(|(version, ..)| Some(version) != used.map(|(v, ..)| v))
        {
            notes.push(format!(
                "{} is left out: this database was not made with it",
                file.name()
            ));
        }
        Ok(pieces)
    }

    /// The repeatable files, and which of them are applied.
    fn repeatables(&self, rows: &Rows, home: Option<&Home<'_>>, conversion: &mut Conversion) -> Result<()> {
        let is_there = |script: &&String| {
            self.repeatable
                .iter()
                .any(|(file, _)| file.name() == script.as_str())
        };
        let gone: Vec<String> = rows
            .repeatable
            .iter()
            .filter(|script| !is_there(script))
            .cloned()
            .collect();
        if !gone.is_empty() {
            return Err(missing(Tool::Flyway, &gone));
        }
        for (file, name) in &self.repeatable {
            if rows.repeatable.iter().any(|script| script == file.name()) {
                conversion.repeatable.push(name.clone());
            }
            let path = home.map(Home::search_path).unwrap_or_default();
            let text = format!("{path}{}", file.text()?.replace("\r\n", "\n"));
            conversion.files.push(Converted {
                file: format!("R__{name}.sql"),
                bytes: text.into_bytes(),
                from: file.path.clone(),
            });
        }
        Ok(())
    }

    fn piece(&self, files: &[SourceFile], version: &Version, file: &SourceFile, name: &str) -> Result<Piece> {
        let undo = self
            .undo
            .iter()
            .find(|(of, _)| of == version)
            .map(|(_, undo)| *undo);
        let runs_outside = |script: &SourceFile| -> Result<bool> {
            let settings = format!("{}.conf", script.path);
            match files.iter().find(|other| other.path == settings) {
                Some(settings) => Ok(outside_transaction(settings.text()?)),
                None => Ok(false),
            }
        };
        Ok(Piece {
            name: name.to_owned(),
            up: file.text()?.to_owned(),
            down: undo.map(|undo| undo.text().map(str::to_owned)).transpose()?,
            without_transaction: runs_outside(file)?,
            down_without_transaction: undo.map(runs_outside).transpose()?.unwrap_or_default(),
            from: file.path.clone(),
        })
    }
}

fn outside_transaction(settings: &str) -> bool {
    settings.lines().any(|line| {
        let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        line.eq_ignore_ascii_case("executeInTransaction=false")
    })
}

/// `${name}` is filled in by Flyway when it runs; nobody here knows with what.
fn refuse_placeholders(file: &SourceFile) -> Result<()> {
    for (index, line) in file.text()?.lines().enumerate() {
        let name = line.split_once("${").and_then(|(_, rest)| rest.split_once('}'));
        if let Some((name, _)) = name
            && !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '-'))
        {
            let line = index + 1;
            return Err(refused(
                &file.path,
                &format!("line {line} has the placeholder ${{{name}}}, which only Flyway fills in"),
            )
            .hint("write the value into a copy of the file, and adopt the copies"));
        }
    }
    Ok(())
}

/// What Flyway's table says in the end: of several rows about one version the last counts.
struct Rows {
    applied: Vec<Version>,
    baseline: Option<Version>,
    repeatable: Vec<String>,
}

impl Rows {
    fn read(history: &[Entry]) -> Result<Self> {
        let mut last: BTreeMap<Version, State> = BTreeMap::new();
        let mut repeatable: Vec<String> = Vec::new();
        for entry in history {
            if entry.state == State::Repeatable {
                let script = entry.name.rsplit('/').next().unwrap_or(&entry.name);
                if !repeatable.iter().any(|known| known == script) {
                    repeatable.push(script.to_owned());
                }
                continue;
            }
            let version = Version::parse(&entry.version)
                .ok_or_else(|| refused(&entry.name, "its version is not made of numbers"))?;
            last.insert(version, entry.state);
        }
        let with = |wanted: State| {
            let rows = last.iter().filter(move |(_, state)| **state == wanted);
            rows.map(|(version, _)| version.clone())
        };
        Ok(Self {
            applied: with(State::Applied).collect(),
            baseline: with(State::Baseline).max(),
            repeatable,
        })
    }
}
