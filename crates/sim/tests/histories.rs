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

/// Runs the first thousand seeds.
#[track_caller]
fn check(topology: Topology) -> Coverage {
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
    assert!(
        failing.is_empty(),
        "seeds that fail on a {}: {failing:?}",
        topology.name()
    );
    coverage
}

/// AT-001, AT-005, AT-006: transactions stay open while later ones are shipped, and some roll back.
/// AT-020: both sides write, and a pass without changes writes nothing.
/// AT-027, AT-140: processes die at every action of a pass, also between the commit and the acknowledgement.
#[test]
fn two_nodes_agree_whatever_dies_and_whenever() {
    let coverage = check(Topology::Pair);
    let killed: BTreeSet<&str> = coverage.killed.keys().map(String::as_str).collect();
    // A glance is done in the moment that begins a process; nothing is open before it.
    let actions = [
        "WriteLight",
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
    check(Topology::Chain);
}

/// AT-022: and it ends where it came from.
#[test]
fn a_ring_agrees_and_falls_silent() {
    check(Topology::Ring);
}

#[test]
fn a_star_agrees() {
    check(Topology::Star);
}

#[test]
fn a_mesh_agrees_and_falls_silent() {
    check(Topology::Mesh);
}

/// Histories that once did not come to rest: two versions of a row went round after each other. `docs/proof.md` says what ended that.
const CHASES: [(Topology, &[u64]); 3] = [
    (Topology::Star, &[71]),
    (
        Topology::Ring,
        &[
            308, 353, 473, 849, 886, 983, 1071, 1148, 1153, 1332, 1390, 1440, 1658, 1836, 2189, 2419, 2731,
            3050, 3088, 3238, 3356, 3518, 3576, 3951, 4130, 4244, 4508, 4776, 4907, 5072, 5381, 5633, 5830,
            6205, 6279, 6887, 7220, 7258, 7429, 7541, 7581, 7705, 7902, 7952, 8020, 8116, 8122, 8127, 8174,
            8337, 9060, 9119, 9169, 9423, 9639,
        ],
    ),
    (
        Topology::Mesh,
        &[
            133, 550, 557, 860, 909, 1017, 1071, 1211, 1277, 1452, 1921, 2073, 2682, 2735, 3022, 3025, 3220,
            3572, 3628, 3658, 3734, 3802, 4123, 4222, 4786, 5186, 5404, 5519, 5525, 5840, 6241, 6543, 6571,
            6614, 7315, 7558, 7609, 7619, 7775, 7877, 8041, 8148, 8283, 8313, 8536, 9046, 9061, 9126, 9429,
            9497, 9557, 9580, 9598, 9633, 9843, 9887,
        ],
    ),
];

#[test]
fn what_was_chased_round_a_cycle_comes_to_rest() {
    for (topology, seeds) in CHASES {
        for seed in seeds {
            let (violation, _) = world::run(&History::of(*seed, topology), None);
            assert_eq!(violation, None, "seed {seed} on a {}", topology.name());
        }
    }
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
