//! What a link costs its nodes, and which of it a person should know about.

use std::time::Duration;

use ponte_engine::config::duration;
use ponte_pg::sync::costs::{Costs, FutureVersions, Holder, Skew};
use ponte_pg::sync::status::NodeStatus;
use serde::Serialize;

/// From here on a peer that takes nothing is worth a word.
const SILENT_SECONDS: f64 = 86_400.0;

/// From here on an open transaction is.
const OPEN_SECONDS: f64 = 600.0;

/// The same where a plain role may not know since when it is open.
const OPEN_TRANSACTIONS: i64 = 100_000;

#[derive(Debug, Serialize)]
pub(super) struct CostsLine {
    /// Of the link's tables, with indexes.
    pub(super) changelog_bytes: i64,
    /// When the node last heard that the other side has its changes.
    consumed_at: Option<String>,
    /// The oldest of each kind that keeps old row versions alive.
    held_by: Vec<HolderLine>,
    /// Changes made here whose version lay too far in the future.
    future_versions: Vec<FutureLine>,
    /// The node's clock minus this machine's.
    clock_skew_ms: f64,
}

#[derive(Debug, Serialize)]
struct HolderLine {
    kind: String,
    pid: Option<i32>,
    name: Option<String>,
    seconds: Option<f64>,
    transactions: i64,
    /// What cannot be given back before it ends.
    changelog_bytes: i64,
}

#[derive(Debug, Serialize)]
struct FutureLine {
    table: String,
    changes: i64,
    newest: Option<String>,
    last_at: Option<String>,
}

impl From<&NodeStatus> for CostsLine {
    fn from(status: &NodeStatus) -> Self {
        let Costs {
            changelog_bytes,
            consumed_at,
            holders,
            future,
            clock,
        } = status.costs.clone();
        Self {
            changelog_bytes,
            consumed_at,
            held_by: holders.into_iter().map(HolderLine::from).collect(),
            future_versions: future.iter().map(FutureLine::from).collect(),
            clock_skew_ms: clock.clock_skew_ms,
        }
    }
}

impl From<Holder> for HolderLine {
    fn from(holder: Holder) -> Self {
        let Holder {
            kind,
            pid,
            name,
            seconds,
            transactions,
            changelog_bytes,
        } = holder;
        Self {
            kind,
            pid,
            name,
            seconds,
            transactions,
            changelog_bytes,
        }
    }
}

impl From<&FutureVersions> for FutureLine {
    fn from(future: &FutureVersions) -> Self {
        Self {
            table: future.table.to_string(),
            changes: future.changes,
            newest: future.newest.clone(),
            last_at: future.last_at.clone(),
        }
    }
}

/// How far the clocks of the two nodes are apart, where both have answered.
pub(super) fn skew(statuses: &[Option<&NodeStatus>; 2]) -> Option<Skew> {
    let [Some(first), Some(second)] = statuses else {
        return None;
    };
    Some(Skew::between(&first.costs.clock, &second.costs.clock))
}

/// What is worth a word.
pub(super) fn warnings(link: &str, statuses: &[Option<&NodeStatus>; 2]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(skew) = skew(statuses).filter(Skew::is_worrying) {
        let seconds = (skew.ms / 1e3).abs();
        lines.push(format!(
            "the clocks of the nodes are {seconds:.1} s apart, so the later of two changes may lose; set them by NTP"
        ));
    }
    for status in statuses.iter().flatten() {
        lines.extend(silent_peer(link, status));
        lines.extend(status.costs.holders.iter().filter_map(|h| held(&status.node, h)));
        lines.extend(
            status
                .costs
                .future
                .iter()
                .map(|f| from_the_future(&status.node, f)),
        );
    }
    lines
}

fn silent_peer(link: &str, status: &NodeStatus) -> Option<String> {
    if status.lag_seconds < SILENT_SECONDS {
        return None;
    }
    let (node, bytes) = (&status.node, size(status.costs.changelog_bytes));
    let age = length(status.lag_seconds);
    Some(format!(
        "changes of {node} have been waiting for {age}, its changelog holds {bytes}; if the other side is gone for good: ponte sync drop {link} --node {node}"
    ))
}

fn held(node: &str, holder: &Holder) -> Option<String> {
    let old = holder
        .seconds
        .map_or(holder.transactions > OPEN_TRANSACTIONS, |s| s > OPEN_SECONDS);
    if !old && holder.changelog_bytes == 0 {
        return None;
    }
    let name = holder
        .name
        .as_deref()
        .map_or(String::new(), |name| format!(" \"{name}\""));
    let pid = holder.pid.map_or(String::new(), |pid| format!(" (pid {pid})"));
    let age = match holder.seconds {
        Some(seconds) => format!("open for {}", length(seconds)),
        None => format!("older than {} transactions", holder.transactions),
    };
    let bytes = match holder.changelog_bytes {
        0 => String::new(),
        bytes => format!(" and {} of changelog", size(bytes)),
    };
    Some(format!(
        "a {}{name}{pid} on {node}, {age}, holds back old rows{bytes}",
        holder.kind
    ))
}

fn from_the_future(node: &str, future: &FutureVersions) -> String {
    let newest = future.newest.as_deref().unwrap_or("unknown");
    format!(
        "{} changes of {} on {node} had versions too far in the future, the newest {newest}: they count as made when they were; correct the clock that wrote them",
        future.changes, future.table
    )
}

fn length(seconds: f64) -> String {
    duration::show(Duration::from_secs(seconds.max(0.0) as u64))
}

/// `8.0 MiB`
pub(super) fn size(bytes: i64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return match unit {
                "B" => format!("{bytes} B"),
                _ => format!("{value:.1} {unit}"),
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        for (bytes, told) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (8192, "8.0 KiB"),
            (1_572_864, "1.5 MiB"),
        ] {
            assert_eq!(size(bytes), told);
        }
    }

    #[test]
    fn a_short_transaction_is_not_worth_a_word() {
        let holder = |seconds, changelog_bytes| Holder {
            kind: "transaction".into(),
            pid: Some(7),
            name: Some("psql".into()),
            seconds,
            transactions: 3,
            changelog_bytes,
        };
        assert_eq!(held("a", &holder(Some(1.0), 0)), None);
        assert_eq!(held("a", &holder(None, 0)), None);
        assert_eq!(
            held("a", &holder(Some(3_600.0), 2048)).unwrap(),
            "a transaction \"psql\" (pid 7) on a, open for 1h, holds back old rows and 2.0 KiB of changelog"
        );
    }
}
