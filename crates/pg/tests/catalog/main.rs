//! The model of a database against a real server.

mod noticed;
mod support;
mod traces;
