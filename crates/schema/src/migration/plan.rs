//! Files and history put side by side: what stands, what is to be done, what is in the way.

use std::collections::BTreeMap;

use super::{Checksum, Migration, MigrationError, MigrationSet, Problem, Result, Revision};

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its number, as the file spelled it.
    pub revision: Revision,
    /// What its file was called beside the number.
    pub name: String,
    /// Of the text of UP when it was applied.
    pub checksum_up: Checksum,
    /// Of the text of DOWN, where there was one.
    pub checksum_down: Option<Checksum>,
    /// Of the tokens of UP.
    pub checksum_tokens: Checksum,
    /// RFC 3339, UTC.
    pub applied_at: String,
    /// How long it ran.
    pub duration_ms: i64,
    /// The role that ran it.
    pub applied_by: String,
    /// The release of the program that ran it.
    pub release: String,
    /// Where a script that cannot run in a transaction was left, if it did not come to its end.
    pub unfinished: Option<Unfinished>,
}

/// How far a script came that was left half done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Which way it was going.
    pub direction: Direction,
    /// Steps that are done.
    pub steps_done: usize,
    /// The step after them was begun, and nobody knows how it ended.
    pub step_begun: bool,
    /// Of the steps that are done.
    pub checksum_done: Checksum,
}

/// UP or DOWN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Makes it.
    Up,
    /// Unmakes it.
    Down,
}

/// How an applied migration compares with its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The same text.
    Same,
    /// Comments, white space or the DOWN part differ.
    Edited,
    /// Another UP.
    Changed,
    /// No file has its number.
    Missing,
}

impl Standing {
    /// Whether the file still makes what was made.
    pub fn is_ok(self) -> bool {
        matches!(self, Self::Same | Self::Edited)
    }
}

/// Everything there is to say.
#[derive(Debug)]
pub struct Status<'s, 'h> {
    /// In the order of their numbers. Includes a migration that is being undone.
    pub applied: Vec<(&'h Applied, Standing)>,
    /// In the order of their numbers. Includes a migration that is half done.
    pub pending: Vec<&'s Migration>,
    /// The migration that was left half done.
    pub unfinished: Option<&'h Applied>,
}

/// How far down to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownTo {
    /// That many migrations.
    Steps(usize),
    /// Everything above that one; `0` for everything.
    Revision(Revision),
}

/// Puts a directory and a history side by side.
pub fn status<'s, 'h>(set: &'s MigrationSet, history: &'h [Applied]) -> Status<'s, 'h> {
    let known: BTreeMap<&Revision, &Applied> = history.iter().map(|row| (&row.revision, row)).collect();
    let is_applied = |row: &Applied| !matches!(&row.unfinished, Some(u) if u.direction == Direction::Up);
    Status {
        applied: known
            .values()
            .filter(|row| is_applied(row))
            .map(|row| (*row, standing(set.get(&row.revision), row)))
            .collect(),
        pending: set
            .iter()
            .filter(|file| !known.get(&file.revision).is_some_and(|row| is_applied(row)))
            .collect(),
        unfinished: history.iter().find(|row| row.unfinished.is_some()),
    }
}

fn standing(file: Option<&Migration>, row: &Applied) -> Standing {
    match file {
        None => Standing::Missing,
        Some(file) if file.checksum_tokens != row.checksum_tokens => Standing::Changed,
        Some(file) if file.checksum_up != row.checksum_up || file.checksum_down != row.checksum_down => {
            Standing::Edited
        }
        Some(_) => Standing::Same,
    }
}

/// The files to apply, in order, up to `to` where it is given.
pub fn up<'s>(
    set: &'s MigrationSet,
    history: &[Applied],
    to: Option<&Revision>,
    allow_late: bool,
) -> Result<Vec<&'s Migration>> {
    let status = status(set, history);
    refuse_changed(set, &status)?;
    refuse_unfinished(set, &status, Direction::Up)?;
    if let Some(to) = to
        && set.get(to).is_none()
    {
        return Err(unknown(to, "no file has that number"));
    }
    let wanted = |file: &&Migration| to.is_none_or(|to| file.revision <= *to);
    let pending: Vec<&Migration> = status.pending.iter().copied().filter(wanted).collect();
    let newest = status.applied.last().map(|(row, _)| &row.revision);
    let late: Vec<&Migration> = pending
        .iter()
        .copied()
        .filter(|file| newest.is_some_and(|newest| file.revision < *newest))
        .collect();
    match (late.first(), newest) {
        (Some(first), Some(newest)) if !allow_late => Err(MigrationError::new(
            Problem::Late,
            format!(
                "cannot apply {}: {newest}, which comes after, is applied already",
                late.iter()
                    .map(|file| file.up.file())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )
        .at(first.up.file(), None)
        .hint("give it the next free number: ponte migrate renumber; or apply it where it stands: ponte migrate up --allow-late")),
        _ => Ok(pending),
    }
}

