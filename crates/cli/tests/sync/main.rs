//! `ponte sync` as a user runs it: the binary against two real servers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bank;
mod chaos;
mod conflicts;
mod contact;
mod guards;
mod hot;
mod many;
mod quarantine;
mod refusals;
mod running;
mod support;
mod troubles;
mod verbs;
