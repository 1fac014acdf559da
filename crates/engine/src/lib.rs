//! Configuration, link workers, schedules and retry policy: what runs, when, and what happens when it fails.
#![warn(missing_docs)]

pub mod adopt;
pub mod backoff;
pub mod config;
pub mod database;
pub mod demo;
pub mod diff;
pub mod docs;
pub mod error;
pub mod foresight;
pub mod jobs;
pub mod journal;
pub mod link;
pub mod lint;
mod reprinted;
pub mod round_trip;
pub mod safeguard;
pub mod secrets;
pub mod seed;
pub mod servers;
pub mod upkeep;
pub mod verify;
pub mod worker;

pub use error::{Error, ErrorKind, Excerpt, Result};
