//! `ponte demo`, without a word printed: two servers of our own, people using both, a link between them, and the proof.
//!
//! A [`Stage`] is the directory, the servers and the installed link; a [`Show`] is what goes on there: a writer per node, two
//! rivals that change the same rows at the same time on purpose, the link's worker, and somebody who looks at both nodes twice
//! a second. [`Show::finish`] stops the traffic, lets the link carry what is left and compares both sides.
//!
//! The schema is that of `packs/perfis`, inside the binary. Nothing here knows a terminal: a view takes a [`Snapshot`].

mod board;
mod people;
mod proof;
mod rivals;
mod show;
mod stage;
mod traffic;
mod watch;

pub use board::{Direction, Mood, NodeView, PassView, Snapshot, Totals};
pub use proof::Proof;
pub use show::Show;
pub use stage::{Access, DemoOptions, Stage, Step};

use ponte_pg::error::During;

use crate::error::Result;

/// The two nodes, as in the pack.
const NODES: [&str; 2] = ["replit", "neon"];

/// The role of the applications that write: it may use the table, and owns nothing.
const APPLICATION: &str = "app";

/// A statement's error as this crate's own, saying what was being done.
fn during<T, E>(outcome: std::result::Result<T, E>, what: &'static str) -> Result<T>
where
    std::result::Result<T, E>: During<T>,
{
    Ok(outcome.during(|| what.to_owned())?)
}
