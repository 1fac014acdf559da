//! Plans between pairs of schemas, executed on real servers and compared with what was asked for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod corpus;
mod dump;
mod invented;
mod pairs;
mod run;
