//! The packs atlas-bridge and atlas-painel on real servers: the upgrade of a bot's database that is in use, and the link between both.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is a test, and its helpers are too; the harness shows what they print where one fails"
)]

mod link;
mod schema;
mod support;
mod upgrade;
