//! `ponte migrate up`.

use std::io::{self, Write};

use ponte_engine::foresight::foresee;
use ponte_engine::safeguard::{Safeguard, save};
use ponte_engine::servers::Servers;
use ponte_pg::migrate::{Event, Migrator, UpRequest};
use ponte_schema::migration::{MigrationSet, Revision};
use serde::Serialize;

use super::patience::Patience;
use super::{Named, forecast, migrations, progress, revision, target};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Stop after this revision
    #[arg(long, value_name = "REV", value_parser = revision)]
    to: Option<Revision>,
    /// Apply files whose number is lower than one that is applied already
    #[arg(long)]
    allow_late: bool,
    /// Back the database up first, whatever ponte.toml says
    #[arg(long, conflicts_with = "dry_run")]
    backup: bool,
    /// Do not back it up first, whatever ponte.toml says
    #[arg(long, conflicts_with = "backup")]
    no_backup: bool,
    /// Print the SQL that would be run, with the locks it would take, and run nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    patience: Patience,
}

#[derive(Debug, Serialize)]
struct Done {
    applied: Vec<Named>,
    /// Repeatable files that were run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repeated: Vec<String>,
    /// The backup that was made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<Backup>,
}

#[derive(Debug, Serialize)]
struct Backup {
    file: String,
    bytes: u64,
}

impl Report for Done {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.applied.last() {
            None if self.repeated.is_empty() => writeln!(out, "nothing to apply")?,
            None => {}
            Some(last) => writeln!(
                out,
                "{} applied, now at {}",
                migrations(self.applied.len()),
                last.revision
            )?,
        }
        match self.repeated.len() {
            0 => Ok(()),
            1 => writeln!(out, "1 repeatable file run"),
            count => writeln!(out, "{count} repeatable files run"),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let files = target::files(context)?;
    let mut migrator = target::patient_migrator(context, servers, &args.patience).await?;
    let request = UpRequest {
        to: args.to.clone(),
        allow_late: args.allow_late,
    };
    if args.dry_run {
        let session = servers
            .database_session(&context.database()?, "ponte migrate up")
            .await?;
        let outlook = foresee(servers, &files, &request, (&migrator, &session)).await?;
        context.print(&forecast::Shown::new(outlook))?;
        return Ok(Verdict::Clean);
    }
    let backup = safeguard(args, context, servers, &migrator, (&files, &request)).await?;
    let mut repeated = Vec::new();
    let mut observer = |event: Event<'_>| {
        if let Event::Repeated { name, .. } = &event {
            repeated.push((*name).to_owned());
        }
        progress::tell(context, &event);
    };
    let applied = migrator.up(&files, &request, &mut observer).await?;
    context.print(&Done {
        applied: applied.into_iter().map(Named::from).collect(),
        repeated,
        backup,
    })?;
    Ok(Verdict::Clean)
}

/// A backup before something is applied, where that is wanted.
async fn safeguard(
    args: &Args,
    context: &Context,
    servers: &Servers,
    migrator: &Migrator,
    (files, request): (&MigrationSet, &UpRequest),
) -> Result<Option<Backup>, Failure> {
    let wanted = match context.config()?.backup() {
        _ if args.no_backup => Safeguard::Off,
        Safeguard::Off if args.backup => Safeguard::BEFORE,
        configured => configured,
    };
    let Safeguard::Before { keep } = wanted else {
        return Ok(None);
    };
    if migrator.is_up(files, request).await? {
        return Ok(None);
    }
    let database = (migrator.conninfo(), migrator.server_major());
    let now = jiff::Timestamp::now();
    let saved = save(
        &servers.search_places(),
        &servers.state_dir(),
        database,
        keep,
        now,
    )
    .await?;
    let file = saved.file.display().to_string();
    context.note(format_args!("backed up to {file} ({} bytes)", saved.bytes));
    Ok(Some(Backup {
        file,
        bytes: saved.bytes,
    }))
}
