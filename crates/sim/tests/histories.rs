//! The fixed set: with every rule in place no history violates anything, whatever dies in it and whenever.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the harness shows what a test prints where it fails"
)]

use std::collections::BTreeSet;

use ponte_sim::history::History;
use ponte_sim::mutation::Mutation;
use ponte_sim::shrink::shrink;
use ponte_sim::topology::Topology;
use ponte_sim::world::{self, Coverage};

/// Runs the first thousand seeds. `open` are the ones that show what `docs/proof.md` lists as not solved yet; one of them that no
/// longer fails has to leave the list.
#[track_caller]
fn check(topology: Topology, open: &[u64]) -> Coverage {
    let mut coverage = Coverage::default();
    let mut failing = Vec::new();
    for seed in 0..1_000 {
        let (violation, seen) = world::run(&History::of(seed, topology), None);
        coverage.add(&seen);
        if let Some(violation) = violation {
            println!(
                "{violation}; again: cargo run -p ponte-sim -- --seed {seed} --topology {}",
                topology.name()
            );
            failing.push(seed);
        }
    }
    assert_eq!(failing, open, "seeds that fail on a {}", topology.name());
    coverage
}

/// AT-001, AT-005, AT-006: transactions stay open while later ones are shipped, and some roll back.
/// AT-020: both sides write, and a pass without changes writes nothing.
/// AT-027, AT-140: processes die at every action of a pass, also between the commit and the acknowledgement.
#[test]
fn two_nodes_agree_whatever_dies_and_whenever() {
    let coverage = check(Topology::Pair, &[]);
    let killed: BTreeSet<&str> = coverage.killed.keys().map(String::as_str).collect();
    let actions = [
        "ReadStandings",
        "CountPending",
        "BeginReading",
        "TakeFence",
        "FillStage",
        "EndReading",
        "LookForLocal",
        "Sweep",
        "Pin",
        "Write",
        "LookForRewrites",
        "Record",
        "Harden",
        "LookForOverlap",
        "Commit",
        "Acknowledge",
    ];
    for action in actions {
        assert!(
            killed.contains(action),
            "no process was killed at {action}: {killed:?}"
        );
    }
    assert!(
        coverage.writes > 3_000 && coverage.records > 100,
        "hardly anything happened: {coverage:?}"
    );
}

/// AT-022: what comes over one link goes on over the next.
#[test]
fn a_chain_agrees() {
    check(Topology::Chain, &[]);
}

/// AT-022: and it ends where it came from.
#[test]
fn a_ring_agrees_and_falls_silent() {
    check(Topology::Ring, &[50, 353, 610, 662, 849, 886]);
}

#[test]
fn a_star_agrees() {
    check(Topology::Star, &[71]);
}

#[test]
fn a_mesh_agrees_and_falls_silent() {
    check(Topology::Mesh, &[470, 525, 550, 783, 898, 911]);
}

#[test]
fn the_same_seed_is_the_same_history() {
    let told = |seed| format!("{:?}", world::run(&History::of(seed, Topology::Mesh), None));
    assert_eq!(told(7), told(7));
    assert_ne!(History::of(7, Topology::Mesh), History::of(8, Topology::Mesh));
}

#[test]
fn a_failing_history_shrinks_to_the_steps_it_needs_and_fails_again() {
    let mutation = Some(Mutation::NoRecord);
    let fails = |history: &History| world::run(history, mutation).0.is_some();
    let history = (0..)
        .map(|seed| History::of(seed, Topology::Pair))
        .find(fails)
        .unwrap();
    let kept = shrink(&history, mutation);
    assert!(fails(&history.keeping(|place| kept.contains(&place))));
    assert!(
        kept.len() * 3 < history.steps.len(),
        "{} of {}",
        kept.len(),
        history.steps.len()
    );
    for dropped in &kept {
        let smaller = history.keeping(|place| kept.contains(&place) && place != *dropped);
        assert!(!fails(&smaller), "step {dropped} is not needed");
    }
}
