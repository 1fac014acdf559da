//! dbmate, golang-migrate, sqlx, goose and Atlas: their files are read as they are, so only the history has to be translated.

use std::collections::{BTreeMap, BTreeSet};

use super::{Conversion, Converted, Entry, SourceFile, State, Tool, missing, refused};
use crate::Ident;
use crate::migration::{FileName, Part, Result, Revision};

/// Before every number of the tool's.
const FIRST: &str = "000";

pub(super) fn convert(
    tool: Tool,
    schema: &Ident,
    files: &[SourceFile],
    history: &[Entry],
) -> Result<Conversion> {
    let mut known: BTreeSet<Revision> = BTreeSet::new();
    let mut conversion = Conversion::default();
    for file in files.iter().filter(|file| file.name().ends_with(".sql")) {
        let parsed = FileName::parse(file.name())?;
        if parsed.part != Part::Down {
            known.insert(parsed.revision);
        }
        conversion.files.push(Converted {
            file: file.name().to_owned(),
            bytes: file.bytes.clone(),
            from: file.path.clone(),
        });
    }
    let applied = match tool {
        Tool::GolangMigrate => up_to(history, &known)?,
        _ => by_row(history, &known)?,
    };
    let unknown: Vec<String> = applied
        .iter()
        .filter(|revision| !known.contains(*revision))
        .map(Revision::to_string)
        .collect();
    if !unknown.is_empty() {
        return Err(missing(tool, &unknown));
    }
    // As the files spell them.
    conversion.applied = known
        .into_iter()
        .filter(|revision| applied.contains(revision))
        .collect();
    if tool == Tool::Dbmate && schema.as_str() != "public" {
        conversion.files.insert(0, made_by_the_tool(schema));
        conversion.applied.splice(0..0, Revision::parse(FIRST));
    }
    Ok(conversion)
}

/// dbmate makes the schema that its table lies in, which mostly is where unqualified names of its files go too. No file says so.
fn made_by_the_tool(schema: &Ident) -> Converted {
    let text = format!(
        "-- UP operations\nCREATE SCHEMA IF NOT EXISTS {schema};\n\n-- DOWN operations\n-- ponte: irreversible dbmate's own table is in it\n"
    );
    Converted {
        file: format!("{FIRST}_schema.sql"),
        bytes: text.into_bytes(),
        from: "dbmate itself".to_owned(),
    }
}

/// The one row of golang-migrate says how far it came; it does not know of files that came later with a lower number.
fn up_to(history: &[Entry], known: &BTreeSet<Revision>) -> Result<BTreeSet<Revision>> {
    let Some(last) = history.last() else {
        return Ok(BTreeSet::new());
    };
    let last = revision(&last.version)?;
    let mut applied: BTreeSet<Revision> = known.iter().filter(|known| **known <= last).cloned().collect();
    applied.insert(last);
    Ok(applied)
}

/// One row per migration; of several about one, the last counts. goose begins with a row for version 0. Atlas' baseline stands for all up to it.
fn by_row(history: &[Entry], known: &BTreeSet<Revision>) -> Result<BTreeSet<Revision>> {
    let mut last: BTreeMap<Revision, State> = BTreeMap::new();
    for entry in history {
        last.insert(revision(&entry.version)?, entry.state);
    }
    let is_zero = |revision: &Revision| revision.as_str().bytes().all(|b| b == b'0');
    let counts = |state: &State| matches!(state, State::Applied | State::Baseline);
    let base = last.iter().rfind(|(_, state)| **state == State::Baseline);
    let below = |revision: &&Revision| base.is_some_and(|(base, _)| *revision <= base);
    let mut applied: BTreeSet<Revision> = known.iter().filter(below).cloned().collect();
    applied.extend(
        last.iter()
            .filter(|(revision, state)| counts(state) && !is_zero(revision))
            .map(|(revision, _)| revision.clone()),
    );
    Ok(applied)
}

fn revision(version: &str) -> Result<Revision> {
    Revision::parse(version).ok_or_else(|| refused(version, "the version is not a number"))
}
