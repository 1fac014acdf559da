//! `ponte sync init`

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::{InitPlan, InitReport, init, plan_init};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, Serialize)]
struct Initialised {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    /// False where the link was complete already.
    changed: bool,
    tables: Vec<String>,
    rows_copied: u64,
    rows_merged: u64,
    conflicts: u64,
    interleaved_sequences: Vec<String>,
    guarded_triggers: Vec<String>,
}

impl Report for Initialised {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.links {
            if !line.changed {
                writeln!(out, "link {} is complete already", line.link)?;
                continue;
            }
            writeln!(
                out,
                "link {}: {} captured on both sides; {} rows copied, {} merged, {} conflicts",
                line.link,
                line.tables.join(", "),
                line.rows_copied,
                line.rows_merged,
                line.conflicts
            )?;
            for sequence in &line.interleaved_sequences {
                writeln!(
                    out,
                    "  sequence {sequence} now counts in steps of two, so that both sides can insert"
                )?;
            }
            for trigger in &line.guarded_triggers {
                writeln!(
                    out,
                    "  trigger {trigger} now leaves the rows alone that the sync writes"
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
    for plan in plans {
        links.push(init_link(context, servers, plan).await?);
    }
    context.print(&Initialised { links })?;
    Ok(Verdict::Clean)
}

async fn init_link(context: &Context, servers: &Servers, link: &LinkPlan) -> Result<LinkLine, Failure> {
    link.require_direct(servers).await?;
    let mut peers = link.peers(servers).await?;
    let plan = plan_init(&link.spec, &mut peers).await?;
    let mut line = line(link, &plan);
    if plan.complete() {
        return Ok(line);
    }
    consent(context, link, &plan)?;
    let report = init(link.spec.clone(), peers, plan).await?;
    fill(&mut line, &report);
    Ok(line)
}

fn line(link: &LinkPlan, plan: &InitPlan) -> LinkLine {
    LinkLine {
        link: link.spec.name.clone(),
        changed: false,
        tables: plan.tables.iter().map(|t| t.name().to_string()).collect(),
        rows_copied: 0,
        rows_merged: 0,
        conflicts: 0,
        interleaved_sequences: plan.sequences.clone(),
        guarded_triggers: plan
            .guards
            .iter()
            .map(|g| format!("{} on {} ({})", g.trigger, g.table, g.node))
            .collect(),
    }
}

fn fill(line: &mut LinkLine, report: &InitReport) {
    let settled = report.settled.iter().flat_map(|pass| &pass.directions);
    let (upserts, conflicts) = settled.fold((0, 0), |(u, c), d| {
        (u + d.applied.upserts, c + d.applied.conflicts)
    });
    line.changed = true;
    line.rows_copied = report.copied;
    line.rows_merged = report.merged.upserts + upserts;
    line.conflicts = report.merged.conflicts + conflicts;
}

/// The user's own triggers are recreated only with consent, and after having been shown.
fn consent(context: &Context, link: &LinkPlan, plan: &InitPlan) -> Result<(), Failure> {
    if plan.guards.is_empty() {
        return Ok(());
    }
    context.note("These triggers would change the rows that the sync writes. They will be recreated so that they leave those alone");
    context.note("(ponte sync drop brings the originals back):\n");
    for guard in &plan.guards {
        context.note(format!("  on {}: {};", guard.node, guard.guarded));
    }
    context.note("");
    if context.confirm(&format!(
        "Recreate {} for link \"{}\"?",
        count(plan.guards.len()),
        link.spec.name
    ))? {
        Ok(())
    } else {
        Err(crate::diagnostic::Diagnostic::new(
            crate::diagnostic::Code::Unconfirmed,
            "nothing was done: the triggers have to be recreated first",
        )
        .hint("answer yes, or add the WHEN clause to the triggers yourself")
        .into())
    }
}

fn count(triggers: usize) -> String {
    if triggers == 1 {
        "this trigger".to_owned()
    } else {
        format!("these {triggers} triggers")
    }
}
