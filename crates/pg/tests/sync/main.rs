//! The sync against real servers.
//!
//! Every scenario that writes rows runs in both apply modes, through [`support::in_both_modes`].
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "this is a test, and its helpers are too; the harness shows what they print where one fails"
)]

mod audit;
mod capture;
mod carry;
mod chunks;
mod collations;
mod compare;
mod conflict;
mod crash;
mod deciders;
mod decisions;
mod delta;
mod encodings;
mod encrypted;
mod first_contact;
mod foreign_keys;
mod gaps;
mod guards;
mod history;
mod hooks;
mod identity;
mod in_flight;
mod install;
mod keeping;
mod keeping_histories;
mod keys;
mod light;
mod mapping;
mod mass_deletes;
mod merge;
mod merge_cost;
mod merge_kept;
mod network;
mod parked;
mod policies;
mod pooled;
mod quarantine;
mod refusals;
mod repair;
mod retention;
mod schema_change;
mod support;
mod sweep;
mod topology;
mod triggers;
mod types;
mod unique;
mod upgrade;
mod versions;
mod weather;
