//! What a two-way sync decides, and the SQL it consists of, as values.
//!
//! Nothing here has a driver, a clock, an environment or randomness. The order of the story: [`shape`] reads what a table is
//! and whether it can be synced, [`mapping`] what is asked for, [`extras`] what else is done with it, and [`fit`] whether both sides allow it, [`table`] names
//! everything that belongs to it, [`capture`] records which keys change,
//! [`batch`] reads them at the source, [`apply`] brings them into the target, [`light`] does both with a handful of rows, [`chunk`] cuts a table for the first contact,
//! [`forward`] carries rows on where a node has several links, [`parked`] and [`restore`] leave a decision to a person, [`compare`] proves
//! that both sides are equal. [`machine`] says what a pass does next, and [`decide`] says of one row what the SQL says of many; the
//! simulator runs on both.
#![warn(missing_docs)]

pub mod apply;
pub mod batch;
pub mod capture;
pub mod chunk;
pub mod compare;
pub mod decide;
pub mod decider;
pub mod delta;
pub mod expiry;
pub mod extras;
pub mod fit;
pub mod forward;
pub mod history;
pub mod light;
pub mod limit;
pub mod link;
pub mod machine;
pub mod mapping;
pub mod mask;
pub mod metadata;
pub mod numbers;
pub mod order;
pub mod parked;
pub mod policy;
pub mod restore;
pub mod rotation;
pub mod shape;
pub mod snapshot;
pub mod table;
pub mod value;

pub use policy::{ApplyMode, ConflictPolicy, Initial, LinkName, NodeName};
