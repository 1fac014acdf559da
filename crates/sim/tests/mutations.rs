//! Whether anybody would notice: each rule is broken on purpose, and the same seeds must find out. What stands beside each rule is
//! the invariant that has to notice; how many histories do is in `docs/proof.md`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the harness shows what a test prints where it fails"
)]

use std::collections::BTreeSet;
use std::ops::Range;

use ponte_sim::check::Invariant::{self, Convergence, NothingLost, SeenLoses, SnapshotConsistent};
use ponte_sim::history::History;
use ponte_sim::mutation::Mutation;
use ponte_sim::topology::Topology;
use ponte_sim::world;

/// Fails where the broken rule goes unnoticed, or where another invariant is the one that notices.
#[track_caller]
fn check(mutation: Mutation, topology: Topology, seeds: Range<u64>, wanted: &[Invariant]) {
    let count = seeds.end - seeds.start;
    let run = |seed| world::run(&History::of(seed, topology), Some(mutation)).0;
    let violations: Vec<Invariant> = seeds
        .filter_map(run)
        .map(|violation| violation.invariant)
        .collect();
    let found: BTreeSet<Invariant> = violations.iter().copied().collect();
    println!(
        "{} {}: {} of {count}, {found:?}",
        topology.name(),
        mutation.name(),
        violations.len()
    );
    for invariant in wanted {
        assert!(
            found.contains(invariant),
            "{mutation:?} violates {found:?}, not {invariant:?}"
        );
    }
}

#[test]
fn a_won_key_that_is_not_shipped_back_diverges() {
    check(Mutation::NoConfirm, Topology::Pair, 0..600, &[Convergence]);
}

#[test]
fn without_a_second_look_local_writes_vanish() {
    check(Mutation::NoSecondLook, Topology::Pair, 0..600, &[NothingLost]);
    check(Mutation::NoSecondLook, Topology::Mesh, 0..600, &[NothingLost]);
}

#[test]
fn a_light_batch_that_does_not_look_writes_over_local_changes() {
    check(Mutation::NoLightLook, Topology::Pair, 0..600, &[NothingLost]);
}

#[test]
fn without_pinned_rows_local_writes_vanish() {
    check(Mutation::NoPin, Topology::Pair, 0..600, &[NothingLost]);
}

#[test]
fn without_a_look_for_rows_that_came_and_went_their_deletes_vanish() {
    check(Mutation::NoLateLook, Topology::Ring, 0..600, &[NothingLost]);
}

#[test]
fn without_the_fence_a_node_falls_back_behind_its_source() {
    check(Mutation::NoFence, Topology::Star, 0..600, &[SnapshotConsistent]);
}

/// AT-006: what a rolled-back transaction leaves out of the numbers, a late one fills in.
#[test]
fn batches_cut_by_numbers_miss_transactions_that_commit_late() {
    let wanted = [Convergence, NothingLost, SnapshotConsistent];
    check(Mutation::BySequence, Topology::Pair, 0..600, &wanted);
}

/// AT-153: two processes on a link, and a COMMIT that arrives after its process was given up.
#[test]
fn a_snapshot_taken_in_the_middle_of_a_batch_of_the_same_link_diverges() {
    check(Mutation::NoTurns, Topology::Chain, 2_700..2_750, &[Convergence]);
}

#[test]
fn progress_that_is_committed_before_the_rows_loses_them() {
    let wanted = [Convergence, NothingLost, SnapshotConsistent];
    check(Mutation::ProgressApart, Topology::Pair, 0..600, &wanted);
}

#[test]
fn a_source_that_is_not_flushed_forgets_what_it_has_shipped() {
    let wanted = [NothingLost, SnapshotConsistent];
    check(Mutation::NoHarden, Topology::Pair, 0..600, &wanted);
}

#[test]
fn versions_diverge_in_a_cycle_that_does_not_echo() {
    check(Mutation::NoEcho, Topology::Ring, 0..600, &[Convergence]);
}

/// Two nodes set the same unique value, and what they refuse of each other waits.
#[test]
fn rows_that_travel_while_the_other_sides_is_refused_are_chased_round_the_ring() {
    check(Mutation::NoHold, Topology::Ring, 1_300..1_450, &[Convergence]);
}

/// A node whose clock is behind writes over what it has seen, and loses to it elsewhere.
#[test]
fn without_the_hybrid_clock_a_write_loses_to_one_that_it_had_seen() {
    check(Mutation::RawClock, Topology::Ring, 0..600, &[SeenLoses]);
}

#[test]
fn without_forwarding_a_chain_does_not_agree() {
    check(Mutation::NoForward, Topology::Chain, 0..100, &[Convergence]);
}

#[test]
fn losers_that_are_not_recorded_are_lost() {
    check(Mutation::NoRecord, Topology::Pair, 0..100, &[NothingLost]);
}
