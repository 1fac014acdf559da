//! `ponte demo`: two servers, traffic on both, and the proof that they agree.
//!
//! With a terminal it draws; without one, or with `--output json`, it says a line a second on stderr. Either way the proof is
//! the result, printed when everything has been stopped.

mod keys;
mod lines;
mod look;
mod proof;
mod screen;
mod view;

use std::io::IsTerminal;
use std::time::Duration;

use clap::value_parser;
use ponte_engine::demo::{DemoOptions, Show, Stage, Step};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use look::Look;
use proof::Proved;

/// Where a demo that is kept lives, below the directory of the command.
const KEPT_IN: &str = ".ponte/demo";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End after so many seconds instead of when a key is pressed
    #[arg(long = "for", value_name = "SECONDS", value_parser = value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// Let the servers listen on this port of the loopback address and on the next one
    #[arg(long, value_name = "PORT", value_parser = value_parser!(u16).range(1024..65535))]
    port: Option<u16>,
    /// Keep the project and its data in .ponte/demo, to look around in afterwards and to go on with
    #[arg(long)]
    keep: bool,
}

/// When a show ends.
struct End {
    /// A signal or a key.
    asked: CancellationToken,
    /// `--for`, counted from the first write.
    after: Option<Duration>,
}

impl End {
    fn reached(&self, elapsed: Duration) -> bool {
        self.asked.is_cancelled() || self.after.is_some_and(|after| elapsed >= after)
    }
}

pub(crate) async fn run(context: &Context, args: &Args) -> Result<Verdict, Failure> {
    let asked = CancellationToken::new();
    listen(asked.clone())?;
    let directory = context.directory()?;
    let mut stage = Stage::prepare(DemoOptions {
        keep_in: args.keep.then(|| directory.join(KEPT_IN)),
        port: args.port,
        environment: context.process().clone(),
    })?;
    let end = End {
        asked,
        after: args.seconds.map(Duration::from_secs),
    };
    let outcome = perform(context, &mut stage, &end).await;
    let kept = stage.is_kept().then(|| Look::afterwards(&stage));
    let closed = stage.close().await;
    let Some(proved) = outcome? else {
        closed?;
        context.note("ended before anything was written; nothing is left running");
        return Ok(Verdict::Findings);
    };
    closed?;
    let proved = Proved::new(&proved, kept.as_ref());
    context.print(&proved)?;
    Ok(Verdict::found(!proved.holds()))
}

/// `None` where it was ended before it began.
async fn perform(
    context: &Context,
    stage: &mut Stage,
    end: &End,
) -> Result<Option<ponte_engine::demo::Proof>, Failure> {
    let told = |step: &Step| context.note(in_words(step));
    if !stage.raise(&told, &end.asked).await? {
        return Ok(None);
    }
    let look = Look::meanwhile(stage);
    let show = stage.play()?;
    let watched = if std::io::stdout().is_terminal() && !context.is_json() {
        screen::watch(&show, &look, end).await
    } else {
        look.lines().iter().for_each(|line| context.note(line));
        lines::watch(context, &show, end).await;
        Ok(())
    };
    let proof = conclude(context, show).await;
    watched?;
    Ok(Some(proof?))
}

async fn conclude(context: &Context, show: Show) -> Result<ponte_engine::demo::Proof, Failure> {
    context.note("stopping the traffic, carrying what is left, comparing both sides");
    Ok(show.finish().await?)
}

fn in_words(step: &Step) -> String {
    match step {
        Step::Servers { release } => format!("starting two servers, PostgreSQL {release}"),
        Step::Schema => "creating the table perfis on both".to_owned(),
        Step::Link => "linking them: changes of either side now reach the other".to_owned(),
    }
}

/// SIGINT, SIGTERM and a terminal that goes away all mean: end, in good order.
fn listen(asked: CancellationToken) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
        asked.cancel();
        // Later ones are taken note of and change nothing: the end is bounded in time.
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
        }
    });
    Ok(())
}
