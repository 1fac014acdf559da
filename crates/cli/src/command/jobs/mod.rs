//! `ponte jobs …`: one file per verb.

mod daemon;
mod history;
mod list;
mod next;
mod run;
mod switch;

use clap::Subcommand;
use ponte_engine::config::Job;
use ponte_engine::jobs::{Group, JobPlan, groups};
use ponte_engine::servers::Servers;
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
    /// List the jobs of ponte.toml: when they ran and will run, and whether they would work; exit code 1 if one would not
    List,
    /// Print when jobs will be due, without asking any database
    Next(next::Args),
    /// Run a job now
    Run(run::Args),
    /// List the last runs, newest first
    History(history::Args),
    /// Stop a job from being run by its schedule
    Pause(JobArg),
    /// Let a job be run by its schedule again; what was due meanwhile is not caught up
    Resume(JobArg),
    /// Run all jobs by their schedules until stopped
    Daemon(daemon::Args),
}

/// A job by name.
#[derive(Debug, clap::Args)]
struct JobArg {
    /// The job of ponte.toml
    job: String,
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
            Action::Daemon(_) => LevelFilter::INFO,
            _ => LevelFilter::WARN,
        }
    }
}

impl Action {
    async fn run(&self, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
        match self {
            Self::List => list::run(context, servers).await,
            Self::Next(args) => next::run(context, args),
            Self::Run(args) => run::run(context, servers, args).await,
            Self::History(args) => history::run(context, servers, args).await,
            Self::Pause(arg) => switch::run(context, servers, &arg.job, true).await,
            Self::Resume(arg) => switch::run(context, servers, &arg.job, false).await,
            Self::Daemon(args) => daemon::run(context, servers, args).await,
        }
    }
}

/// The jobs that a command is about: the named one, or all of them.
fn jobs<'a>(context: &'a Context, name: Option<&str>) -> Result<Vec<&'a Job>, Failure> {
    let config = context.config()?;
    match name {
        Some(name) => Ok(vec![config.job(name)?]),
        None => Ok(config.some_jobs()?.iter().collect()),
    }
}

/// The same with their databases.
fn grouped(context: &Context, name: Option<&str>) -> Result<Vec<Group>, Failure> {
    let (config, choice) = (context.config()?, context.choice()?);
    let plans = jobs(context, name)?
        .into_iter()
        .map(|job| JobPlan::new(config, job, &choice))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(groups(plans))
}
