//! `ponte migrate status`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::migrate::{InvalidIndex, PendingDetach};
use ponte_schema::migration::plan::{self, Direction, Standing, Status};
use ponte_schema::migration::{MigrationSet, Repeatable, RepeatableStanding, Repeated};
use serde::Serialize;

use super::{Named, migrations, target};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// End with exit code 1 where something is pending, changed, missing or half done
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    applied: Vec<AppliedLine>,
    pending: Vec<Named>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repeatable: Vec<RepeatableLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<UnfinishedLine>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invalid_indexes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pending_detaches: Vec<String>,
    #[serde(skip)]
    advice: Vec<String>,
}

#[derive(Debug, Serialize)]
struct AppliedLine {
    revision: String,
    name: String,
    applied_at: String,
    checksum_ok: bool,
    #[serde(skip)]
    standing: Standing,
}

/// A file that is run again whenever it changes.
#[derive(Debug, Serialize)]
struct RepeatableLine {
    name: String,
    state: &'static str,
    applied_at: Option<String>,
}

impl RepeatableLine {
    fn new(file: &Repeatable, history: &[Repeated]) -> Self {
        Self {
            name: file.name.clone(),
            state: match file.standing(history) {
                RepeatableStanding::Same => "applied",
                RepeatableStanding::New => "pending",
                RepeatableStanding::Changed => "changed",
            },
            applied_at: history
                .iter()
                .find(|row| row.name == file.name)
                .map(|row| row.applied_at.clone()),
        }
    }
}

/// A migration that cannot run in a transaction and did not come to its end.
#[derive(Debug, Serialize)]
struct UnfinishedLine {
    revision: String,
    name: String,
    direction: &'static str,
    steps_done: usize,
}

/// What commands that could not finish have left in the database.
struct Leftovers {
    invalid_indexes: Vec<String>,
    pending_detaches: Vec<String>,
    advice: Vec<String>,
}

impl Leftovers {
    fn new(indexes: &[InvalidIndex], detaches: &[PendingDetach]) -> Self {
        let of_index = |found: &InvalidIndex| {
            let index = &found.index;
            if found.is_leftover_of_reindex() {
                format!("the index {index} was left by REINDEX CONCURRENTLY: DROP INDEX CONCURRENTLY {index}")
            } else {
                format!(
                    "the index {index} is invalid: drop it, or build it anew with REINDEX INDEX CONCURRENTLY"
                )
            }
        };
        let of_detach = |PendingDetach { partition, table }: &PendingDetach| {
            format!(
                "the partition {partition} is half detached: ALTER TABLE {table} DETACH PARTITION {partition} FINALIZE"
            )
        };
        Self {
            invalid_indexes: indexes.iter().map(|found| found.index.to_string()).collect(),
            pending_detaches: detaches.iter().map(|found| found.partition.to_string()).collect(),
            advice: indexes
                .iter()
                .map(of_index)
                .chain(detaches.iter().map(of_detach))
                .collect(),
        }
    }
}

impl Shown {
    fn new(
        status: Status<'_, '_>,
        files: &MigrationSet,
        repeated: &[Repeated],
        leftovers: Leftovers,
    ) -> Self {
        let repeatable = files.repeatables().iter();
        let unfinished = status.unfinished.and_then(|row| {
            let unfinished = row.unfinished.as_ref()?;
            Some(UnfinishedLine {
                revision: row.revision.to_string(),
                name: row.name.clone(),
                direction: match unfinished.direction {
                    Direction::Up => "up",
                    Direction::Down => "down",
                },
                steps_done: unfinished.steps_done,
            })
        });
        let line = |(row, standing): (&ponte_schema::migration::Applied, Standing)| AppliedLine {
            revision: row.revision.to_string(),
            name: row.name.clone(),
            applied_at: row.applied_at.clone(),
            checksum_ok: standing.is_ok(),
            standing,
        };
        Self {
            applied: status.applied.into_iter().map(line).collect(),
            pending: status.pending.into_iter().map(Named::from).collect(),
            repeatable: repeatable
                .map(|file| RepeatableLine::new(file, repeated))
                .collect(),
            unfinished,
            invalid_indexes: leftovers.invalid_indexes,
            pending_detaches: leftovers.pending_detaches,
            advice: leftovers.advice,
        }
    }

    fn has_findings(&self) -> bool {
        !self.pending.is_empty()
            || self.repeatable.iter().any(|line| line.state != "applied")
            || self.unfinished.is_some()
            || !self.invalid_indexes.is_empty()
            || !self.pending_detaches.is_empty()
            || self.applied.iter().any(|line| !line.checksum_ok)
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let applied = self.applied.iter().map(|line| {
            let state = match line.standing {
                Standing::Same => "applied",
                Standing::Edited => "applied (comments, layout or DOWN edited since)",
                Standing::Changed => "applied, but its file CHANGED since",
                Standing::Missing => "applied, but its file is MISSING",
            };
            [
                line.revision.clone(),
                line.name.clone(),
                state.to_owned(),
                line.applied_at.clone(),
            ]
        });
        let pending = self.pending.iter().map(|named| {
            [
                named.revision.clone(),
                named.name.clone(),
                "pending".to_owned(),
                String::new(),
            ]
        });
        let repeatable = self.repeatable.iter().map(|line| {
            [
                String::new(),
                format!("R__{}", line.name),
                match line.state {
                    "changed" => "changed: to be run again".to_owned(),
                    state => state.to_owned(),
                },
                line.applied_at.clone().unwrap_or_default(),
            ]
        });
        let rows: Vec<[String; 4]> = applied.chain(pending).chain(repeatable).collect();
        if rows.is_empty() {
            return writeln!(out, "no migrations: the directory is empty and so is the history");
        }
        writeln!(
            out,
            "{}",
            output::table(["REVISION", "NAME", "STATE", "APPLIED AT"], rows)
        )?;
        if let Some(line) = &self.unfinished {
            let UnfinishedLine {
                revision,
                direction,
                steps_done,
                ..
            } = line;
            writeln!(
                out,
                "\n{revision} was left half done, {steps_done} statements in; go on with: ponte migrate {direction}"
            )?;
        }
        for advice in &self.advice {
            writeln!(out, "\n{advice}")?;
        }
        match self.pending.len() {
            0 => writeln!(out, "\nnothing is pending"),
            count => writeln!(
                out,
                "\n{} pending; apply with: ponte migrate up",
                migrations(count)
            ),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let files = target::files(context)?;
    let migrator = target::reader(context, servers).await?;
    let history = migrator.applied().await?;
    let leftovers = Leftovers::new(
        &migrator.invalid_indexes().await?,
        &migrator.pending_detaches().await?,
    );
    let repeated = migrator.repeated().await?;
    let shown = Shown::new(plan::status(&files, &history), &files, &repeated, leftovers);
    context.print(&shown)?;
    Ok(Verdict::found(args.check && shown.has_findings()))
}
