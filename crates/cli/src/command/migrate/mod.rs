//! `ponte migrate`: files to revisions of a database, and back.

mod adopt;
mod current;
mod diff;
mod down;
mod forecast;
mod history;
mod lint;
mod new;
mod patience;
mod progress;
mod redo;
mod renumber;
mod stamp;
mod status;
pub(super) mod target;
mod test;
mod up;

use clap::Subcommand;
use ponte_engine::servers::Servers;
use ponte_schema::migration::{Migration, Revision};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Apply pending migrations, each in a transaction of its own
    Up(up::Args),
    /// Undo the newest migrations with their DOWN parts
    Down(down::Args),
    /// Undo the newest migrations and apply them again, with their files as they are now
    Redo(redo::Args),
    /// Show what is applied and what is pending; writes nothing
    Status(status::Args),
    /// Show everything that was applied, undone and stamped; writes nothing
    History,
    /// Show the newest applied revision; writes nothing
    Current,
    /// Record the database as being at a revision, without running anything
    Stamp(stamp::Args),
    /// Create the next migration file, empty or with what leads to another schema
    New(new::Args),
    /// Give files that have a number twice, or come too late, the next free number
    Renumber(renumber::Args),
    /// Take a database over from another migration tool, its files and its history, proved by a replay
    Adopt(adopt::Args),
    /// Print the SQL that turns one schema into another; exit code 1 where they differ
    Diff(diff::Args),
    /// Look for what is dangerous in migrations before they are applied; exit code 1 where something is found
    Lint(lint::Args),
    /// Run every migration up, down and up again on a server of our own; exit code 1 where DOWN does not lead back
    Test(test::Args),
}

impl Args {
    pub(crate) async fn run(&self, context: &Context) -> Result<Verdict, Failure> {
        let servers = Servers::new(context.config()?);
        let verdict = self.action.run(context, &servers).await;
        let left = servers.leave().await;
        let verdict = verdict?;
        left?;
        Ok(verdict)
    }
}

impl Action {
    async fn run(&self, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
        match self {
            Self::Up(args) => up::run(args, context, servers).await,
            Self::Down(args) => down::run(args, context, servers).await,
            Self::Redo(args) => redo::run(args, context, servers).await,
            Self::Renumber(args) => renumber::run(args, context, servers).await,
            Self::Status(args) => status::run(args, context, servers).await,
            Self::History => history::run(context, servers).await,
            Self::Current => current::run(context, servers).await,
            Self::Stamp(args) => stamp::run(args, context, servers).await,
            Self::Adopt(args) => adopt::run(args, context, servers).await,
            Self::New(args) => new::run(args, context, servers).await,
            Self::Diff(args) => diff::run(args, context, servers).await,
            Self::Lint(args) => lint::run(args, context, servers).await,
            Self::Test(args) => test::run(args, context, servers).await,
        }
    }
}

/// A migration in a result.
#[derive(Debug, Serialize)]
struct Named {
    revision: String,
    name: String,
}

impl From<&Migration> for Named {
    fn from(migration: &Migration) -> Self {
        Self {
            revision: migration.revision.to_string(),
            name: migration.name.clone(),
        }
    }
}

/// A revision on the command line: digits, or the beginning of a file's name.
fn revision(text: &str) -> Result<Revision, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[digits..];
    Revision::parse(&text[..digits])
        .filter(|_| rest.is_empty() || rest.starts_with(['_', '-', '.']))
        .ok_or_else(|| "a revision is the number in front of a file's name, like 003".to_owned())
}

/// «1 migration», «3 migrations».
pub(super) fn migrations(count: usize) -> String {
    match count {
        1 => "1 migration".to_owned(),
        count => format!("{count} migrations"),
    }
}
