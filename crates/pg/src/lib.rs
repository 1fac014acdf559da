//! Everything that talks to a PostgreSQL server.
//!
//! Sessions and their TLS, the classification of what a server refuses, embedded clusters, running migrations, and the
//! statements of the sync. Decisions about conflicts and plans are made in `ponte-sync` and `ponte-schema`; here they are
//! carried out.
#![warn(missing_docs)]

pub mod adopt;
pub mod blame;
pub mod catalog;
pub mod check;
pub mod conninfo;
pub mod database;
pub mod dump;
pub mod embedded;
pub mod error;
pub mod jobs;
pub mod migrate;
pub mod observe;
pub mod pooler;
pub mod seed;
pub mod session;
pub mod shadow;
pub mod sync;
mod tls;

pub use conninfo::Conninfo;
pub use error::{Error, ErrorKind, Result, Retry};
pub use session::{CancelToken, ConnectOptions, Session};
