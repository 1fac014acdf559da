//! Embedded clusters, with real servers and real kills.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "this is a test, and its helpers are too"
)]

mod named;
mod support;
mod throw_away;

#[tokio::test]
#[ignore = "not a test: the other tests run it as a program of its own"]
async fn as_another_program() {
    support::run().await;
}
