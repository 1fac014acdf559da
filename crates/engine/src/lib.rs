//! Configuration, link workers, schedules and retry policy: what runs, when, and what happens when it fails.
#![warn(missing_docs)]

pub mod config;
pub mod error;

pub use error::{Error, ErrorKind, Excerpt, Result};
