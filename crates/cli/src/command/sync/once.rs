//! `ponte sync once`

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_engine::upkeep::Upkeep;
use ponte_pg::sync::{DirectionReport, PassReport};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, Serialize)]
struct Once {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    state: &'static str,
    directions: Vec<DirectionLine>,
}

/// One direction of a pass, as every command prints it.
#[derive(Debug, Serialize)]
pub(super) struct DirectionLine {
    from: String,
    to: String,
    upserts: u64,
    deletes: u64,
    conflicts: u64,
    quarantined: u64,
    duration_ms: f64,
}

impl From<&DirectionReport> for DirectionLine {
    fn from(report: &DirectionReport) -> Self {
        Self {
            from: report.from.clone(),
            to: report.to.clone(),
            upserts: report.applied.upserts,
            deletes: report.applied.deletes,
            conflicts: report.applied.conflicts,
            quarantined: report.applied.quarantined,
            duration_ms: (report.duration.as_secs_f64() * 1e6).round() / 1e3,
        }
    }
}

impl DirectionLine {
    /// `a → b: 3 written, 1 deleted, 0 conflicts, 1 refused, 4.2 ms`
    pub(super) fn in_words(&self) -> String {
        let Self {
            from,
            to,
            upserts,
            deletes,
            conflicts,
            quarantined,
            duration_ms,
        } = self;
        let refused = match quarantined {
            0 => String::new(),
            n => format!("{n} refused, "),
        };
        format!(
            "{from} → {to}: {upserts} written, {deletes} deleted, {conflicts} conflicts, {refused}{duration_ms} ms"
        )
    }
}

impl Report for Once {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.links {
            if line.state == "paused" {
                writeln!(
                    out,
                    "link {} is paused; ponte sync resume {}",
                    line.link, line.link
                )?;
            }
            for direction in &line.directions {
                writeln!(out, "link {} {}", line.link, direction.in_words())?;
            }
            if line.directions.iter().any(|d| d.quarantined > 0) {
                writeln!(
                    out,
                    "link {0} set rows aside; ponte sync quarantine {0}",
                    line.link
                )?;
            }
        }
        Ok(())
    }
}

pub(super) async fn run(
    context: &Context,
    servers: &Servers,
    plans: &[LinkPlan],
) -> Result<Verdict, Failure> {
    let mut links = Vec::with_capacity(plans.len());
    let (mut failures, mut refused) = (Vec::new(), 0);
    // A link whose partner is away does not keep the others from passing.
    for plan in plans {
        match pass(servers, plan).await {
            Ok(report) => {
                refused += report.quarantined();
                links.push(line(plan, &report));
            }
            Err(failure) => failures.push(failure),
        }
    }
    context.print(&Once { links })?;
    Failure::all(context, failures)?;
    Ok(Verdict::found(refused > 0))
}

async fn pass(servers: &Servers, plan: &LinkPlan) -> Result<PassReport, Failure> {
    let mut link = plan.open(servers).await?;
    let report = link.pass().await?;
    if !report.paused {
        Upkeep::default().after_pass(&mut link, report.moved()).await;
    }
    Ok(report)
}

fn line(plan: &LinkPlan, report: &PassReport) -> LinkLine {
    LinkLine {
        link: plan.spec.name.clone(),
        state: if report.paused { "paused" } else { "running" },
        directions: report.directions.iter().map(DirectionLine::from).collect(),
    }
}
