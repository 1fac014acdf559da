//! `ponte jobs next`: the schedules as instants, so that nobody has to trust their own reading of a cron expression.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many
    #[arg(default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Only this job
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
}

#[derive(Debug, Serialize)]
struct Shown {
    ticks: Vec<Tick>,
    /// Jobs that are run by hand only.
    by_hand: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Tick {
    job: String,
    scheduled_at: Timestamp,
    /// By the clock of the job's time zone.
    local: String,
    time_zone: String,
}

/// An instant by a clock on a wall, with that clock's distance from UTC.
pub(super) fn on_the_wall(zoned: &jiff::Zoned) -> String {
    zoned.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string()
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.ticks.is_empty() {
            let rows = self
                .ticks
                .iter()
                .map(|tick| [tick.local.clone(), tick.time_zone.clone(), tick.job.clone()]);
            writeln!(out, "{}", output::table(["DUE", "TIME ZONE", "JOB"], rows))?;
        }
        for job in &self.by_hand {
            writeln!(out, "{job} has no schedule; ponte jobs run {job}")?;
        }
        Ok(())
    }
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Verdict, Failure> {
    let jobs = super::jobs(context, args.job.as_deref())?;
    let now = Timestamp::now();
    let count = args.count as usize;
    let mut ticks = Vec::new();
    for job in &jobs {
        let Some(schedule) = &job.schedule else { continue };
        let mut at = now;
        while let Some(next) = schedule
            .next_after(at)
            .filter(|_| ticks.len() < count * jobs.len())
        {
            ticks.push(Tick {
                job: job.name.clone(),
                scheduled_at: next,
                local: on_the_wall(&schedule.local(next)),
                time_zone: job.time_zone.clone(),
            });
            at = next;
            if ticks.iter().rev().take_while(|tick| tick.job == job.name).count() >= count {
                break;
            }
        }
    }
    ticks.sort_by_key(|tick| tick.scheduled_at);
    ticks.truncate(count);
    let by_hand = jobs.iter().filter(|job| job.schedule.is_none());
    context.print(&Shown {
        ticks,
        by_hand: by_hand.map(|job| job.name.clone()).collect(),
    })?;
    Ok(Verdict::Clean)
}
