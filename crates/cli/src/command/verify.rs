//! `ponte verify`: is this database what its migrations say?

mod shown;

use ponte_engine::servers::Servers;
use ponte_engine::verify::{Wanted, install_journal, remove_journal, verify};
use ponte_schema::model::Access;

use super::migrate::target;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
pub(super) use shown::Line;
use shown::{JournalDone, Shown};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare owners and privileges too, although no migration sets any
    #[arg(long)]
    access: bool,

    /// Ask pg_dump for a second opinion, and name everything in which its dumps of both databases differ
    #[arg(long)]
    paranoid: bool,

    /// Have the database note who changes what from now on, so that differences can be named with their author; for superusers
    #[arg(long, conflicts_with_all = ["access", "paranoid"])]
    install_journal: bool,

    /// Take that away again, with what was noted
    #[arg(long, conflicts_with_all = ["access", "paranoid", "install_journal"])]
    remove_journal: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    let servers = Servers::new(context.config()?);
    let verdict = if args.install_journal || args.remove_journal {
        journal(args, context, &servers).await
    } else {
        compare(args, context, &servers).await
    };
    let left = servers.leave().await;
    let verdict = verdict?;
    left?;
    Ok(verdict)
}

async fn journal(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let question = "Remove the journal of changes, with everything that it holds?";
    if args.remove_journal && !context.confirm(question)? {
        return Ok(Verdict::found(false));
    }
    let session = servers
        .database_session(&context.database()?, "ponte verify")
        .await?;
    let journal = if args.remove_journal {
        remove_journal(&session).await?;
        "removed"
    } else {
        install_journal(&session).await?;
        "installed"
    };
    context.print(&JournalDone { journal })?;
    Ok(Verdict::found(false))
}

async fn compare(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let files = target::files(context)?;
    let migrator = target::migrator(context, servers).await?;
    let session = servers
        .database_session(&context.database()?, "ponte verify")
        .await?;
    let wanted = Wanted {
        access: args.access.then_some(Access::Compared),
        ignore: context.config()?.ignored(),
        second_opinion: args.paranoid,
    };
    let verified = verify(servers, &migrator, &session, &files, wanted).await?;
    let shown = Shown::new(verified);
    context.print(&shown)?;
    Ok(Verdict::found(!shown.ok))
}
