//! Whether every job would work, asked before any of them runs.

use ponte_pg::jobs;
use ponte_pg::sync::Peer;

use super::plan::{Group, JobPlan};
use crate::error::Result;
use crate::servers::Servers;

/// A job that would fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The job.
    pub job: String,
    /// What is wrong with it, lower case, no period.
    pub message: String,
}

/// The jobs of a database that would fail there.
///
/// # Errors
/// What keeps the database from being asked.
pub async fn faults(servers: &Servers, group: &Group) -> Result<Vec<Fault>> {
    let mut peer = servers.database_peer(&group.database, "ponte jobs").await?;
    let mut faults = Vec::new();
    for plan in &group.plans {
        if let Some(message) = fault(plan, &mut peer).await? {
            faults.push(Fault {
                job: plan.job.name.clone(),
                message,
            });
        }
    }
    Ok(faults)
}

/// What is wrong with one job.
///
/// # Errors
/// What keeps the database from being asked.
pub async fn fault(plan: &JobPlan, peer: &mut Peer) -> Result<Option<String>> {
    Ok(jobs::check::check(&plan.job.task, peer, &plan.terms()).await?)
}
