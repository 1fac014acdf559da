//! Every file of pairs is a batch.

use crate::pairs;
use crate::run::Bench;

async fn check(text: &str) {
    Bench::start().await.check(&pairs::parse(text)).await;
}

#[tokio::test]
async fn tables_columns_and_constraints_are_planned_both_ways() {
    check(include_str!("pairs/tables.sql")).await;
}

#[tokio::test]
async fn types_and_sequences_are_planned_both_ways() {
    check(include_str!("pairs/types.sql")).await;
}

#[tokio::test]
async fn views_functions_and_what_hangs_on_tables_are_planned_both_ways() {
    check(include_str!("pairs/code.sql")).await;
}

#[tokio::test]
async fn owners_privileges_and_comments_are_planned_both_ways() {
    check(include_str!("pairs/access.sql")).await;
}
