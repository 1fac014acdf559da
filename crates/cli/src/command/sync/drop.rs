//! `ponte sync drop`. Each node is dropped by itself, so that one that is gone for good does not keep the other one linked;
//! with `--node` only that one is asked.

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::drop_link;
use ponte_sync::link::Side;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, Serialize)]
struct Dropped {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    node: String,
    /// False where the node had no such link.
    dropped: bool,
}

impl Report for Dropped {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.links {
            let what = if line.dropped {
                "was removed from"
            } else {
                "was not there on"
            };
            writeln!(out, "link {} {what} {}", line.link, line.node)?;
        }
        Ok(())
    }
}

pub(super) async fn run(
    context: &Context,
    servers: &Servers,
    plans: &[LinkPlan],
) -> Result<Verdict, Failure> {
    let mut links = Vec::new();
    let mut failures = Vec::new();
    for plan in plans {
        let question = format!(
            "Drop link \"{}\" with its changelogs and the conflicts that were kept? No row of your tables is touched.",
            plan.spec.name
        );
        if !context.confirm(&question)? {
            continue;
        }
        for side in sides(context, plan)? {
            match drop_side(servers, plan, side).await {
                Ok(line) => links.push(line),
                Err(error) => failures.push(error),
            }
        }
    }
    context.print(&Dropped { links })?;
    Failure::all(context, failures)
}

/// The sides that the command is about: both, or the one that `--node` names.
fn sides(context: &Context, plan: &LinkPlan) -> Result<Vec<Side>, Failure> {
    let Some(node) = &context.globals().node else {
        return Ok(Side::BOTH.to_vec());
    };
    let named: Vec<Side> = Side::BOTH
        .into_iter()
        .filter(|side| plan.spec.node(*side) == node)
        .collect();
    if named.is_empty() {
        let [first, second] = &plan.spec.nodes;
        return Err(Diagnostic::new(
            Code::Usage,
            format!("node \"{node}\" takes no part in link \"{}\"", plan.spec.name),
        )
        .hint(format!("name {first} or {second}, or leave --node out"))
        .into());
    }
    Ok(named)
}

async fn drop_side(servers: &Servers, plan: &LinkPlan, side: Side) -> Result<LinkLine, Failure> {
    let mut peer = plan.peer(servers, side).await?;
    let dropped = drop_link(&plan.spec.name, &mut peer).await?;
    Ok(LinkLine {
        link: plan.spec.name.clone(),
        node: plan.spec.node(side).to_owned(),
        dropped,
    })
}
