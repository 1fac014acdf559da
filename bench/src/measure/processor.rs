//! What capture costs the server's processor per transaction: one client, triggers on and off by turns in many short slices, commits that
//! do not wait for the disk. Transactions per second follow whatever else the machine does; time on the processor hardly does.

use tokio_postgres::{Client, Statement};

use super::LARGE;
use super::overhead::{CAPTURE_OFF, CAPTURE_ON, REMOVE_INSERTED, SCRIPTS};
use crate::arena::{Arena, OWNER};
use crate::figure::{Figure, Sample, Unit};
use crate::{Options, Result};

/// Slices with capture, and as many without, per repetition.
const SLICES: usize = 8;

/// Statements per slice that are not counted: they fill caches and bring the functions' plans.
const WARM_UP: i64 = 20;

/// Statements per slice and script.
const COUNTED: [i64; 2] = [800, 40];

/// The figures; none where the kernel does not tell what a process has used.
pub(super) async fn measure(arena: &Arena, options: &Options) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for ((name, script), counted) in SCRIPTS.into_iter().zip(COUNTED) {
        let mut samples = Vec::new();
        for slice in 0..SLICES * options.repetitions {
            arena.a.batch_execute(REMOVE_INSERTED).await?;
            let mut order = [CAPTURE_ON, CAPTURE_OFF];
            if !slice.is_multiple_of(2) {
                order.reverse();
            }
            let first = microseconds(arena, options.rows, script, counted, order[0]).await?;
            let second = microseconds(arena, options.rows, script, counted, order[1]).await?;
            let (Some(first), Some(second)) = (first, second) else {
                return Ok(Vec::new());
            };
            let (ours, off) = if order[0] == CAPTURE_ON {
                (first, second)
            } else {
                (second, first)
            };
            samples.push(Sample { ours, raw: Some(off) });
        }
        figures.push(Figure::new(
            format!("processor per transaction with capture, {name}"),
            Unit::Microseconds,
            samples,
            &[],
            None,
        ));
    }
    arena.a.batch_execute(CAPTURE_ON).await?;
    Ok(figures)
}

/// Time on the processor per transaction, in a session of its own.
async fn microseconds(
    arena: &Arena,
    rows: i64,
    script: &str,
    counted: i64,
    capture: &'static str,
) -> Result<Option<f64>> {
    arena.a.batch_execute(capture).await?;
    let client = ponte_testkit::connect(&arena.pair.a.url(LARGE, OWNER)).await;
    client.batch_execute("SET synchronous_commit = off").await?;
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    let statement = client.prepare(&plain(script)).await?;
    run(&client, &statement, rows, WARM_UP).await?;
    let before = nanoseconds_used(pid);
    run(&client, &statement, rows, counted).await?;
    let after = nanoseconds_used(pid);
    #[expect(clippy::cast_precision_loss, reason = "no figure has sixteen digits")]
    let each = |used: u64| used as f64 / 1e3 / counted as f64;
    Ok(before.zip(after).map(|(before, after)| each(after - before)))
}

/// Runs the statement so often, each time for another row where it asks for one.
async fn run(client: &Client, statement: &Statement, rows: i64, times: i64) -> Result<()> {
    for n in 0..times {
        if statement.params().is_empty() {
            client.execute(statement, &[]).await?;
        } else {
            // A prime step: the rows are spread over the table and none comes twice.
            let id = 1 + n * 7_919 % rows;
            client.execute(statement, &[&id]).await?;
        }
    }
    Ok(())
}

/// A script of pgbench without what only pgbench understands.
fn plain(script: &str) -> String {
    let lines = script.lines().filter(|line| !line.starts_with('\\'));
    lines.collect::<Vec<_>>().join("\n").replace(":id", "$1")
}

/// What a process has used, as Linux counts it.
fn nanoseconds_used(pid: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_becomes_a_statement() {
        let script = "\\set id random(1, :rows)\nUPDATE t SET a = 1 WHERE id = :id;\n";
        assert_eq!(plain(script), "UPDATE t SET a = 1 WHERE id = $1;");
    }
}
