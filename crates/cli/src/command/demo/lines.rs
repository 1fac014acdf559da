//! The demo without a terminal: a line a second, and one for each conflict.

use std::time::Duration;

use ponte_engine::demo::{Mood, NodeView, Show, Snapshot};
use ponte_pg::sync::conflicts::Conflict;

use super::End;
use super::view::conflict::Told;
use crate::context::Context;

const PACE: Duration = Duration::from_secs(1);

/// How many conflicts are told per line of figures.
const CONFLICTS_MAX: usize = 3;

/// Says how it goes until the end is reached.
pub(super) async fn watch(context: &Context, show: &Show, end: &End) {
    let mut told = Seen::default();
    while !show.is_over() {
        let snapshot = show.snapshot();
        if end.reached(snapshot.elapsed) {
            return;
        }
        for line in told.lines(&snapshot) {
            context.note(line);
        }
        let rest = end
            .after
            .map_or(PACE, |after| after.saturating_sub(snapshot.elapsed).min(PACE));
        tokio::select! {
            () = end.asked.cancelled() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// What has been told already.
#[derive(Default)]
struct Seen {
    newest_conflict: Option<(String, i64)>,
    mood: Option<Mood>,
}

impl Seen {
    fn lines(&mut self, snapshot: &Snapshot) -> Vec<String> {
        let mut lines = Vec::new();
        if self.mood.as_ref() != Some(&snapshot.mood) {
            self.mood = Some(snapshot.mood.clone());
            match &snapshot.mood {
                Mood::Starting | Mood::Running => {}
                Mood::Paused => lines.push("the link is paused".to_owned()),
                Mood::Retrying(reason) => lines.push(format!("trying again: {reason}")),
                Mood::Stopped(reason) => lines.push(format!("stopped: {reason}")),
            }
        }
        if snapshot.nodes.iter().all(|node| node.rows.is_some()) {
            lines.push(figures(snapshot));
        }
        let name = |c: &Conflict| (c.node.clone(), c.id);
        let known = self.newest_conflict.clone();
        let fresh = snapshot
            .conflicts
            .iter()
            .take_while(|c| Some(name(c)) != known)
            .take(CONFLICTS_MAX);
        let mut fresh: Vec<&Conflict> = fresh.collect();
        if let Some(newest) = fresh.first() {
            self.newest_conflict = Some(name(newest));
        }
        fresh.reverse();
        lines.extend(
            fresh
                .into_iter()
                .map(|c| format!("      conflict, {}", Told::of(c).sentence())),
        );
        lines
    }
}

fn figures(snapshot: &Snapshot) -> String {
    let [first, second] = &snapshot.nodes;
    let totals = &snapshot.totals;
    format!(
        "{:4}s {} | {} | carried {} in {} passes, {} conflicts",
        snapshot.elapsed.as_secs(),
        node(first),
        node(second),
        totals.upserts + totals.deletes,
        totals.passes,
        totals.conflicts
    )
}

fn node(node: &NodeView) -> String {
    format!(
        "{} {} rows, {:.0} writes/s, {} pending, lag {:.0} ms",
        node.name,
        node.rows.unwrap_or(0),
        node.writes_per_second,
        node.pending,
        node.lag_seconds * 1e3
    )
}

#[cfg(test)]
mod tests {
    use super::super::view::tests::snapshot;
    use super::*;

    #[test]
    fn figures_are_told_every_time_and_each_conflict_once() {
        let mut seen = Seen::default();
        let mut snapshot = snapshot();
        let newest = snapshot.conflicts.remove(0);
        let first = seen.lines(&snapshot);
        assert_eq!(first.len(), 1 + CONFLICTS_MAX, "{first:#?}");
        assert_eq!(
            first[0],
            "  72s replit 1204 rows, 42 writes/s, 2 pending, lag 12 ms | neon 1203 rows, 42 writes/s, 2 pending, lag 12 ms \
             | carried 2511 in 217 passes, 12 conflicts"
        );
        assert_eq!(seen.lines(&snapshot).len(), 1);
        snapshot.conflicts.insert(0, newest);
        assert_eq!(
            seen.lines(&snapshot)[1..],
            ["      conflict, row 1001, changed on both sides: neon stays, replit is kept aside"]
        );
    }

    #[test]
    fn a_link_that_is_stopped_is_told_once() {
        let mut seen = Seen::default();
        let mut snapshot = snapshot();
        snapshot.conflicts.clear();
        snapshot.mood = Mood::Stopped("duplicate key in perfis".into());
        assert_eq!(seen.lines(&snapshot)[0], "stopped: duplicate key in perfis");
        assert_eq!(seen.lines(&snapshot).len(), 1);
    }
}
