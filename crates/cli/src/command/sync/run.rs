//! `ponte sync run`: all links until SIGINT or SIGTERM. The pass under way ends first; a second signal ends at once.

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_engine::worker::{Event, LinkWorker};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::once::DirectionLine;
use crate::context::Context;
use crate::failure::{Failure, Verdict};

pub(super) async fn run(
    context: &Context,
    servers: &Servers,
    plans: Vec<LinkPlan>,
) -> Result<Verdict, Failure> {
    let stop = CancellationToken::new();
    let mut workers = JoinSet::new();
    for plan in plans {
        let name = plan.spec.name.clone();
        context.note(format!(
            "link {name}: {} and {}, {}",
            plan.spec.nodes[0], plan.spec.nodes[1], plan.schedule
        ));
        let worker = LinkWorker::new(plan, servers.clone(), move |event| report(&name, event))?;
        workers.spawn(worker.run(stop.clone()));
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = interrupt.recv() => stop_or_exit(context, &stop),
            _ = terminate.recv() => stop_or_exit(context, &stop),
            ended = workers.join_next() => match ended {
                None => return Ok(Verdict::Clean),
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => {
                    stop.cancel();
                    return Err(error.into());
                }
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
            },
        }
    }
}

fn stop_or_exit(context: &Context, stop: &CancellationToken) {
    if stop.is_cancelled() {
        std::process::exit(130);
    }
    context.note("ending the pass under way; once more to stop at once");
    stop.cancel();
}

fn report(link: &str, event: &Event) {
    match event {
        Event::Passed(pass) if pass.moved() => {
            for direction in pass.directions.iter().filter(|d| d.moved()) {
                tracing::info!("link {link} {}", DirectionLine::from(direction).in_words());
            }
        }
        Event::Passed(_) => tracing::debug!("link {link}: nothing to do"),
        Event::Paused => tracing::debug!("link {link} is paused"),
        // The worker has logged these with their reasons.
        Event::Retrying { .. } | Event::Stopped { .. } => {}
    }
}
