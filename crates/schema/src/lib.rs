//! Identifiers, SQL text, migration files and the catalog model: the part of Ponte that knows schemas and no server.
//!
//! Nothing here has a driver, a clock, an environment or randomness: values in, values out.
#![warn(missing_docs)]

pub mod adopt;
mod command;
pub mod docs;
pub mod dump;
pub mod lexer;
pub mod lint;
pub mod migration;
pub mod model;
pub mod plan;
pub mod seed;
pub mod sql;

pub use command::Command;
pub use sql::{Expression, Ident, Literal, Printed, QualifiedName, Sql, TypeName};
