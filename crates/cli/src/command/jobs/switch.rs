//! `ponte jobs pause` and `ponte jobs resume`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::jobs;
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, Serialize)]
struct Switched {
    job: String,
    paused: bool,
    /// Whether it was otherwise before.
    changed: bool,
}

impl Report for Switched {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let state = if self.paused {
            "paused"
        } else {
            "run by its schedule"
        };
        let already = if self.changed { "" } else { " already" };
        writeln!(out, "job {} is {state}{already}", self.job)
    }
}

pub(super) async fn run(
    context: &Context,
    servers: &Servers,
    job: &str,
    paused: bool,
) -> Result<Verdict, Failure> {
    for group in super::grouped(context, Some(job))? {
        let mut peer = servers.database_peer(&group.database, "ponte jobs").await?;
        jobs::ensure(&peer).await?;
        let registrations: Vec<_> = group.plans.iter().map(|plan| plan.registration()).collect();
        jobs::register(&mut peer, &registrations).await?;
        let changed = jobs::pause(&mut peer, job, paused).await?;
        context.print(&Switched {
            job: job.to_owned(),
            paused,
            changed,
        })?;
    }
    Ok(Verdict::Clean)
}
