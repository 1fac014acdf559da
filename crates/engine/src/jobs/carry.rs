//! One run carried out on a connection of its own, and ended when it takes too long or is not wanted any more.

use std::time::Duration;

use ponte_pg::jobs::{Claim, Done, Problem, perform};
use ponte_pg::{CancelToken, Error, ErrorKind};
use tokio_util::sync::CancellationToken;

use super::plan::JobPlan;
use crate::config::duration;
use crate::error::Result;
use crate::servers::Servers;

/// How often the server is asked to end a statement: a request that comes between two statements ends none.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// How long to wait for the server to end one, before its connection is dropped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Carries out a run. Where this answers an error, the run may still have succeeded if the connection was lost during COMMIT; the books
/// know.
pub(super) async fn carry_out(
    servers: &Servers,
    plan: &JobPlan,
    claim: &Claim,
    cancel: &CancellationToken,
) -> Result<Done> {
    let name = format!("ponte job {}", plan.job.name);
    let mut peer = servers.database_peer(&plan.database, &name).await?;
    let statement = peer.session().cancel_token();
    let terms = plan.terms();
    let mut work = std::pin::pin!(perform(&plan.job.task, &mut peer, claim, &terms));
    let problem = tokio::select! {
        outcome = &mut work => return Ok(outcome?),
        () = cancel.cancelled() => Problem::Cancelled,
        () = tokio::time::sleep(plan.job.timeout) => Problem::TimedOut,
    };
    let ended = tokio::select! {
        outcome = &mut work => Some(outcome),
        () = ask_to_end(&statement) => None,
    };
    match ended {
        // It was faster than the request to end it.
        Some(Ok(done)) => Ok(done),
        _ => Err(cut_short(plan, problem).into()),
    }
}

async fn ask_to_end(statement: &CancelToken) {
    let asking = async {
        loop {
            if let Err(error) = statement.cancel().await {
                tracing::debug!("cannot ask the server to end a statement: {error}");
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    };
    // The time that the server is given, not an outcome.
    let _ = tokio::time::timeout(PATIENCE, asking).await;
}

fn cut_short(plan: &JobPlan, problem: Problem) -> Error {
    let name = &plan.job.name;
    let message = match problem {
        Problem::TimedOut => {
            let limit = duration::show(plan.job.timeout);
            format!("job \"{name}\" took longer than its timeout of {limit} and was ended")
        }
        _ => format!("job \"{name}\" was ended"),
    };
    Error::new(ErrorKind::Jobs(problem), message)
}
