//! Connection strings: what libpq's documentation promises, case by case, and properties over random ones.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod environment;
mod properties;
mod text;
