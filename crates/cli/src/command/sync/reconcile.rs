//! `ponte sync reconcile`: says what was lost and what would come back, asks, and brings both sides to agreement again.

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::Estrangement;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, Serialize)]
struct Reconciled {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    /// The node that lost a part of its history, where one did.
    lost_history: Option<String>,
    rows_written: u64,
    rows_deleted: u64,
    conflicts: u64,
}

impl Report for Reconciled {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.links {
            writeln!(
                out,
                "link {}: reconciled; {} rows written, {} deleted, {} conflicts",
                line.link, line.rows_written, line.rows_deleted, line.conflicts
            )?;
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
        links.push(reconcile(context, servers, plan).await?);
    }
    context.print(&Reconciled { links })?;
    Ok(Verdict::Clean)
}

async fn reconcile(context: &Context, servers: &Servers, plan: &LinkPlan) -> Result<LinkLine, Failure> {
    let mut link = plan.open_estranged(servers).await?;
    let found = link.estrangement().await?;
    show(context, plan, &found);
    if !context.confirm(&format!("Reconcile link \"{}\"?", plan.spec.name))? {
        return Err(Diagnostic::new(Code::Unconfirmed, "nothing was done")
            .hint("delete on both sides what must not come back, then reconcile")
            .into());
    }
    let written = link.reconcile().await?;
    Ok(LinkLine {
        link: plan.spec.name.clone(),
        lost_history: found.lost,
        rows_written: written.upserts,
        rows_deleted: written.deletes,
        conflicts: written.conflicts,
    })
}

fn show(context: &Context, plan: &LinkPlan, found: &Estrangement) {
    match &found.lost {
        Some(node) => context.note(format!(
            "\"{node}\" lost a part of its history. Rows that were changed or deleted there in that part are on the other side only, or not at all.\n"
        )),
        None => context.note("Neither side lost a part of its history.\n"),
    }
    for node in found.forgotten.iter().filter(|_| found.lost.is_some()) {
        context.note(format!(
            "What was lost is older than the retention: \"{node}\" has given up notes of that time. Rows that were deleted there since then come back, \
             unless you delete them on both sides first.\n"
        ));
    }
    let [first, second] = &plan.spec.nodes;
    let rows = found.tables.iter().map(|t| {
        [
            t.table.clone(),
            t.missing[1].to_string(),
            t.missing[0].to_string(),
            t.different.to_string(),
        ]
    });
    let headings = [
        "table".to_owned(),
        format!("only on {first}"),
        format!("only on {second}"),
        "different".to_owned(),
    ];
    context.note(output::table(headings.each_ref().map(String::as_str), rows));
    context.note(
        "\nChanges that were noted are carried first. Then rows that only one side has are written to the other one: that brings lost\n\
         rows back, and also rows that were deleted in the lost part. Rows that differ are decided by the link's conflict policy; the\n\
         losers are kept in ponte.conflict.\n",
    );
}
