//! One run carried out on a connection of its own, and ended when it takes too long or is not wanted any more.

use std::time::Duration;

use jiff::Timestamp;
use ponte_pg::jobs::backup::Backup;
use ponte_pg::jobs::{Claim, Done, Problem, complete, perform};
use ponte_pg::sync::Peer;
use ponte_pg::{CancelToken, Error, ErrorKind};
use tokio_util::sync::CancellationToken;

use super::check::dump_programs;
use super::plan::JobPlan;
use crate::config::{Work, duration};
use crate::error::Result;
use crate::link::LinkPlan;
use crate::servers::Servers;
use crate::upkeep::Upkeep;

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
    let mut work = std::pin::pin!(work(servers, plan, claim, &mut peer));
    let problem = tokio::select! {
        outcome = &mut work => return outcome,
        () = cancel.cancelled() => Problem::Cancelled,
        () = tokio::time::sleep(plan.job.timeout) => Problem::TimedOut,
    };
    let ended = match plan.job.work {
        Work::Task(_) => tokio::select! {
            outcome = &mut work => Some(outcome),
            () = ask_to_end(&statement) => None,
        },
        // What these do elsewhere ends with the future: connections close, programs are killed.
        Work::Sync(_) | Work::Backup(_) => None,
    };
    match ended {
        // It was faster than the request to end it.
        Some(Ok(done)) => Ok(done),
        _ => Err(cut_short(plan, problem).into()),
    }
}

async fn work(servers: &Servers, plan: &JobPlan, claim: &Claim, peer: &mut Peer) -> Result<Done> {
    let done = match (&plan.job.work, &plan.link) {
        (Work::Task(task), _) => return Ok(perform(task, peer, claim, &plan.terms()).await?),
        (Work::Backup(backup), _) => take_backup(servers, plan, claim, backup, peer).await?,
        (Work::Sync(_), Some(link)) => pass(servers, link).await?,
        (Work::Sync(_), None) => Done::default(),
    };
    Ok(complete(peer, claim, done).await?)
}

/// A pass of a link. The rows that it wrote on either side are counted.
async fn pass(servers: &Servers, plan: &LinkPlan) -> Result<Done> {
    let mut link = plan.open(servers).await?;
    let report = link.pass().await?;
    if !report.paused {
        Upkeep::default().after_pass(&mut link, report.moved()).await;
    }
    let written = report
        .directions
        .iter()
        .map(|d| d.applied.upserts + d.applied.deletes);
    Ok(Done {
        rows: Some(written.sum()),
    })
}

async fn take_backup(
    servers: &Servers,
    plan: &JobPlan,
    claim: &Claim,
    backup: &Backup,
    peer: &Peer,
) -> Result<Done> {
    let programs = dump_programs(servers, peer).await?;
    let conninfo = servers.conninfo(plan.database.session_address()).await?;
    let at = claim.scheduled_at.unwrap_or_else(Timestamp::now);
    let bytes = backup.take(&programs, &conninfo, &plan.job.name, at).await?;
    tracing::info!("job {}: a backup of {bytes} bytes", plan.job.name);
    Ok(Done::default())
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