/// The migrations to undo, newest first. All of them have a DOWN part.
pub fn down<'s>(set: &'s MigrationSet, history: &[Applied], to: &DownTo) -> Result<Vec<&'s Migration>> {
    let status = status(set, history);
    refuse_unfinished(set, &status, Direction::Down)?;
    let newest_first = status.applied.iter().rev().map(|(row, _)| *row);
    let rows: Vec<&Applied> = match to {
        DownTo::Steps(steps) => newest_first.take(*steps).collect(),
        DownTo::Revision(base) => {
            let is_base = |row: &Applied| row.revision == *base;
            let is_zero = base.as_str().bytes().all(|b| b == b'0');
            if !is_zero && !status.applied.iter().any(|(row, _)| is_base(row)) {
                return Err(unknown(base, "it is not applied"));
            }
            newest_first.take_while(|row| row.revision > *base).collect()
        }
    };
    rows.into_iter()
        .map(|row| {
            let file = set.get(&row.revision).ok_or_else(|| {
                MigrationError::new(
                    Problem::Irreversible,
                    format!(
                        "cannot undo {}: its file is missing",
                        label(&row.revision, &row.name)
                    ),
                )
                .hint("run this from a checkout that has the file")
            })?;
            match &file.down {
                Some(_) => Ok(file),
                None => Err(MigrationError::new(
                    Problem::Irreversible,
                    format!("cannot undo {}: it has no DOWN part", file.up.file()),
                )
                .at(file.up.file(), None)
                .hint("write one under -- DOWN operations (SELECT 1; where there is nothing to undo)")),
            }
        })
        .collect()
}

/// `003_add_email`, or `003` where the file has no name.
pub fn label(revision: &Revision, name: &str) -> String {
    if name.is_empty() {
        revision.to_string()
    } else {
        format!("{revision}_{name}")
    }
}

fn refuse_changed(set: &MigrationSet, status: &Status<'_, '_>) -> Result<()> {
    let changed: Vec<&str> = status
        .applied
        .iter()
        .filter(|(_, standing)| *standing == Standing::Changed)
        .filter_map(|(row, _)| Some(set.get(&row.revision)?.up.file()))
        .collect();
    match changed.first() {
        None => Ok(()),
        Some(first) => Err(MigrationError::new(
            Problem::Changed,
            format!(
                "cannot go on: {} changed after it was applied",
                changed.join(", ")
            ),
        )
        .at(first, None)
        .hint("restore the file and write the change as a new migration: ponte migrate new NAME")),
    }
}

fn refuse_unfinished(set: &MigrationSet, status: &Status<'_, '_>, direction: Direction) -> Result<()> {
    let Some((row, unfinished)) = status
        .unfinished
        .and_then(|row| Some((row, row.unfinished.as_ref()?)))
    else {
        return Ok(());
    };
    let name = label(&row.revision, &row.name);
    let refuse = |why: &str, hint: &str| {
        Err(MigrationError::new(Problem::Interrupted, format!("cannot go on: {name} {why}")).hint(hint))
    };
    if unfinished.direction != direction {
        return match unfinished.direction {
            Direction::Up => refuse("is half applied", "finish it first: ponte migrate up"),
            Direction::Down => refuse("is half undone", "finish it first: ponte migrate down"),
        };
    }
    let script = set.get(&row.revision).and_then(|file| match direction {
        Direction::Up => Some(&file.up),
        Direction::Down => file.down.as_ref(),
    });
    match script {
        Some(script) if script.checksum_of_steps(unfinished.steps_done) == unfinished.checksum_done => Ok(()),
        _ => refuse(
            "is half done, and the statements that were done no longer stand in its file",
            "restore them in the file; the ones after them may be changed",
        ),
    }
}

fn unknown(revision: &Revision, why: &str) -> MigrationError {
    MigrationError::new(
        Problem::UnknownRevision,
        format!("cannot use revision {revision}: {why}"),
    )
    .hint("list them: ponte migrate status")
}
