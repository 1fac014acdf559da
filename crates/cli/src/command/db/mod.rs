//! `ponte db`: a database as a whole, before and after there is anything in it.

mod check;
mod create;
mod drop;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::{Failure, Verdict};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Connect and tell version, TLS, role and privileges, pooled or direct, clock skew and round-trip time
    Check,
    /// Create a database with its roles, grants and default privileges, and write their connection strings to .env
    Create(create::Args),
    /// Drop a database; its name has to be typed
    Drop(drop::Args),
}

pub(crate) async fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    match &args.action {
        Action::Check => check::run(context).await,
        Action::Create(args) => create::run(args, context).await,
        Action::Drop(args) => drop::run(args, context).await,
    }
}
