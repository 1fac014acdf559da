//! The pack perfis on two real servers, used as the application would and run as its operator would, through the program.
#![allow(clippy::unwrap_used, reason = "this is a test, and its helpers are too")]

mod link;
mod schema;
mod support;
