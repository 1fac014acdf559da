//! `ponte docs`: what a schema is, for people.

mod diff;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use ponte_engine::docs::{self, Told};
use ponte_engine::servers::Servers;
use ponte_pg::catalog::Sizes;
use ponte_schema::docs::Format;
use serde::Serialize;

use super::migrate::target;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Sub>,
    /// Where to write
    #[arg(long, value_name = "DIR", default_value = "docs/schema")]
    out: PathBuf,
    /// In what form
    #[arg(long, value_enum, default_value_t = Form::Html)]
    format: Form,
    /// Tell what the migration files make, instead of what the database has
    #[arg(long, conflicts_with = "sizes")]
    migrations: bool,
    /// Tell how large tables are too; the output then differs from day to day
    #[arg(long)]
    sizes: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    /// Tell what is different between two versions of a schema, for those who read it; exit code 1 if anything is
    Diff(diff::Args),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Pages for a browser, which need nothing from elsewhere
    Html,
    /// Pages for a repository
    Markdown,
    /// One diagram as text
    Mermaid,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Html => Self::Html,
            Form::Markdown => Self::Markdown,
            Form::Mermaid => Self::Mermaid,
        }
    }
}

#[derive(Debug, Serialize)]
struct Shown {
    directory: String,
    files: usize,
    removed: usize,
    tables: usize,
    duration_ms: u128,
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{} tables in {} files: {}",
            self.tables, self.files, self.directory
        )
    }
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    let clock = std::time::Instant::now();
    let servers = Servers::new(context.config()?);
    if let Some(Sub::Diff(args)) = &args.command {
        let found = diff::run(args, context, &servers).await;
        let left = servers.leave().await;
        let found = found?;
        left?;
        return Ok(found);
    }
    let told = read(args, context, &servers).await;
    let left = servers.leave().await;
    let told = told?;
    left?;
    let config = context.config()?;
    let directory = config.root().join(&args.out);
    let written = docs::write(&told, config.name(), args.format.into(), &directory)?;
    context.print(&Shown {
        directory: directory.display().to_string(),
        files: written.files,
        removed: written.removed,
        tables: written.tables,
        duration_ms: clock.elapsed().as_millis(),
    })?;
    Ok(Verdict::Clean)
}

async fn read(args: &Args, context: &Context, servers: &Servers) -> Result<Told, Failure> {
    if args.migrations {
        let files = target::files(context)?;
        // The database only lends its version and the names of its roles: without one, or where it is down, the files are enough.
        let like = match context.database() {
            Ok(database) => servers.database_session(&database, "ponte docs").await.ok(),
            Err(_) => None,
        };
        return Ok(docs::of_migrations(servers, &files, like.as_ref()).await?);
    }
    let session = servers
        .database_session(&context.database()?, "ponte docs")
        .await?;
    let sizes = if args.sizes { Sizes::Wanted } else { Sizes::LeftOut };
    Ok(docs::of_database(&session, sizes).await?)
}
