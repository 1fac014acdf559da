//! Processor time and memory of processes and of those that they started, as Linux tells them. Elsewhere there are no figures.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// How often it is looked. A process that ends in between is missing up to so much.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The servers' own processes that belong to replication.
const BACKENDS: &str = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender' \
     OR backend_type LIKE 'logical replication %worker' OR backend_type LIKE 'pglogical %'";

/// Where to find the processes of a product.
#[derive(Clone)]
pub(super) enum Roots {
    /// Those of the servers that replicate.
    Backends(Arc<Client>, Arc<Client>),
    /// A program that writes its process id into a file.
    PidFile(PathBuf),
    /// A program of ours.
    Child(Arc<Mutex<Option<u32>>>),
}

impl Roots {
    async fn find(&self) -> Vec<u32> {
        match self {
            Self::Backends(a, b) => {
                let mut found = Vec::new();
                for client in [a, b] {
                    let rows = client.query(BACKENDS, &[]).await.unwrap_or_default();
                    found.extend(
                        rows.iter()
                            .filter_map(|row| u32::try_from(row.get::<_, i32>(0)).ok()),
                    );
                }
                found
            }
            Self::PidFile(path) => pid_in(path).into_iter().collect(),
            Self::Child(pid) => pid.lock().ok().and_then(|pid| *pid).into_iter().collect(),
        }
    }
}

/// The process id on the first line of a file.
pub(super) fn pid_in(path: &PathBuf) -> Option<u32> {
    std::fs::read_to_string(path)
        .ok()?
        .lines()
        .next()?
        .trim()
        .parse()
        .ok()
}

/// What was used since the meter began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// Of the product's processes.
    pub(super) cpu_seconds: f64,
    /// The most that they held together, without what they share with a server.
    pub(super) peak_mebibytes: f64,
    /// Of all processes of both servers.
    pub(super) servers_cpu_seconds: f64,
}

/// Looks again and again, until it is dropped.
pub(super) struct Meter {
    roots: Roots,
    seen: Arc<Mutex<Seen>>,
    postmasters: Vec<u32>,
    servers_before: f64,
    looking: JoinHandle<()>,
}

/// Processor time of each process: at first and at last.
#[derive(Debug, Default)]
struct Seen {
    processes: HashMap<u32, (f64, f64)>,
    peak_mebibytes: f64,
}

impl Seen {
    /// A process that appears only after the beginning counts from zero.
    fn look(&mut self, roots: &[u32], beginning: bool) {
        let mut held = 0.0;
        for pid in with_children(roots) {
            let Some(cpu) = cpu_seconds(pid) else { continue };
            let process = self
                .processes
                .entry(pid)
                .or_insert((if beginning { cpu } else { 0.0 }, cpu));
            process.1 = cpu;
            held += own_mebibytes(pid).unwrap_or(0.0);
        }
        self.peak_mebibytes = self.peak_mebibytes.max(held);
    }
}

impl Meter {
    pub(super) async fn begin(roots: Roots, postmasters: Vec<u32>) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        look(&roots, &seen, true).await;
        let looking = {
            let (roots, seen) = (roots.clone(), Arc::clone(&seen));
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(LOOK_EVERY).await;
                    look(&roots, &seen, false).await;
                }
            })
        };
        Self {
            roots,
            seen,
            servers_before: servers_seconds(&postmasters),
            postmasters,
            looking,
        }
    }

    /// What was used until now.
    pub(super) async fn read(&self) -> Usage {
        let servers_cpu_seconds = servers_seconds(&self.postmasters) - self.servers_before;
        look(&self.roots, &self.seen, false).await;
        let Ok(seen) = self.seen.lock() else {
            return Usage::default();
        };
        Usage {
            cpu_seconds: seen.processes.values().map(|(first, last)| last - first).sum(),
            peak_mebibytes: seen.peak_mebibytes,
            servers_cpu_seconds,
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

async fn look(roots: &Roots, seen: &Mutex<Seen>, beginning: bool) {
    let roots = roots.find().await;
    if let Ok(mut seen) = seen.lock() {
        seen.look(&roots, beginning);
    }
}

/// These processes and all that they started.
pub(super) fn with_children(roots: &[u32]) -> Vec<u32> {
    let mut all = roots.to_vec();
    let mut next = 0;
    while let Some(pid) = all.get(next).copied() {
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            if !all.contains(&child) {
                all.push(child);
            }
        }
        next += 1;
    }
    all
}

/// Those of a server that have ended are in its own account.
fn servers_seconds(postmasters: &[u32]) -> f64 {
    let living: f64 = with_children(postmasters)
        .into_iter()
        .filter_map(cpu_seconds)
        .sum();
    let ended: f64 = postmasters.iter().filter_map(|pid| Some(stat(*pid)?.1)).sum();
    living + ended
}

fn cpu_seconds(pid: u32) -> Option<f64> {
    Some(stat(pid)?.0)
}

/// Seconds of a process, and of its children that have ended.
fn stat(pid: u32) -> Option<(f64, f64)> {
    parse_stat(
        &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?,
        rustix::param::clock_ticks_per_second(),
    )
}

#[expect(clippy::cast_precision_loss, reason = "no process has run for 2^53 ticks")]
fn parse_stat(text: &str, ticks_per_second: u64) -> Option<(f64, f64)> {
    // The program's name stands in parentheses and may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let ticks: Vec<u64> = rest
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|field| field.parse().ok())
        .collect();
    let [user, system, children_user, children_system] = ticks[..] else {
        return None;
    };
    let seconds = |ticks: u64| ticks as f64 / ticks_per_second as f64;
    Some((seconds(user + system), seconds(children_user + children_system)))
}

/// Memory that is resident and not shared with a server's other processes.
fn own_mebibytes(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kibibytes = |name: &str| -> Option<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some((kibibytes("RssAnon:")? + kibibytes("RssFile:")?) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_parentheses_and_spaces_in_its_name() {
        let text = "7 (a) (b c) S 1 2 3 4 5 6 7 8 9 10 150 50 30 20 20 0";
        assert_eq!(parse_stat(text, 100), Some((2.0, 0.5)));
        assert_eq!(parse_stat("7 (a) S 1", 100), None);
    }
}
