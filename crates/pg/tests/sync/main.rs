//! The sync against real servers.

mod carry;
mod support;
