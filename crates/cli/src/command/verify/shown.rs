//! What `ponte verify` shows.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ponte_engine::verify::{Drift, Ignored, SecondOpinion, Verified};
use ponte_schema::dump::DumpDifference;
use ponte_schema::model::{Access, Change};
use serde::Serialize;

use crate::command::migrate::migrations;
use crate::output::Report;

#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) ok: bool,
    differences: Vec<Line>,
    /// How many migrations were replayed on a server of our own.
    replayed_migrations: usize,
    /// How many files are not applied to the database yet.
    pending_migrations: usize,
    /// Whether owners and privileges were compared.
    access_compared: bool,
    /// Objects of the database whose kinds are not compared, by the name of the kind.
    not_compared: BTreeMap<String, u64>,
    /// What each pattern of the project's file has left out.
    ignored: Vec<LeftOut>,
    /// Nothing where pg_dump was not asked.
    pg_dump: Option<Opinion>,
    /// Whether there is a journal of changes that this role may not read.
    journal_is_closed: bool,
}

#[derive(Debug, Serialize)]
struct LeftOut {
    pattern: String,
    differences: usize,
    /// False where no object is meant on either side.
    matches_something: bool,
}

#[derive(Debug, Serialize)]
struct Opinion {
    /// The major version of pg_dump.
    major_version: u32,
    differences: Vec<Entry>,
}

/// An entry of a dump that differs: the lines that only one side has.
#[derive(Debug, Serialize)]
struct Entry {
    kind: String,
    object: String,
    expected: Option<String>,
    actual: Option<String>,
}

/// A difference.
#[derive(Debug, Serialize)]
pub(in crate::command) struct Line {
    kind: &'static str,
    object: String,
    /// What about the object differs; nothing where the whole object is missing, or is there and should not be.
    fact: Option<String>,
    expected: Option<String>,
    actual: Option<String>,
    /// The migration that touched the object last; nothing where none did.
    file: Option<String>,
    /// The change that it comes from most likely; nothing where no journal tells.
    change: Option<Author>,
}

/// Who changed something.
#[derive(Debug, Serialize)]
struct Author {
    /// In UTC.
    at: String,
    role: String,
    application: String,
    client: Option<String>,
    command: String,
    /// Nothing where it may hold a password.
    statement: Option<String>,
    by_migration: bool,
}

impl From<Change> for Author {
    fn from(change: Change) -> Self {
        Self {
            by_migration: change.by_migration(),
            at: change.at,
            role: change.role,
            application: change.application,
            client: change.client,
            command: change.command,
            statement: change.statement,
        }
    }
}

impl Author {
    /// `2026-01-01T00:00:00Z by app (psql, 10.0.0.7): ALTER TABLE …`
    fn line(&self) -> String {
        let who = match (
            self.by_migration,
            self.application.as_str(),
            self.client.as_deref(),
        ) {
            (true, ..) => " in a migration".to_owned(),
            (_, "", None) => String::new(),
            (_, "", Some(client)) => format!(" ({client})"),
            (_, application, None) => format!(" ({application})"),
            (_, application, Some(client)) => format!(" ({application}, {client})"),
        };
        let statement = self.statement.as_ref().unwrap_or(&self.command);
        format!("{} by {}{who}: {statement}", self.at, self.role)
    }
}

impl From<Drift> for Line {
    fn from(drift: Drift) -> Self {
        let difference = drift.difference;
        Self {
            kind: difference.object.kind.word(),
            object: difference.object.to_string(),
            fact: difference.fact,
            expected: difference.expected,
            actual: difference.actual,
            file: drift.file,
            change: drift.change.map(Author::from),
        }
    }
}

impl From<Ignored> for LeftOut {
    fn from(ignored: Ignored) -> Self {
        Self {
            pattern: ignored.pattern,
            differences: ignored.differences,
            matches_something: !ignored.is_idle,
        }
    }
}

impl From<SecondOpinion> for Opinion {
    fn from(said: SecondOpinion) -> Self {
        let entry = |difference: DumpDifference| Entry {
            kind: difference.kind,
            object: difference.object,
            expected: difference.expected,
            actual: difference.actual,
        };
        Self {
            major_version: said.pg_dump_major,
            differences: said.differences.into_iter().map(entry).collect(),
        }
    }
}

