//! Every file of pairs is a batch.

use crate::pairs::{self, Pair};
use crate::run::Bench;
use ponte_testkit::OLDEST_AND_NEWEST;

const FILES: [&str; 5] = [
    include_str!("pairs/tables.sql"),
    include_str!("pairs/types.sql"),
    include_str!("pairs/code.sql"),
    include_str!("pairs/access.sql"),
    include_str!("pairs/mixed.sql"),
];

/// The version of the machine's own server.
fn own_major() -> u32 {
    ponte_testkit::binaries().major()
}

async fn check(text: &str) {
    Bench::start().await.check(&known(text, own_major())).await;
}

/// The pairs of a file that a version knows the words of.
fn known(text: &str, major: u32) -> Vec<Pair> {
    pairs::parse(text)
        .into_iter()
        .filter(|pair| pair.since <= major)
        .collect()
}

#[tokio::test]
async fn the_oldest_and_the_newest_version_are_planned_for() {
    for major in [OLDEST_AND_NEWEST.0, OLDEST_AND_NEWEST.1] {
        let pairs: Vec<Pair> = FILES.iter().flat_map(|text| known(text, major)).collect();
        Bench::of_major(major).await.check(&pairs).await;
    }
}

#[tokio::test]
async fn tables_columns_and_constraints_are_planned_both_ways() {
    check(FILES[0]).await;
}

#[tokio::test]
async fn types_and_sequences_are_planned_both_ways() {
    check(FILES[1]).await;
}

#[tokio::test]
async fn views_functions_and_what_hangs_on_tables_are_planned_both_ways() {
    check(FILES[2]).await;
}

#[tokio::test]
async fn owners_privileges_and_comments_are_planned_both_ways() {
    check(FILES[3]).await;
}

#[tokio::test]
async fn schemas_in_which_much_changes_at_once_are_planned_both_ways() {
    check(FILES[4]).await;
}
