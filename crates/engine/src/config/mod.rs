//! The project's configuration: `ponte.toml`, the environment, `.env`, flags.
//!
//! [`Config::open`] finds the project, reads everything once and checks it; what comes back cannot hold an illegal
//! value. All faults of a file are reported at once, each with its line. A value is looked for in this order: flag,
//! environment, `.env` in the project directory, `ponte.toml`, default. Which one it was stays known: see
//! [`Config::settings`].

mod database;
mod document;
pub mod duration;
mod env_file;
mod environment;
mod expand;
mod extras;
mod job;
mod job_task;
mod keys;
mod link;
mod mapping;
mod node;
mod origin;
mod probe_values;
mod project;
mod reader;
mod schedule;
mod schema_name;
mod secret;
mod show;
mod table_name;

pub use database::{Choice, Database};
pub use environment::Environment;
pub use job::Job;
pub use job_task::Work;
pub use keys::{Key, Section, nearest};
pub use link::Link;
pub use mapping::TableMapping;
pub use node::{Address, Node};
pub use origin::{Origin, Place, Sourced};
pub use project::{Config, FILE_NAME};
pub use schedule::{Schedule, ScheduleError};
pub use secret::{Secret, mask_passwords};
pub use show::Setting;
pub use table_name::TableName;
