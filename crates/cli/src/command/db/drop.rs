//! `ponte db drop`.

use std::io::{self, IsTerminal, Write};

use ponte_engine::servers::Servers;
use ponte_pg::database::Doomed;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The database's name
    name: String,
    /// The name once more, for scripts; otherwise it is asked for
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// End the sessions of others that are connected to it
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    database: String,
    dropped: bool,
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.dropped {
            writeln!(out, "{} is dropped; its roles are still there", self.database)
        } else {
            writeln!(out, "nothing was dropped")
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<Verdict, Failure> {
    let servers = Servers::new(context.config()?);
    let dropped = drop_it(args, context, &servers).await;
    let left = servers.leave().await;
    let dropped = dropped?;
    context.print(&Shown {
        database: args.name.clone(),
        dropped,
    })?;
    left?;
    Ok(Verdict::Clean)
}

async fn drop_it(args: &Args, context: &Context, servers: &Servers) -> Result<bool, Failure> {
    let name = &args.name;
    let conninfo = servers.conninfo(context.database()?.session_address()).await?;
    let Some(doomed) = Doomed::find(&conninfo, name).await? else {
        context.note(format!("there is no database {name}"));
        return Ok(false);
    };
    let question = format!(
        "Drop {name} with everything in it ({} MB, {} sessions connected)? Type its name:",
        doomed.size_bytes() / 1_000_000,
        doomed.guests().len()
    );
    if typed(args, &question)? != *name {
        return Err(Diagnostic::new(
            Code::Unconfirmed,
            format!("will not drop {name}: that is not its name"),
        )
        .hint("type the name as it is")
        .into());
    }
    doomed.drop(args.force).await?;
    Ok(true)
}

/// The name that was typed, or given with --confirm. `-y` is no substitute: it is in too many scripts.
fn typed(args: &Args, question: &str) -> Result<String, Failure> {
    if let Some(confirm) = &args.confirm {
        return Ok(confirm.clone());
    }
    let unconfirmed = || {
        Diagnostic::new(
            Code::Unconfirmed,
            "cannot ask for the database's name without a terminal",
        )
        .with("question", question)
        .hint(format!(
            "add --confirm {} if that is what should happen",
            args.name
        ))
    };
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(unconfirmed().into());
    }
    let answer = inquire::Text::new(question).prompt();
    Ok(answer.map_err(|e| unconfirmed().because(&e))?)
}
