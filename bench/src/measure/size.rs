//! What a pass costs against the size of the table: it should follow the number of changed rows and nothing else.
//!
//! One narrow table per size, in databases of their own, equal on both sides before the link is made.

use std::time::Instant;

use ponte_engine::config::{Config, Environment};
use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::{LiveLink, init, plan_init};
use ponte_testkit::connect;
use tempfile::TempDir;
use tokio_postgres::Client;

use super::milliseconds;
use crate::arena::{Arena, OWNER};
use crate::figure::{Figure, Sample, Unit};
use crate::plot::{Line, Plot};
use crate::{Options, Result};

/// How many rows change before each pass.
const CHANGED: [i64; 3] = [1, 10, 100];

/// Passes per point.
const PASSES: i64 = 21;

const DATABASE: &str = "tamanhos";

/// The figures, and the same as a picture.
pub(super) async fn measure(arena: &Arena, options: &Options) -> Result<(Vec<Figure>, Plot)> {
    let urls = [
        arena.pair.a.create_database(DATABASE, OWNER).await,
        arena.pair.b.create_database(DATABASE, OWNER).await,
    ];
    let mut figures = Vec::new();
    let mut lines: Vec<Line> = CHANGED.map(|n| Line::new(&format!("{n} changed"))).into();
    let mut rows = 1_000;
    while rows <= options.size_rows_max {
        let (mut link, client) = linked(&urls, rows).await?;
        for (changed, line) in CHANGED.into_iter().zip(&mut lines) {
            let samples = passes(&mut link, &client, rows, changed).await?;
            let figure = Figure::new(
                format!("pass over {rows} rows, {changed} changed"),
                Unit::Milliseconds,
                samples,
                &[],
                None,
            );
            line.point(rows, figure.ours());
            figures.push(figure);
        }
        rows *= 10;
    }
    let plot = Plot {
        title: "Milliseconds of a pass, by rows in the table and rows changed",
        lines,
    };
    Ok((figures, plot))
}

/// A table of so many rows on both sides, linked without a copy.
async fn linked(urls: &[String; 2], rows: i64) -> Result<(LiveLink, Client)> {
    let [a, _] = fill(urls, rows).await?;
    let project = project(urls, rows)?;
    let config = Config::open(project.path(), None, Environment::of_process())?;
    let servers = Servers::new(&config);
    let plan = LinkPlan::new(&config, config.link(&format!("t{rows}"))?)?;
    let mut peers = plan.peers(&servers).await?;
    let installed = plan_init(&plan.spec, &mut peers).await?;
    init(plan.spec.clone(), peers, installed).await?;
    Ok((plan.open(&servers).await?, a))
}

/// The same rows on both sides, made where they are; the index comes after them, which for many is the quicker way.
pub(super) async fn fill(urls: &[String; 2], rows: i64) -> Result<[Client; 2]> {
    let fill = format!(
        "CREATE TABLE t{rows} (id bigint NOT NULL, valor bigint NOT NULL, updated_at timestamptz NOT NULL);
         INSERT INTO t{rows} SELECT n, n, '2026-01-01' FROM generate_series(1, {rows}) n;
         ALTER TABLE t{rows} ADD PRIMARY KEY (id)"
    );
    let (a, b) = (connect(&urls[0]).await, connect(&urls[1]).await);
    tokio::try_join!(a.batch_execute(&fill), b.batch_execute(&fill))?;
    // Hint bits are written now and not while something is measured.
    let tidy = format!("VACUUM (ANALYZE) t{rows}");
    tokio::try_join!(a.batch_execute(&tidy), b.batch_execute(&tidy))?;
    Ok([a, b])
}

/// A project with a link over that table.
pub(super) fn project(urls: &[String; 2], rows: i64) -> Result<TempDir> {
    let project = tempfile::tempdir()?;
    let toml = format!(
        "[nodes.a]\nurl = \"{}\"\n[nodes.b]\nurl = \"{}\"\n[[links]]\nname = \"t{rows}\"\nbetween = [\"a\", \"b\"]\n\
         every = \"continuous\"\ninitial = \"none\"\n[[links.tables]]\ntable = \"t{rows}\"\n",
        urls[0], urls[1]
    );
    std::fs::write(project.path().join("ponte.toml"), toml)?;
    Ok(project)
}

/// Changes rows that are spread over the whole table, then times the pass that carries them.
async fn passes(link: &mut LiveLink, client: &Client, rows: i64, changed: i64) -> Result<Vec<Sample>> {
    let update = client
        .prepare(&format!(
            "UPDATE t{rows} SET valor = valor + 1, updated_at = clock_timestamp() \
             WHERE id IN (SELECT 1 + (n * {step} + $1::bigint) % {rows} FROM generate_series(0, {changed} - 1) n)",
            step = rows / changed
        ))
        .await?;
    let mut samples = Vec::new();
    for pass in 0..PASSES {
        client.execute(&update, &[&(pass * 7)]).await?;
        let started = Instant::now();
        let report = link.pass().await?;
        let time = started.elapsed();
        let written: u64 = report.directions.iter().map(|d| d.applied.upserts).sum();
        if i64::try_from(written)? != changed {
            return Err(format!("a pass carried {written} rows and not {changed}").into());
        }
        // The first one prepares statements, which is paid once per connection.
        if pass > 0 {
            samples.push(Sample {
                ours: milliseconds(time),
                raw: None,
            });
        }
    }
    Ok(samples)
}
