//! `ponte seed` from outside: files, and made-up rows.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod files;
mod made_up;
#[path = "../program/mod.rs"]
mod program;
mod refusals;

use program::{Run, ponte};

async fn run_sql(url: &str, sql: &str) {
    let client = ponte_testkit::connect(url).await;
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {:?}", e.as_db_error()));
}

async fn text(url: &str, sql: &str) -> String {
    let client = ponte_testkit::connect(url).await;
    let row = client
        .query_one(sql, &[])
        .await
        .unwrap_or_else(|e| panic!("{sql}: {:?}", e.as_db_error()));
    row.get::<_, Option<String>>(0).unwrap_or_default()
}
