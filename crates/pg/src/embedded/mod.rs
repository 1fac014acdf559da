//! PostgreSQL servers of our own, from the binaries that are already on the machine.
//!
//! A [`Cluster`] is a data directory and the server that runs on it. There are two kinds. A *named* one lives in a
//! directory of the project, is durable, and may be used by several programs at once: the first starts it, the last one
//! to leave stops it, and whoever finds it still running after a crash adopts it. A *throw-away* one lives under the
//! temporary directory, trades safety for speed, and is gone, server and files, as soon as the process that asked for it
//! is: even when that process was killed.
//!
//! Both are copies of a template that `initdb` made once per release, account and set of options, so that a start costs a
//! copy of some 40 MB instead of an `initdb`. Both listen on the loopback address, with a password, and on a socket in a
//! directory that nobody else may enter, without one. Neither ever listens anywhere else.
//!
//! Deliberately not here: downloading binaries, and any judgement about what is in the databases.

mod account;
mod address;
mod binaries;
mod cluster;
mod ending;
mod home;
mod launch;
mod lock;
mod options;
mod postmaster;
mod provision;
mod template;

pub use binaries::{Binaries, SearchPlaces};
pub use cluster::Cluster;
pub use options::ClusterOptions;

/// The role that owns a cluster: a superuser.
pub const SUPERUSER: &str = "postgres";
