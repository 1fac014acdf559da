//! `ponte jobs` from outside: the program as a user runs it, on real servers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod daemons;
mod faults;
mod in_the_way;
mod kinds;
mod rules;
mod support;
mod verbs;
