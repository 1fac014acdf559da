//! The model of a database against a real server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod noticed;
mod support;
mod traces;
