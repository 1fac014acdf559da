//! Many small migrations, beside dbmate with the same files on the same server, and what `status` costs afterwards.
//!
//! Whole processes are timed, from the start of the program to its end, as a deployment would.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use super::milliseconds;
use crate::arena::{Arena, OWNER};
use crate::figure::{Bound, Figure, Sample, Unit};
use crate::{Options, Result, say};

const MIGRATIONS: usize = 200;
const MIGRATIONS_QUICK: usize = 20;
const STATUS_RUNS: usize = 20;

pub(super) async fn measure(arena: &Arena, options: &Options, ponte: &Path) -> Result<Vec<Figure>> {
    let count = if options.quick {
        MIGRATIONS_QUICK
    } else {
        MIGRATIONS
    };
    let project = tempfile::tempdir()?;
    write_files(&project.path().join("migrations"), count)?;
    if options.dbmate.is_none() {
        say("  without --dbmate there is nothing beside ours");
    }
    let mut samples = Vec::new();
    let mut url = String::new();
    for repetition in options.repetitions() {
        url = arena
            .pair
            .a
            .create_database(&format!("migrate_{repetition}"), OWNER)
            .await;
        let raw = match &options.dbmate {
            Some(dbmate) => {
                let theirs = format!("dbmate_{repetition}");
                let theirs = arena.pair.a.create_database(&theirs, OWNER).await + "?sslmode=disable";
                let arguments = [
                    "--no-dump-schema",
                    "--migrations-dir",
                    "migrations",
                    "--url",
                    &theirs,
                    "up",
                ];
                Some(timed(dbmate, project.path(), "", &arguments).await?.as_secs_f64())
            }
            None => None,
        };
        let ours = timed(ponte, project.path(), &url, &["migrate", "up"])
            .await?
            .as_secs_f64();
        samples.push(Sample { ours, raw });
    }
    let mut status = Vec::new();
    for _ in 0..STATUS_RUNS {
        let ours = milliseconds(timed(ponte, project.path(), &url, &["migrate", "status"]).await?);
        status.push(Sample { ours, raw: None });
    }
    let beside: &[Bound] = match &options.dbmate {
        Some(_) => &[Bound::RatioAtMost(1.0)],
        None => &[],
    };
    Ok(vec![
        Figure::new(
            format!("{count} small migrations, of dbmate"),
            Unit::Seconds,
            samples,
            beside,
            None,
        ),
        Figure::new(
            format!("`ponte migrate status`, {count} applied"),
            Unit::Milliseconds,
            status,
            &[Bound::AtMost(50.0)],
            None,
        ),
    ])
}

/// With the markers of dbmate, which both programs read.
fn write_files(directory: &Path, count: usize) -> Result<()> {
    std::fs::create_dir(directory)?;
    for number in 1..=count {
        let text = format!(
            "-- migrate:up\nCREATE TABLE t{number} (id bigint PRIMARY KEY, name text NOT NULL);\n\
             CREATE INDEX t{number}_name ON t{number} (name);\n\n-- migrate:down\nDROP TABLE t{number};\n"
        );
        std::fs::write(directory.join(format!("{number:014}_t{number}.sql")), text)?;
    }
    Ok(())
}

/// One run of a program that has to succeed.
async fn timed(program: &Path, project: &Path, url: &str, arguments: &[&str]) -> Result<Duration> {
    let started = Instant::now();
    let ended = Command::new(std::path::absolute(program)?)
        .args(arguments)
        .current_dir(project)
        .env("DATABASE_URL", url)
        .stdin(Stdio::null())
        .output()
        .await?;
    let taken = started.elapsed();
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        return Err(format!("{} {}: {said}", program.display(), arguments.join(" ")).into());
    }
    Ok(taken)
}
