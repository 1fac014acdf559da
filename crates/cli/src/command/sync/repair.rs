//! `ponte sync repair`

use std::io::{self, Write};

use ponte_engine::journal::Journal;
use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::LiveLink;
use ponte_pg::sync::repair::{RepairFrom, RepairKinds, RepairPlan};
use ponte_sync::link::Side;
use serde::Serialize;

use super::LinkArg;
use super::probe::{side, usage};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("winner").required(true)), group(clap::ArgGroup::new("kinds")))]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) link: LinkArg,
    /// The node whose rows are right
    #[arg(long, value_name = "NODE", group = "winner")]
    from: Option<String>,
    /// Each key as the node has it that changed it last
    #[arg(long, group = "winner")]
    newest: bool,
    /// Only this table
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Say what would be done, and do nothing; exit code 1 if there is anything
    #[arg(long)]
    dry_run: bool,
    /// Only add rows that are missing
    #[arg(long, group = "kinds")]
    insert_only: bool,
    /// Only change rows that both nodes have
    #[arg(long, group = "kinds")]
    update_only: bool,
    /// Delete nothing
    #[arg(long, group = "kinds")]
    no_delete: bool,
}

impl Args {
    fn kinds(&self) -> RepairKinds {
        RepairKinds {
            insert: !self.update_only,
            update: !self.insert_only,
            delete: !(self.insert_only || self.update_only || self.no_delete),
        }
    }
}

#[derive(Debug, Serialize)]
struct Repaired {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    /// Keys that were noted as changed, and so travel with the next pass.
    noted: u64,
    /// Whether a pass has carried them already.
    carried: bool,
    tables: Vec<TableLine>,
}

#[derive(Debug, Serialize)]
struct TableLine {
    table: String,
    node: String,
    inserts: u64,
    updates: u64,
    deletes: u64,
}

impl TableLine {
    fn in_words(&self) -> String {
        let Self {
            table,
            node,
            inserts,
            updates,
            deletes,
        } = self;
        format!("{table} on {node}: {inserts} to add, {updates} to change, {deletes} to delete")
    }
}

impl Report for Repaired {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for link in &self.links {
            for table in &link.tables {
                writeln!(out, "link {}: {}", link.link, table.in_words())?;
            }
            match (link.tables.is_empty(), link.noted, link.carried) {
                (true, ..) => writeln!(out, "link {}: nothing to repair", link.link)?,
                (_, 0, _) => writeln!(out, "link {}: nothing was done", link.link)?,
                (_, noted, true) => writeln!(out, "link {}: {noted} keys were carried by a pass", link.link)?,
                (_, noted, false) => writeln!(out, "link {}: {noted} keys go with the next pass", link.link)?,
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
        links.push(repair_link(context, servers, plan, args).await?);
    }
    let found = links.iter().any(|l| !l.tables.is_empty());
    context.print(&Repaired { links })?;
    Ok(Verdict::found(args.dry_run && found))
}

async fn repair_link(
    context: &Context,
    servers: &Servers,
    plan: &LinkPlan,
    args: &Args,
) -> Result<LinkLine, Failure> {
    let from = match &args.from {
        Some(node) => RepairFrom::Side(side(plan, Some(node))?),
        None => RepairFrom::Newest,
    };
    let mut link = plan.open(servers).await?;
    let mut repairs = Vec::new();
    for position in chosen(plan, &link, args)? {
        let found = link.compare_table(position).await?;
        let repair = link
            .plan_repair(position, &found.keys, from, args.kinds())
            .await?;
        if repair.total() > 0 {
            repairs.push((position, repair));
        }
    }
    let mut line = LinkLine {
        link: plan.spec.name.clone(),
        noted: 0,
        carried: false,
        tables: lines(plan, &link, &repairs),
    };
    if repairs.is_empty() || args.dry_run || !consent(context, &line)? {
        return Ok(line);
    }
    for (position, repair) in &repairs {
        line.noted += link.repair(*position, repair).await?;
    }
    let running = Journal::new(&servers.state_dir(), &plan.spec.name)
        .read()
        .is_some();
    if line.noted > 0 && !running {
        line.carried = !link.pass().await?.paused;
    }
    Ok(line)
}

fn chosen(plan: &LinkPlan, link: &LiveLink, args: &Args) -> Result<Vec<usize>, Failure> {
    let known: Vec<String> = link.tables().iter().map(|t| t.name().to_string()).collect();
    let Some(wanted) = &args.table else {
        return Ok((0..known.len()).collect());
    };
    match known.iter().position(|name| name == wanted) {
        Some(position) => Ok(vec![position]),
        None => Err(usage(
            format!("link \"{}\" has no table {wanted}", plan.spec.name),
            &known,
        )),
    }
}

fn lines(plan: &LinkPlan, link: &LiveLink, repairs: &[(usize, RepairPlan)]) -> Vec<TableLine> {
    let line = |position: usize, repair: &RepairPlan, side: Side| TableLine {
        table: link.tables()[position].name().to_string(),
        node: plan.spec.node(side).to_owned(),
        inserts: repair.inserts[side.index()],
        updates: repair.updates[side.index()],
        deletes: repair.deletes[side.index()],
    };
    let lines = repairs
        .iter()
        .flat_map(|(position, repair)| Side::BOTH.map(|side| line(*position, repair, side)));
    lines.filter(|l| l.inserts + l.updates + l.deletes > 0).collect()
}

fn consent(context: &Context, line: &LinkLine) -> Result<bool, Failure> {
    for table in &line.tables {
        context.note(format!("  {}", table.in_words()));
    }
    context.confirm(&format!("Repair link \"{}\"?", line.link))
}
