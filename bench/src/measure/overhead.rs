//! What capture takes from the writers: pgbench with two clients on one server, triggers on and off by turns, no sync running; before
//! that, the time on the processor alone ([`processor`]).

use ponte_testkit::{Pair, TestCluster};
use tokio_postgres::Client;

use super::{LARGE, processor};
use crate::arena::{Arena, rest};
use crate::figure::{Bound, Figure, Sample, Unit};
use crate::raw::client_program;
use crate::{Options, Result};

pub(crate) const SCRIPTS: [(&str, &str); 2] = [
    ("one-row UPDATE", include_str!("../../pgbench/update1.sql")),
    ("100-row INSERT", include_str!("../../pgbench/insert100.sql")),
];

pub(crate) const CAPTURE_ON: &str = "ALTER TABLE perfis ENABLE TRIGGER USER";
pub(crate) const CAPTURE_OFF: &str = "ALTER TABLE perfis DISABLE TRIGGER USER";
/// Rows were inserted with keys of their own so far.
pub(crate) const SEQUENCE: &str =
    "SELECT setval(pg_get_serial_sequence('perfis', 'id'), (SELECT max(id) + 1 FROM perfis))";
pub(super) const REMOVE_INSERTED: &str = "DELETE FROM perfis WHERE telefone = '+55 11 900000000'";

pub(super) async fn measure(arena: &Arena, options: &Options) -> Result<Vec<Figure>> {
    arena.a.execute(SEQUENCE, &[]).await?;
    let mut figures = processor::measure(arena, options).await?;
    for (name, script) in SCRIPTS {
        let mut samples = Vec::new();
        for repetition in options.repetitions() {
            let (on, off);
            if repetition.is_multiple_of(2) {
                off = transactions(arena, options, script, CAPTURE_OFF).await?;
                on = transactions(arena, options, script, CAPTURE_ON).await?;
            } else {
                on = transactions(arena, options, script, CAPTURE_ON).await?;
                off = transactions(arena, options, script, CAPTURE_OFF).await?;
            }
            samples.push(Sample {
                ours: on,
                raw: Some(off),
            });
        }
        figures.push(Figure::new(
            format!("source with capture, {name}"),
            Unit::TransactionsPerSecond,
            samples,
            &[Bound::RatioAtLeast(0.92)],
            Some(Bound::RatioAtLeast(0.97)),
        ));
    }
    arena.drop_link(LARGE).await?;
    Ok(figures)
}

async fn transactions(arena: &Arena, options: &Options, script: &str, capture: &'static str) -> Result<f64> {
    prepare(&arena.pair, &arena.a, capture).await?;
    pgbench(&arena.pair.a, options, script).await
}

/// Puts the first side back to where each run begins, with its triggers on or off.
pub(crate) async fn prepare(pair: &Pair, a: &Client, capture: &'static str) -> Result<()> {
    a.batch_execute(CAPTURE_OFF).await?;
    a.batch_execute(REMOVE_INSERTED).await?;
    rest(pair, "VACUUM perfis").await?;
    Ok(a.batch_execute(capture).await?)
}

/// Transactions per second as pgbench counts them, without the time for connecting.
pub(crate) async fn pgbench(cluster: &TestCluster, options: &Options, script: &str) -> Result<f64> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), script)?;
    let output = client_program(cluster, "pgbench")
        .args(["-n", "-c", "2", "-j", "1", "-M", "prepared"])
        .args(["-T", &options.seconds.to_string()])
        .args(["-D", &format!("rows={}", options.rows)])
        .arg("-f")
        .arg(file.path())
        .kill_on_drop(true)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figure = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    figure.ok_or_else(|| format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into())
}
