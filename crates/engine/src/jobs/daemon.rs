//! All jobs of a project until somebody says stop: a keeper per database.

use std::sync::Arc;
use std::time::Duration;

use ponte_pg::Retry;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::check::{self, Fault};
use super::keeper::{Event, Keeper};
use super::plan::Group;
use crate::error::Result;
use crate::servers::Servers;

/// The jobs that would fail, of all databases that can be reached. One that is away is no fault of its jobs.
///
/// # Errors
/// A database that cannot be asked for a reason that does not pass.
pub async fn faults(servers: &Servers, groups: &[Group]) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for group in groups {
        match check::faults(servers, group).await {
            Ok(found) => faults.extend(found),
            Err(error) if error.retry() == Retry::Later => {
                let database = &group.database.label;
                tracing::warn!(
                    "the jobs of \"{database}\" cannot be checked: {}",
                    error.in_words()
                );
            }
            Err(error) => return Err(error.with("database", &group.database.label)),
        }
    }
    Ok(faults)
}

/// Runs all jobs until `stop` is cancelled, and their runs to their end as long as `grace`.
pub async fn run(
    servers: &Servers,
    groups: Vec<Group>,
    runner: &str,
    observe: Arc<dyn Fn(&Event) + Send + Sync>,
    stop: CancellationToken,
    grace: Duration,
) {
    let mut keepers = JoinSet::new();
    for group in groups {
        let observe = Arc::clone(&observe);
        let keeper = Keeper::new(servers.clone(), group, runner, move |event| observe(event));
        keepers.spawn(keeper.run(stop.clone(), grace));
    }
    while let Some(ended) = keepers.join_next().await {
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}
