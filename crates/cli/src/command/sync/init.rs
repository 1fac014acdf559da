//! `ponte sync init`

use std::io::{self, Write};
use std::sync::Arc;

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::{InitOptions, InitPlan, InitReport, init_with, plan_init};
use serde::Serialize;

use super::LinkArg;
use super::contact::Screen;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) link: LinkArg,
    /// How many connections to each side share the first copy
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    connections: Option<u8>,
    /// How many rows one chunk of the first copy has, about; what is finished of it survives a crash
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    chunk_rows: Option<u32>,
}

impl Args {
    fn options(&self, screen: &Arc<Screen>) -> InitOptions {
        let plain = InitOptions::default();
        let screen = Arc::clone(screen);
        InitOptions {
            connections: self.connections.map_or(plain.connections, usize::from),
            chunk_rows: self.chunk_rows.map_or(plain.chunk_rows, i64::from),
            observe: Arc::new(move |event| screen.note(event)),
        }
    }
}

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
    /// Parts of tables that this run has carried, and those that an interrupted one had.
    chunks: u64,
    chunks_before: u64,
    /// Tables that came to a link that was complete before, and tables that it carries no longer.
    tables_joined: Vec<String>,
    tables_left: Vec<String>,
    interleaved_sequences: Vec<String>,
    /// Tables whose capture was changed, because the rule for conflicts was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    noted_columns: Vec<String>,
    /// Tables whose capture was changed, because the filter was or what becomes of rows that leave it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asked_filters: Vec<String>,
    guarded_triggers: Vec<String>,
}

impl LinkLine {
    /// What this run has begun to capture.
    fn captured(&self) -> String {
        if self.tables_joined.is_empty() && self.tables_left.is_empty() {
            return self.tables.join(", ");
        }
        if self.tables_joined.is_empty() {
            return "no further table".to_owned();
        }
        self.tables_joined.join(", ")
    }
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
                line.captured(),
                line.rows_copied,
                line.rows_merged,
                line.conflicts
            )?;
            if line.chunks_before > 0 {
                writeln!(
                    out,
                    "  taken up again: {} chunks were there already, {} were carried now",
                    line.chunks_before, line.chunks
                )?;
            }
            for table in &line.tables_left {
                writeln!(
                    out,
                    "  table {table} has left the link; its rows stay as they are"
                )?;
            }
            for sequence in &line.interleaved_sequences {
                writeln!(
                    out,
                    "  sequence {sequence} now skips the numbers of other nodes, so that all of them can insert"
                )?;
            }
            for table in &line.noted_columns {
                writeln!(
                    out,
                    "  {table}: capture now notes changed columns as the rule for conflicts asks"
                )?;
            }
            for table in &line.asked_filters {
                writeln!(
                    out,
                    "  {table}: capture now tells of deleted rows what the filter and leaving ask"
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
    args: &Args,
) -> Result<Verdict, Failure> {
    let mut links = Vec::with_capacity(plans.len());
    for plan in plans {
        links.push(init_link(context, servers, plan, args).await?);
    }
    context.print(&Initialised { links })?;
    Ok(Verdict::Clean)
}

async fn init_link(
    context: &Context,
    servers: &Servers,
    link: &LinkPlan,
    args: &Args,
) -> Result<LinkLine, Failure> {
    link.require_direct(servers).await?;
    let mut peers = link.peers(servers).await?;
    let plan = plan_init(&link.spec, &mut peers).await?;
    let mut line = line(link, &plan);
    if plan.complete() {
        return Ok(line);
    }
    consent_to_leave(context, link, &plan)?;
    consent(context, link, &plan)?;
    let screen = Screen::new(context, &link.spec.name);
    let report = init_with(link.spec.clone(), peers, plan, &args.options(&screen)).await;
    screen.end();
    fill(&mut line, &report?);
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
        chunks: 0,
        chunks_before: 0,
        tables_joined: plan
            .members
            .joining
            .iter()
            .map(|i| plan.tables[*i].name().to_string())
            .collect(),
        tables_left: plan.members.leaving_names(),
        interleaved_sequences: plan.sequences.clone(),
        noted_columns: plan.masks.clone(),
        asked_filters: plan.keeping.clone(),
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
    (line.chunks, line.chunks_before) = (report.chunks, report.chunks_before);
    line.rows_copied = report.copied;
    line.rows_merged = report.merged.upserts + upserts;
    line.conflicts = report.merged.conflicts + conflicts;
}

/// A table that `ponte.toml` names no longer may have been forgotten there.
fn consent_to_leave(context: &Context, link: &LinkPlan, plan: &InitPlan) -> Result<(), Failure> {
    let names = plan.members.leaving_names();
    let name = &link.spec.name;
    let question = format!(
        "ponte.toml does not name {} any more. Take it out of link \"{name}\", with its changelog? No row is touched.",
        names.join(", ")
    );
    if names.is_empty() || context.confirm(&question)? {
        return Ok(());
    }
    Err(crate::diagnostic::Diagnostic::new(
        crate::diagnostic::Code::Unconfirmed,
        format!(
            "nothing was done: link \"{name}\" still carries {}",
            names.join(", ")
        ),
    )
    .hint("answer yes, or name the table in ponte.toml again")
    .into())
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
