//! The commands, one file each. A command reads its arguments, calls the crate that does the work, and prints.

mod config;
mod db;
mod demo;
mod docs;
mod explain;
mod jobs;
mod keygen;
mod migrate;
mod reference;
mod secret;
mod seed;
mod sync;
mod verify;

use clap::Subcommand;
use tracing::level_filters::LevelFilter;

use crate::context::Context;
use crate::failure::{Failure, Verdict};

/// What the program can be asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the configuration and where each value comes from
    Config(config::Args),
    /// Look at a database and the way to it, create one with its roles, drop one
    Db(db::Args),
    /// Bring the schema of a database from revision to revision
    Migrate(migrate::Args),
    /// Write down what a schema is: pages with diagrams, from the database or from its migrations
    Docs(docs::Args),
    /// Give a database rows to begin with: files of SQL, or made-up rows that its constraints accept
    Seed(seed::Args),
    /// Compare a database with its own migrations, and name what differs; exit code 1 if anything does
    Verify(verify::Args),
    /// Watch two servers with traffic on both be kept in agreement
    Demo(demo::Args),
    /// Keep two databases in agreement, in both directions
    Sync(sync::Args),
    /// Run maintenance by the clock, once per tick however many processes there are
    Jobs(jobs::Args),
    /// Make keys
    Keygen(keygen::Args),
    /// Encrypt values before they go into a table, and decrypt them
    Secret(secret::Args),
    /// Explain an error code
    Explain(explain::Args),
    /// Print the generated reference pages
    #[command(hide = true)]
    Reference(reference::Args),
}

impl Command {
    /// Runs it.
    pub(crate) async fn run(self, context: &Context) -> Result<Verdict, Failure> {
        match self {
            Self::Config(args) => config::run(&args, context),
            Self::Db(args) => db::run(&args, context).await,
            Self::Demo(args) => demo::run(context, &args).await,
            Self::Jobs(args) => args.run(context).await,
            Self::Sync(args) => args.run(context).await,
            Self::Migrate(args) => args.run(context).await,
            Self::Docs(args) => docs::run(&args, context).await,
            Self::Seed(args) => seed::run(&args, context).await,
            Self::Verify(args) => verify::run(&args, context).await,
            Self::Keygen(args) => keygen::run(&args, context),
            Self::Secret(args) => secret::run(&args, context),
            Self::Explain(args) => explain::run(&args, context),
            Self::Reference(args) => reference::run(&args),
        }
    }

    /// What it says on stderr unless `-q` or `-v` ask for less or more.
    pub(crate) fn log_level(&self) -> LevelFilter {
        match self {
            // What goes wrong is in its view.
            Self::Demo(_) => LevelFilter::OFF,
            Self::Jobs(args) => args.log_level(),
            Self::Sync(args) => args.log_level(),
            Self::Config(_)
            | Self::Db(_)
            | Self::Explain(_)
            | Self::Keygen(_)
            | Self::Migrate(_)
            | Self::Docs(_)
            | Self::Seed(_)
            | Self::Verify(_)
            | Self::Secret(_)
            | Self::Reference(_) => LevelFilter::WARN,
        }
    }
}
