//! What must hold when a history is over: the invariants of the sync.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ledger::{Fate, Key};
use crate::model::Model;
use crate::node::{CHILDREN, Row};

/// What the sync promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// When writes stop, all nodes become equal, but for rows in the quarantine, in a bounded number of passes.
    Convergence,
    /// A committed write is there, or was overwritten by one that had seen it, or its image is kept.
    NothingLost,
    /// A write that has seen another one does not lose to it.
    SeenLoses,
    /// Every value was written by a client whose transaction committed.
    NothingInvented,
    /// A pass always can go on, whatever died before.
    CrashSafe,
    /// A pass without changes writes nothing.
    QuietWhenIdle,
    /// A node without writes of its own goes from one committed state of its source to a later one.
    SnapshotConsistent,
}

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// Where and how.
    pub detail: String,
}

impl Violation {
    /// Says so.
    pub fn new(invariant: Invariant, detail: String) -> Self {
        Self { invariant, detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.detail)
    }
}

/// What the nodes hold in the end.
pub fn at_rest(model: &Model) -> Result<(), Violation> {
    converged(model)?;
    nothing_lost(model)?;
    seen_loses(model)?;
    nothing_invented(model)
}

/// Keys that somebody has to decide about.
fn set_aside(model: &Model) -> BTreeSet<Key> {
    let links = 0..model.links.len();
    links
        .flat_map(|link| model.nodes.iter().flat_map(move |node| node.waiting(link)))
        .collect()
}

fn converged(model: &Model) -> Result<(), Violation> {
    let aside = set_aside(model);
    let state = |number: usize| -> BTreeMap<Key, Row> {
        let rows = model.nodes[number].state();
        rows.into_iter().filter(|(key, _)| !aside.contains(key)).collect()
    };
    let first = state(0);
    for number in 1..model.nodes.len() {
        let other = state(number);
        let keys: BTreeSet<&Key> = first.keys().chain(other.keys()).collect();
        if let Some(key) = keys.into_iter().find(|key| first.get(key) != other.get(key)) {
            let stands =
                |row: Option<&Row>| row.map_or("nothing".to_owned(), |r| format!("write {}", r.stamp));
            let (here, there) = (stands(first.get(key)), stands(other.get(key)));
            let detail = format!("under {key:?} node 0 has {here}, node {number} has {there}");
            return Err(Violation::new(Invariant::Convergence, detail));
        }
    }
    Ok(())
}

fn nothing_lost(model: &Model) -> Result<(), Violation> {
    let kept: BTreeSet<usize> = model.nodes.iter().flat_map(|node| node.recorded()).collect();
    for stamp in 0..model.ledger.len() {
        let write = model.ledger.get(stamp);
        let stands = model.nodes.iter().any(|node| {
            let row = node.row(write.key, None);
            row.is_some_and(|(_, row)| row.stamp == stamp)
        });
        let accounted = stands || kept.contains(&stamp) || model.ledger.is_superseded(stamp);
        if write.fate == Fate::Committed && !accounted {
            let what = if write.delete { "the delete" } else { "the write" };
            let detail = format!(
                "{what} {stamp} of node {} under {:?} left no trace",
                write.node, write.key
            );
            return Err(Violation::new(Invariant::NothingLost, detail));
        }
    }
    Ok(())
}

/// What stands at the end was not overwritten by somebody who had seen it. Only the nodes' own clocks promise that, as long as nobody sets them back, and where no
/// constraint brings a row back.
fn seen_loses(model: &Model) -> Result<(), Violation> {
    let flavour = model.flavour;
    if flavour.app_versions || flavour.first_wins || flavour.constraints || flavour.clock_steps {
        return Ok(());
    }
    for stamp in 0..model.ledger.len() {
        let write = model.ledger.get(stamp);
        let stands = |row: Option<(_, Row)>| row.is_some_and(|(_, row)| row.stamp == stamp);
        let Some(by) = model.ledger.overwritten_by(stamp) else {
            continue;
        };
        if let Some(node) = model
            .nodes
            .iter()
            .position(|node| stands(node.row(write.key, None)))
        {
            let detail = format!(
                "node {node} has write {stamp} under {:?}, and write {by} had seen it",
                write.key
            );
            return Err(Violation::new(Invariant::SeenLoses, detail));
        }
    }
    Ok(())
}

fn nothing_invented(model: &Model) -> Result<(), Violation> {
    for (number, node) in model.nodes.iter().enumerate() {
        let state = node.state();
        for (key, row) in &state {
            if model.ledger.get(row.stamp).fate != Fate::Committed {
                let detail = format!(
                    "node {number} has write {} under {key:?}, which never was",
                    row.stamp
                );
                return Err(Violation::new(Invariant::NothingInvented, detail));
            }
        }
        orphans_of(number, &state)?;
    }
    Ok(())
}

fn orphans_of(number: usize, state: &BTreeMap<Key, Row>) -> Result<(), Violation> {
    for (key, row) in state.iter().filter(|(key, _)| key.table == CHILDREN) {
        let parent = row.parent.map(|id| Key { table: 0, id });
        if parent.is_some_and(|parent| !state.contains_key(&parent)) {
            let detail = format!("node {number} has a child {key:?} without its parent");
            return Err(Violation::new(Invariant::NothingInvented, detail));
        }
    }
    Ok(())
}
