//! The sync against real servers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod carry;
mod support;
mod sweep;
