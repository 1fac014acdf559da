//! Whether every job would work, asked before any of them runs.

use jiff::Timestamp;
use ponte_pg::dump::DumpPrograms;
use ponte_pg::jobs;
use ponte_pg::jobs::task::Preview;
use ponte_pg::sync::Peer;

use super::plan::{Group, JobPlan};
use crate::config::Work;
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
        if let Some(message) = fault(servers, plan, &mut peer).await? {
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
pub async fn fault(servers: &Servers, plan: &JobPlan, peer: &mut Peer) -> Result<Option<String>> {
    match &plan.job.work {
        Work::Task(task) => Ok(jobs::check::check(task, peer, &plan.terms()).await?),
        Work::Backup(_) => {
            let programs = dump_programs(servers, peer).await;
            Ok(programs.err().map(|error| error.to_string()))
        }
        // A link says itself what it lacks, and waits for it.
        Work::Sync(_) => Ok(None),
    }
}

/// The programs that a backup of the database takes.
pub(super) async fn dump_programs(servers: &Servers, peer: &Peer) -> Result<DumpPrograms> {
    let major = peer.session().server_version_num() / 10_000;
    Ok(DumpPrograms::find(major, &servers.search_places()).await?)
}

/// What a run of a job would do now. Changes nothing.
///
/// # Errors
/// What keeps the database from being asked.
pub async fn preview(servers: &Servers, plan: &JobPlan) -> Result<Preview> {
    let described = |text: String| Preview {
        statements: vec![text],
        rows: None,
    };
    match &plan.job.work {
        Work::Task(task) => {
            let mut peer = servers.database_peer(&plan.database, "ponte jobs").await?;
            Ok(jobs::preview(task, &mut peer, &plan.terms()).await?)
        }
        Work::Sync(link) => Ok(described(format!("a pass of link {link}"))),
        Work::Backup(backup) => {
            let file = backup.file(&plan.job.name, Timestamp::now());
            Ok(described(format!(
                "pg_dump --format=custom --file {}",
                file.display()
            )))
        }
    }
}
