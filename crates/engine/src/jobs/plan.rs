//! From the jobs of the configuration to where and how they are run.

use std::time::Duration;

use ponte_pg::jobs::{Registration, Terms};

use crate::config::{Choice, Config, Database, Job, Sourced, Work};
use crate::error::Result;
use crate::link::LinkPlan;

/// The server ends a statement by itself only where whoever waits for it has not: this much later.
const SERVER_LATER: Duration = Duration::from_secs(5);

/// A job with the database that it works on.
#[derive(Debug, Clone)]
pub struct JobPlan {
    /// The job.
    pub job: Job,
    /// Where it works.
    pub database: Database,
    /// The link that it runs, where it runs one.
    pub link: Option<LinkPlan>,
}

impl JobPlan {
    /// Finds the database of a job; `choice` says which one is meant where the job does not.
    ///
    /// # Errors
    /// As [`Config::database`].
    pub fn new(config: &Config, job: &Job, choice: &Choice) -> Result<Self> {
        let link = match &job.work {
            Work::Sync(name) => Some(LinkPlan::new(config, config.link(name.as_str())?)?),
            _ => None,
        };
        let first = link.as_ref().map(|link| link.spec.nodes[0].as_str());
        let node = job.node.as_ref().map(|node| node.as_str()).or(first);
        let database = match node {
            Some(node) => config.database(&Choice::Node(Sourced::default(node.to_owned()))),
            None => config.database(choice),
        };
        Ok(Self {
            job: job.clone(),
            database: database.map_err(|e| e.with("job", &job.name))?,
            link,
        })
    }

    /// The job as it is made known to its database.
    pub fn registration(&self) -> Registration {
        let schedule = self.job.schedule.as_ref();
        Registration {
            name: self.job.name.clone(),
            schedule: schedule.map_or_else(String::new, |s| format!("{s} {}", self.job.time_zone)),
        }
    }

    /// Under what terms it works.
    pub fn terms(&self) -> Terms {
        Terms {
            lock_timeout: self.job.lock_timeout,
            statement_timeout: self.job.timeout.saturating_add(SERVER_LATER),
            role: self.job.role.clone(),
            time_zone: self.job.time_zone.clone(),
        }
    }
}

/// What this process is called in the books: its number and its machine.
pub fn this_process() -> String {
    let machine = rustix::system::uname();
    format!("{}@{}", std::process::id(), machine.nodename().to_string_lossy())
}

/// The jobs of one database.
#[derive(Debug, Clone)]
pub struct Group {
    /// The database.
    pub database: Database,
    /// Its jobs, in the order of the file.
    pub plans: Vec<JobPlan>,
}

/// Jobs by database, in the order of the file.
pub fn groups(plans: Vec<JobPlan>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for plan in plans {
        let known = groups
            .iter_mut()
            .find(|group| group.database.session_address() == plan.database.session_address());
        match known {
            Some(group) => group.plans.push(plan),
            None => groups.push(Group {
                database: plan.database.clone(),
                plans: vec![plan],
            }),
        }
    }
    groups
}
