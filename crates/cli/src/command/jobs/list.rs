//! `ponte jobs list`

use std::io::{self, Write};

use jiff::Timestamp;
use ponte_engine::jobs::{Group, JobPlan, check};
use ponte_engine::servers::Servers;
use ponte_pg::jobs::{self, JobState};
use serde::Serialize;

use super::history::{RunLine, in_utc};
use super::next::on_the_wall;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, Serialize)]
struct Shown {
    jobs: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    job: String,
    kind: &'static str,
    node: String,
    schedule: Option<String>,
    time_zone: String,
    paused: bool,
    paused_by: Option<String>,
    next_run_at: Option<Timestamp>,
    /// By the clock of the job's time zone.
    next_run_local: Option<String>,
    last_run: Option<RunLine>,
    /// Why it would fail.
    problem: Option<String>,
}

impl Line {
    fn new(plan: &JobPlan, state: Option<JobState>, problem: Option<String>) -> Self {
        let job = &plan.job;
        let (paused_at, paused_by, last_run) = match state {
            Some(state) => (state.paused_at, state.paused_by, state.last_run),
            None => (None, None, None),
        };
        let schedule = job.schedule.as_ref().filter(|_| paused_at.is_none());
        let next = schedule.and_then(|schedule| schedule.next_after(Timestamp::now()));
        Self {
            job: job.name.clone(),
            kind: job.work.word(),
            node: plan.database.label.clone(),
            schedule: job.schedule.as_ref().map(ToString::to_string),
            time_zone: job.time_zone.clone(),
            paused: paused_at.is_some(),
            paused_by,
            next_run_local: next.and_then(|next| Some(on_the_wall(&schedule?.local(next)))),
            next_run_at: next,
            last_run: last_run.map(|run| RunLine::new(&plan.database.label, run)),
            problem,
        }
    }

    fn next_in_words(&self) -> String {
        match (&self.next_run_local, self.paused) {
            (_, true) => "paused".to_owned(),
            (Some(local), _) => local.clone(),
            (None, _) => "by hand".to_owned(),
        }
    }

    fn last_in_words(&self) -> String {
        self.last_run.as_ref().map_or_else(
            || "never".to_owned(),
            |run| format!("{} {}", run.in_words(), in_utc(run.began())),
        )
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows = self.jobs.iter().map(|line| {
            [
                line.job.clone(),
                line.kind.to_owned(),
                line.node.clone(),
                line.schedule.clone().unwrap_or_default(),
                line.next_in_words(),
                line.last_in_words(),
            ]
        });
        let headings = ["JOB", "KIND", "NODE", "SCHEDULE", "NEXT", "LAST"];
        writeln!(out, "{}", output::table(headings, rows))?;
        for line in &self.jobs {
            if let Some(problem) = &line.problem {
                writeln!(out, "{} would fail: {problem}", line.job)?;
            }
        }
        Ok(())
    }
}

pub(super) async fn run(context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let (mut lines, mut failures) = (Vec::new(), Vec::new());
    // A database that is away does not keep the jobs of the others from being listed.
    for group in super::grouped(context, None)? {
        match of_group(servers, &group).await {
            Ok(found) => lines.extend(found),
            Err(error) => failures.push(error.with("database", &group.database.label).into()),
        }
    }
    let problems = lines.iter().any(|line| line.problem.is_some());
    context.print(&Shown { jobs: lines })?;
    Failure::all(context, failures)?;
    Ok(Verdict::found(problems))
}

async fn of_group(servers: &Servers, group: &Group) -> ponte_engine::Result<Vec<Line>> {
    let mut peer = servers.database_peer(&group.database, "ponte jobs").await?;
    let mut states = match jobs::exist(&peer).await? {
        true => jobs::states(&peer).await?,
        false => Vec::new(),
    };
    let mut lines = Vec::new();
    for plan in &group.plans {
        let problem = check::fault(servers, plan, &mut peer).await?;
        let known = states.iter().position(|state| state.name == plan.job.name);
        let state = known.map(|index| states.swap_remove(index));
        lines.push(Line::new(plan, state, problem));
    }
    Ok(lines)
}
