//! The sync, carried out: what `ponte-sync` plans, run on two servers.
//!
//! [`install`] makes and removes what a link leaves in each database, [`first_contact`] brings the rows together that were
//! there before, [`pass`] carries changes both ways through [`apply`]; [`inspect`] reads what the tables are, [`guard`] and
//! `sequence` deal with triggers and identities that would get in the way.

pub mod apply;
pub mod approval;
mod capture_watch;
pub mod compare;
pub mod conflicts;
pub mod costs;
mod deciders;
mod encoding;
mod extras;
pub mod first_contact;
pub mod grants;
pub mod guard;
mod history;
pub mod identity;
pub mod inspect;
pub mod install;
mod keeping;
mod light;
mod mapping;
mod masks;
pub mod members;
pub mod pass;
pub mod peer;
mod privileges;
pub mod probe;
pub mod quarantine;
pub mod reconcile;
pub mod repair;
mod sequence;
mod sharing;
pub mod status;
mod stream;
pub mod upkeep;
pub mod wake;

pub use apply::Applied;
pub use approval::MassDelete;
pub use first_contact::{InitOptions, InitReport, init, init_with};
pub use install::{InitPlan, drop_link, plan_init};
pub use pass::{DirectionReport, LiveLink, PassReport};
pub use peer::Peer;
pub use reconcile::Estrangement;
