//! Migrations, on real servers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod commands;
mod failures;
mod locks;
mod runners;
mod splitting;
mod steps;
mod support;

#[tokio::test]
#[ignore = "not a test: the test that kills a runner runs it as a program of its own"]
async fn as_another_program() {
    support::run_as_another_program().await;
}
