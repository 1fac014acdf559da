//! Migration files: what they are called, how UP and DOWN are told apart, what order they have, and what is to be done.
//!
//! A directory becomes a [`MigrationSet`]; with the [`Applied`] rows of a database it becomes a plan ([`plan`]). The
//! files of other tools (dbmate, goose, golang-migrate, sqlx) are read as they are. Nothing here talks to a server: the
//! runner in `ponte-pg` executes what is decided here.

mod changed_lines;
mod checksum;
mod error;
mod file_name;
mod foresight;
mod loss;
mod markers;
pub mod plan;
mod renumber;
mod repeatable;
mod revision;
mod script;
mod set;
mod template;
mod transaction;
mod uncomment;

pub use changed_lines::changed_lines;
pub use checksum::Checksum;
pub use error::{MigrationError, Place, Problem, Result};
pub use file_name::{FileName, Part};
pub use foresight::{Effort, Foresight, LockMode};
pub use loss::Loss;
pub use plan::{Applied, Standing, Status};
pub use renumber::{Rename, renumber};
pub use repeatable::{Repeatable, RepeatableStanding, Repeated};
pub use revision::Revision;
pub use script::Script;
pub use set::{Migration, MigrationSet};
pub use template::{NewFile, new_file, with_parts};
pub use transaction::{ConcurrentIndex, StatementClass, TransactionMode};
