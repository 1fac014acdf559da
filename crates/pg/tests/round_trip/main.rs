//! Whole schemas taken apart and put together again: read, planned from nothing, made in an empty database, and compared with the
//! original by our model and by pg_dump; then taken away again by a plan.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod bench;
mod large;
mod schemas;
mod shipped;
