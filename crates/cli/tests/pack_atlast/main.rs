//! The pack atlast on a real server, used as its application would use it and run as its operator would run it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

#[path = "../packs/mod.rs"]
mod packs;

mod keys;
mod matching;
mod queue;
mod schema;
