//! `ponte sync` as a user runs it: the binary against two real servers.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and the harness shows what it printed"
)]

mod bank;
mod chaos;
mod conflicts;
mod contact;
mod grants;
mod guards;
mod hot;
#[cfg(target_os = "linux")]
mod large;
mod many;
mod members;
#[cfg(target_os = "linux")]
mod memory;
mod quarantine;
mod refusals;
mod running;
mod support;
mod troubles;
mod upkeep;
mod verbs;
