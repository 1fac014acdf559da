//! Throw-away clusters, faults and checkers for the tests of every other crate.
//!
//! A test that needs a server starts a [`TestCluster`]; one that needs two starts a [`Pair`]. Both are real servers, up in a
//! fraction of a second, and gone with the test process even when that is killed. [`Proxy`] is a network that a test
//! can break, [`Bouncer`] a pooler. [`eventually`] waits for a condition and never for a time.
//!
//! Everything here panics with a clear message instead of returning errors: in a test, that is the report.
#![warn(missing_docs)]
#![allow(
    clippy::panic,
    reason = "a failed precondition of a test is reported by panicking"
)]

mod bouncer;
mod certificates;
mod cluster;
mod connect;
mod majors;
mod pair;
mod proxy;
mod standby;
mod wait;

pub use bouncer::Bouncer;
pub use certificates::{Authority, Certificate, Valid};
pub use cluster::{TestCluster, TestClusterBuilder, binaries};
pub use connect::connect;
pub use majors::{OLDEST_AND_NEWEST, binaries_of, fetched};
pub use pair::Pair;
pub use proxy::Proxy;
pub use standby::{Backup, Standby};
pub use wait::eventually;
