//! Every file of pairs, on the machine's own version with pg_dump as a judge, and on the oldest and the newest version.

use crate::pairs::{self, Pair};
use crate::run::Bench;
use ponte_testkit::OLDEST_AND_NEWEST;

/// Tables and what they are made of.
const TABLES: [&str; 4] = [
    include_str!("pairs/tables.sql"),
    include_str!("pairs/columns.sql"),
    include_str!("pairs/constraints.sql"),
    include_str!("pairs/counting.sql"),
];
/// What stands beside tables, and their parts.
const PARTS: [&str; 4] = [
    include_str!("pairs/indexes.sql"),
    include_str!("pairs/partitions.sql"),
    include_str!("pairs/types.sql"),
    include_str!("pairs/own_types.sql"),
];
/// What computes.
const CODE: [&str; 4] = [
    include_str!("pairs/code.sql"),
    include_str!("pairs/views.sql"),
    include_str!("pairs/routines.sql"),
    include_str!("pairs/rare.sql"),
];
/// Who may do what, what it is called, and everything at once.
const AROUND: [&str; 6] = [
    include_str!("pairs/access.sql"),
    include_str!("pairs/granted.sql"),
    include_str!("pairs/names.sql"),
    include_str!("pairs/foreign.sql"),
    include_str!("pairs/newer.sql"),
    include_str!("pairs/mixed.sql"),
];
/// Checks only pairs whose names hold this.
const ONLY: &str = "PONTE_PLAN_PAIR";

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration to read this from"
)]
pub(crate) fn asked_for(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// The pairs of some files that a version knows the words of.
fn known(texts: &[&str], major: u32) -> Vec<Pair> {
    let only = asked_for(ONLY).unwrap_or_default();
    let pairs = texts.iter().flat_map(|text| pairs::parse(text));
    pairs
        .filter(|pair| pair.since <= major && pair.name.contains(&only))
        .collect()
}

async fn check(texts: &[&str]) {
    let pairs = known(texts, ponte_testkit::binaries().major());
    Bench::start().await.check(&pairs).await;
}

async fn check_all(major: u32) {
    let texts = [&TABLES[..], &PARTS, &CODE, &AROUND].concat();
    Bench::of_major(major).await.check(&known(&texts, major)).await;
}

#[tokio::test]
async fn tables_are_planned_both_ways() {
    check(&TABLES).await;
}

#[tokio::test]
async fn indexes_partitions_and_types_are_planned_both_ways() {
    check(&PARTS).await;
}

#[tokio::test]
async fn what_computes_is_planned_both_ways() {
    check(&CODE).await;
}

#[tokio::test]
async fn names_privileges_and_what_is_foreign_are_planned_both_ways() {
    check(&AROUND).await;
}

#[tokio::test]
async fn the_oldest_version_is_planned_for() {
    check_all(OLDEST_AND_NEWEST.0).await;
}

#[tokio::test]
async fn the_newest_version_is_planned_for() {
    check_all(OLDEST_AND_NEWEST.1).await;
}

#[test]
fn the_corpus_has_three_hundred_pairs_with_names_of_their_own() {
    let texts = [&TABLES[..], &PARTS, &CODE, &AROUND].concat();
    let names: Vec<String> = texts
        .iter()
        .flat_map(|text| pairs::parse(text))
        .map(|pair| pair.name)
        .collect();
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert!(names.len() >= 300);
    assert_eq!(names.len(), distinct.len());
}
