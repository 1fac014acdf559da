//! Many small migrations, beside dbmate and sqlx with the same statements on the same server, and what `status` costs afterwards.
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
    write_files(project.path(), count)?;
    let others = Other::of(options);
    if others.is_empty() {
        say("  without --dbmate or --sqlx there is nothing beside ours");
    }
    let mut ours = Vec::new();
    let mut theirs: Vec<Vec<f64>> = vec![Vec::new(); others.len()];
    let mut url = String::new();
    for repetition in options.repetitions() {
        for (other, taken) in others.iter().zip(&mut theirs) {
            let name = format!("{}_{repetition}", other.name);
            let url = arena.pair.a.create_database(&name, OWNER).await + "?sslmode=disable";
            taken.push(
                timed(other.program, project.path(), &url, other.arguments)
                    .await?
                    .as_secs_f64(),
            );
        }
        url = arena
            .pair
            .a
            .create_database(&format!("migrate_{repetition}"), OWNER)
            .await;
        let taken = timed(ponte, project.path(), &url, &["migrate", "up"]).await?;
        ours.push(taken.as_secs_f64());
    }
    let mut status = Vec::new();
    for _ in 0..STATUS_RUNS {
        let ours = milliseconds(timed(ponte, project.path(), &url, &["migrate", "status"]).await?);
        status.push(Sample { ours, raw: None });
    }
    let mut figures = beside_others(count, &ours, &others, &theirs);
    figures.push(Figure::new(
        format!("`ponte migrate status`, {count} applied"),
        Unit::Milliseconds,
        status,
        &[Bound::AtMost(50.0)],
        None,
    ));
    Ok(figures)
}

/// A program that does the same.
struct Other<'o> {
    name: &'static str,
    program: &'o Path,
    arguments: &'static [&'static str],
}

impl<'o> Other<'o> {
    fn of(options: &'o Options) -> Vec<Self> {
        let dbmate = options.dbmate.as_deref().map(|program| Self {
            name: "dbmate",
            program,
            arguments: &["--no-dump-schema", "--migrations-dir", "migrations", "up"],
        });
        let sqlx = options.sqlx.as_deref().map(|program| Self {
            name: "sqlx",
            program,
            arguments: &["migrate", "run", "--source", "sqlx"],
        });
        dbmate.into_iter().chain(sqlx).collect()
    }
}

fn beside_others(count: usize, ours: &[f64], others: &[Other<'_>], theirs: &[Vec<f64>]) -> Vec<Figure> {
    let figure = |title: String, raw: Option<&Vec<f64>>| {
        let samples = ours.iter().enumerate().map(|(index, ours)| Sample {
            ours: *ours,
            raw: raw.and_then(|raw| raw.get(index).copied()),
        });
        let bounds: &[Bound] = match raw {
            Some(_) => &[Bound::RatioAtMost(1.0)],
            None => &[],
        };
        Figure::new(title, Unit::Seconds, samples.collect(), bounds, None)
    };
    if others.is_empty() {
        return vec![figure(format!("{count} small migrations"), None)];
    }
    let with = |(other, raw): (&Other<'_>, &Vec<f64>)| {
        figure(format!("{count} small migrations, of {}", other.name), Some(raw))
    };
    others.iter().zip(theirs).map(with).collect()
}

/// The same statements twice: `migrations` with the markers of dbmate, which both programs read, `sqlx` without what undoes them.
fn write_files(project: &Path, count: usize) -> Result<()> {
    let marked = project.join("migrations");
    let plain = project.join("sqlx");
    std::fs::create_dir(&marked)?;
    std::fs::create_dir(&plain)?;
    for number in 1..=count {
        let up = format!(
            "CREATE TABLE t{number} (id bigint PRIMARY KEY, name text NOT NULL);\n\
             CREATE INDEX t{number}_name ON t{number} (name);\n"
        );
        let both = format!("-- migrate:up\n{up}\n-- migrate:down\nDROP TABLE t{number};\n");
        let file = format!("{number:014}_t{number}.sql");
        std::fs::write(marked.join(&file), both)?;
        std::fs::write(plain.join(&file), up)?;
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
