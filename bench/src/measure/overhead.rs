//! What capture takes from the writers: pgbench with two clients on one server, triggers on and off by turns, no sync running; before
//! that, the time on the processor alone ([`processor`]).

use super::{LARGE, processor};
use crate::arena::Arena;
use crate::figure::{Bound, Figure, Sample, Unit};
use crate::raw::client_program;
use crate::{Options, Result};

pub(super) const SCRIPTS: [(&str, &str); 2] = [
    ("one-row UPDATE", include_str!("../../pgbench/update1.sql")),
    ("100-row INSERT", include_str!("../../pgbench/insert100.sql")),
];

pub(super) const CAPTURE_ON: &str = "ALTER TABLE perfis ENABLE TRIGGER USER";
pub(super) const CAPTURE_OFF: &str = "ALTER TABLE perfis DISABLE TRIGGER USER";
/// Rows were inserted with keys of their own so far.
const SEQUENCE: &str =
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

/// Transactions per second as pgbench counts them, without the time for connecting.
async fn transactions(arena: &Arena, options: &Options, script: &str, capture: &'static str) -> Result<f64> {
    arena.a.batch_execute(CAPTURE_OFF).await?;
    arena.a.batch_execute(REMOVE_INSERTED).await?;
    arena.rest("VACUUM perfis").await?;
    arena.a.batch_execute(capture).await?;
    let file = arena.project().join("pgbench.sql");
    std::fs::write(&file, script)?;
    let output = client_program(&arena.pair.a, "pgbench")
        .args(["-n", "-c", "2", "-j", "1", "-M", "prepared"])
        .args(["-T", &options.seconds.to_string()])
        .args(["-D", &format!("rows={}", options.rows)])
        .arg("-f")
        .arg(&file)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figure = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    figure.ok_or_else(|| format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into())
}
