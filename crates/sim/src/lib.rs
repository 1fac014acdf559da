//! A deterministic simulator of the sync.
//!
//! The machine that decides what a pass does ([`ponte_sync::machine`]) and the functions that decide about rows
//! ([`ponte_sync::decide`]) run here against model nodes, in random histories with everything that can go wrong: clients
//! whose transactions stay open, clocks that are off and step, processes that are killed at any action, servers that die, answers
//! that are lost, two processes on a link. A history is drawn from a seed, the same one on every machine; a failing one
//! is shrunk to the steps it needs.
//!
//! In the order of the story: [`history`] draws the steps, [`world`] lets them happen, [`store`] and [`node`] are what a server
//! is to the sync, [`process`] drives the machine, [`ledger`] remembers what clients wrote and [`check`] asks the questions in
//! the end. [`mutation`] breaks a rule on purpose, to see whether anybody notices.
//!
//! What is modelled and what is not is in `docs/proof.md`.

pub mod check;
pub mod history;
pub mod ledger;
pub mod model;
pub mod mutation;
pub mod node;
pub mod process;
pub mod random;
pub mod shrink;
pub mod store;
pub mod topology;
pub mod world;
