//! `ponte sync …`: one file per verb.

mod approve;
mod conflicts;
mod contact;
mod diff;
mod drop;
mod grants;
mod identity;
mod init;
mod once;
mod probe;
mod quarantine;
mod reconcile;
mod repair;
mod resolve;
mod run;
mod status;
mod switch;

use clap::Subcommand;
use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_sync::LinkName;
use tracing::level_filters::LevelFilter;

use crate::context::Context;
use crate::failure::{Failure, Verdict};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Install a link at both nodes and bring their rows together
    Init(init::Args),
    /// Print the GRANTs that a role needs to run a link, and no more
    Grants(grants::Args),
    /// Run one pass of each link: what changed on either side reaches the other
    Once(LinkArg),
    /// Keep links in agreement until stopped
    Run(LinkArg),
    /// Say where links stand: pending changes, lag, conflicts, reasons for waiting
    Status(LinkArg),
    /// Compare both sides of a link by checksums; exit code 1 if they differ
    Diff(diff::Args),
    /// Make rows equal that differ although nothing is on its way, by carrying them again
    Repair(repair::Args),
    /// Send a marked row across and take it back
    Probe(probe::Args),
    /// List rows that were changed on both sides, or show one with both rows
    Conflicts(conflicts::Args),
    /// Let deletes pass that wait because they are so many, exactly these
    Approve(LinkArg),
    /// Say which database a node's identity was given to, and settle it after a copy or a move
    Identity(identity::Args),
    /// Bring both sides to agreement again after a restore or a lossy failover: compares all rows
    Reconcile(LinkArg),
    /// Decide a parked conflict, or bring back the row that a decided one gave up
    Resolve(resolve::Args),
    /// List rows that a node refuses, show one, have it tried again, give it up
    Quarantine(quarantine::Args),
    /// Stop passes without losing changes
    Pause(LinkArg),
    /// Let passes go on
    Resume(LinkArg),
    /// Remove everything that init made, and nothing else
    Drop(LinkArg),
}

/// A link by name.
#[derive(Debug, clap::Args)]
struct LinkArg {
    /// The link; all links of ponte.toml if left out
    link: Option<LinkName>,
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

    pub(crate) fn log_level(&self) -> LevelFilter {
        match self.action {
            // A first copy may take hours, and says so now and then.
            Action::Run(_) | Action::Init(_) => LevelFilter::INFO,
            _ => LevelFilter::WARN,
        }
    }
}

impl Action {
    async fn run(&self, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
        match self {
            Self::Init(args) => init::run(context, servers, &plans(context, &args.link)?, args).await,
            Self::Grants(args) => grants::run(context, servers, &plans(context, &args.link)?, args).await,
            Self::Once(arg) => once::run(context, servers, &plans(context, arg)?).await,
            Self::Run(arg) => run::run(context, servers, plans(context, arg)?).await,
            Self::Status(arg) => status::run(context, servers, &plans(context, arg)?).await,
            Self::Diff(args) => diff::run(context, servers, &plans(context, &args.link)?, args).await,
            Self::Repair(args) => repair::run(context, servers, &plans(context, &args.link)?, args).await,
            Self::Probe(args) => probe::run(context, servers, args).await,
            Self::Conflicts(args) => conflicts::run(context, servers, args).await,
            Self::Approve(arg) => approve::run(context, servers, &plans(context, arg)?).await,
            Self::Identity(args) => identity::run(context, servers, args).await,
            Self::Reconcile(arg) => reconcile::run(context, servers, &plans(context, arg)?).await,
            Self::Resolve(args) => resolve::run(context, servers, args).await,
            Self::Quarantine(args) => quarantine::run(context, servers, args).await,
            Self::Pause(arg) => switch::run(context, servers, &plans(context, arg)?, true).await,
            Self::Resume(arg) => switch::run(context, servers, &plans(context, arg)?, false).await,
            Self::Drop(arg) => drop::run(context, servers, &plans(context, arg)?).await,
        }
    }
}

/// The links that a command is about.
fn plans(context: &Context, arg: &LinkArg) -> Result<Vec<LinkPlan>, Failure> {
    let config = context.config()?;
    let links = config.links_named(arg.link.as_ref())?;
    Ok(links
        .into_iter()
        .map(|link| LinkPlan::new(config, link))
        .collect::<Result<_, _>>()?)
}
