//! What a process of `ponte sync once` needs at most while every row of the table is pending.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::rate;
use crate::Result;
use crate::arena::{Arena, LARGE};
use crate::figure::{Bound, Figure, Sample, Unit};

/// How often the kernel is asked for the peak that it keeps.
const ASK_EVERY: Duration = Duration::from_millis(5);

const UPDATE_ALL: &str = "UPDATE perfis SET saldo = saldo + 1, updated_at = clock_timestamp()";

pub(super) async fn measure(arena: &Arena, ponte: &Path) -> Result<Vec<Figure>> {
    let rows = i64::try_from(arena.a.execute(UPDATE_ALL, &[]).await?)?;
    arena.rest("VACUUM (ANALYZE) perfis").await?;
    let (peak, taken) = run_once(ponte, &arena.project(), &["sync", "once", LARGE]).await?;
    arena.expect_equal("perfis").await?;
    let sample = |ours| vec![Sample { ours, raw: None }];
    Ok(vec![
        Figure::new(
            format!("memory, {rows} rows pending"),
            Unit::Mebibytes,
            sample(peak),
            &[Bound::AtMost(64.0)],
            Some(Bound::AtMost(32.0)),
        ),
        Figure::new(
            format!("`ponte sync once`, {rows} updates of one statement"),
            Unit::RowsPerSecond,
            sample(rate(rows, taken)),
            &[],
            None,
        ),
    ])
}

/// Runs the program to its end: the most memory that it held, in MiB, and how long it took.
pub(super) async fn run_once(ponte: &Path, project: &Path, arguments: &[&str]) -> Result<(f64, Duration)> {
    let started = Instant::now();
    let child = Command::new(std::path::absolute(ponte)?)
        .args(arguments)
        .current_dir(project)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let peak = peak_mebibytes(child, arguments).await?;
    Ok((peak, started.elapsed()))
}

/// The resident set at its largest. It only grows, so what was last read is short of the truth by the last few milliseconds.
async fn peak_mebibytes(mut child: Child, arguments: &[&str]) -> Result<f64> {
    let pid = child.id().ok_or("the process has ended already")?;
    let mut peak = None;
    loop {
        peak = high_water(pid).or(peak);
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                return Err(format!("ponte {}: {status}", arguments.join(" ")).into());
            }
            return peak.ok_or_else(|| "the kernel did not tell how much memory the process uses".into());
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

fn high_water(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes / 1024.0)
}
