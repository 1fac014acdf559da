//! `ponte sync approve`: shows the mass deletes that wait, asks, and lets exactly these pass with the next pass of whatever process.

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::MassDelete;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, Serialize)]
struct Approved {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    deletes: Vec<DeleteLine>,
}

#[derive(Debug, Serialize)]
struct DeleteLine {
    table: String,
    from: String,
    to: String,
    deletes: u64,
    /// How many rows the table has there, where that is not many more.
    rows: Option<u64>,
    truncated: bool,
}

impl From<&MassDelete> for DeleteLine {
    fn from(delete: &MassDelete) -> Self {
        Self {
            table: delete.table.to_string(),
            from: delete.from.clone(),
            to: delete.to.clone(),
            deletes: delete.deletes,
            rows: delete.rows,
            truncated: delete.truncated,
        }
    }
}

impl Report for Approved {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.links {
            if line.deletes.is_empty() {
                writeln!(out, "link {}: nothing waits for approval", line.link)?;
            } else {
                writeln!(
                    out,
                    "link {}: approved; the next pass carries them out",
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
    for plan in plans {
        links.push(approve(context, servers, plan).await?);
    }
    context.print(&Approved { links })?;
    Ok(Verdict::Clean)
}

async fn approve(context: &Context, servers: &Servers, plan: &LinkPlan) -> Result<LinkLine, Failure> {
    let mut link = plan.open(servers).await?;
    let found = link.mass_deletes().await?;
    if !found.is_empty() {
        show(context, plan, &found);
        let question = format!("Let link \"{}\" delete these rows?", plan.spec.name);
        if !context.confirm(&question)? {
            return Err(
                Diagnostic::new(Code::Unconfirmed, "nothing was approved; the link keeps waiting")
                    .hint("bring the rows back where they were deleted, or approve")
                    .into(),
            );
        }
        link.approve(&found).await?;
    }
    Ok(LinkLine {
        link: plan.spec.name.clone(),
        deletes: found.iter().map(DeleteLine::from).collect(),
    })
}

fn show(context: &Context, plan: &LinkPlan, found: &[MassDelete]) {
    context.note(format!("Link \"{}\" would delete:\n", plan.spec.name));
    let rows = found.iter().map(|d| {
        [
            d.table.to_string(),
            d.to.clone(),
            d.deletes.to_string(),
            d.rows
                .map_or_else(|| "many more".to_owned(), |rows| rows.to_string()),
            format!(
                "{} on {}",
                if d.truncated { "TRUNCATE" } else { "DELETE" },
                d.from
            ),
        ]
    });
    context.note(output::table(
        ["table", "on node", "rows to delete", "of", "because of"],
        rows,
    ));
    context.note("");
}
