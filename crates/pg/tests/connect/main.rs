//! Connecting to real servers: TLS with certificates of every kind, logins, several hosts, poolers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod check;
mod hosts;
mod life;
mod login;
mod pooler;
mod support;
mod tls;