impl LeftOut {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            pattern, differences, ..
        } = self;
        match differences {
            0 if !self.matches_something => {
                writeln!(
                    out,
                    "the pattern \"{pattern}\" means nothing: correct it, or remove it from [verify]"
                )
            }
            0 => Ok(()),
            1 => writeln!(out, "left out: 1 difference by \"{pattern}\""),
            _ => writeln!(out, "left out: {differences} differences by \"{pattern}\""),
        }
    }
}

impl Opinion {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for entry in &self.differences {
            writeln!(out, "pg_dump: {} {}", entry.kind, entry.object)?;
            entry_value(out, "expected", entry.expected.as_deref())?;
            entry_value(out, "actual", entry.actual.as_deref())?;
        }
        let version = self.major_version;
        match self.differences.len() {
            0 => writeln!(out, "pg_dump {version} sees no difference"),
            1 => writeln!(out, "pg_dump {version} sees 1 difference"),
            count => writeln!(out, "pg_dump {version} sees {count} differences"),
        }
    }
}

impl Shown {
    pub(super) fn new(verified: Verified) -> Self {
        let ok = verified.ok();
        let changed = verified.changed_files.into_iter().map(|label| Line {
            kind: "migration",
            file: Some(label.clone()),
            object: label,
            fact: Some("content".to_owned()),
            expected: Some("as it was applied".to_owned()),
            actual: Some("changed since".to_owned()),
            change: None,
        });
        Self {
            ok,
            differences: changed
                .chain(verified.drifts.into_iter().map(Line::from))
                .collect(),
            replayed_migrations: verified.replayed,
            pending_migrations: verified.pending,
            access_compared: verified.access == Access::Compared,
            not_compared: verified.not_compared,
            ignored: verified.ignored.into_iter().map(LeftOut::from).collect(),
            pg_dump: verified.second_opinion.map(Opinion::from),
            journal_is_closed: verified.journal_is_closed,
        }
    }
}

impl Line {
    pub(in crate::command) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let fact = self.fact.as_deref().map(|fact| format!(": {fact}"));
        let made = match &self.file {
            Some(file) => format!("({file})"),
            None => "(no migration)".to_owned(),
        };
        writeln!(
            out,
            "{} {}{}  {made}",
            self.kind,
            self.object,
            fact.unwrap_or_default()
        )?;
        value(out, "expected", self.expected.as_deref())?;
        value(out, "actual", self.actual.as_deref())?;
        let change = self.change.as_ref().map(Author::line);
        change.map_or(Ok(()), |change| value(out, "changed", Some(&change)))
    }
}

/// The lines of an entry that only one side has, if there are any.
fn entry_value(out: &mut dyn Write, label: &str, lines: Option<&str>) -> io::Result<()> {
    match lines {
        Some("") => Ok(()),
        lines => value(out, label, lines),
    }
}

/// A value under its label; the further lines of one stand under the first.
fn value(out: &mut dyn Write, label: &str, value: Option<&str>) -> io::Result<()> {
    let mut lines = value.unwrap_or("nothing").trim().lines();
    writeln!(out, "  {label:<8}  {}", lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| writeln!(out, "            {line}"))
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        self.differences.iter().try_for_each(|line| line.write(out))?;
        if !self.differences.is_empty() {
            writeln!(out)?;
        }
        let replayed = migrations(self.replayed_migrations);
        match self.differences.len() {
            0 => writeln!(out, "the database is what its {replayed} make")?,
            1 => writeln!(out, "1 difference from what its {replayed} make")?,
            count => writeln!(out, "{count} differences from what its {replayed} make")?,
        }
        if self.pending_migrations > 0 {
            writeln!(
                out,
                "{} pending, not looked at",
                migrations(self.pending_migrations)
            )?;
        }
        if !self.access_compared {
            writeln!(
                out,
                "owners and privileges not compared: no migration sets any; --access compares them"
            )?;
        }
        for (kind, count) in &self.not_compared {
            writeln!(out, "not compared: {count} of kind {kind}")?;
        }
        if self.journal_is_closed {
            writeln!(
                out,
                "who changed what is noted, and this role may not read it: GRANT USAGE ON SCHEMA ponte_journal, SELECT ON ponte_journal.entry"
            )?;
        }
        self.ignored.iter().try_for_each(|left_out| left_out.write(out))?;
        self.pg_dump.iter().try_for_each(|opinion| opinion.write(out))
    }
}

/// What became of the journal.
#[derive(Debug, Serialize)]
pub(super) struct JournalDone {
    /// `installed` or `removed`.
    pub(super) journal: &'static str,
}

impl Report for JournalDone {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "the journal of changes is {}", self.journal)
    }
}
