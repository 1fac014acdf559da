//! `ponte sync grants`: the statements that give a role exactly what a link takes, for somebody who may run them.

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::grants::{NodeGrants, grants};
use serde::Serialize;

use super::LinkArg;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) link: LinkArg,
    /// The role that is to run the sync; the one that each node's url names if left out
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

#[derive(Debug, Serialize)]
struct Granted {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    nodes: Vec<NodeGrants>,
}

impl Report for Granted {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.links {
            for node in &line.nodes {
                writeln!(
                    out,
                    "-- link {}, node {}, role {}",
                    line.link, node.node, node.role
                )?;
                for grant in &node.grants {
                    writeln!(out, "{}; -- to {}", grant.statement, grant.reason)?;
                }
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
    let only = context.named_node();
    if let Some(name) = only {
        context.config()?.node(name)?;
    }
    let mut links = Vec::with_capacity(plans.len());
    for plan in plans {
        if only.is_some_and(|name| plan.spec.nodes.iter().all(|n| n != name)) {
            continue;
        }
        let mut peers = plan.peers(servers).await?;
        let found = grants(&plan.spec, &mut peers, args.role.as_deref()).await?;
        let wanted = |node: &NodeGrants| only.is_none_or(|name| name == node.node);
        links.push(LinkLine {
            link: plan.spec.name.clone(),
            nodes: found.into_iter().filter(wanted).collect(),
        });
    }
    context.print(&Granted { links })?;
    Ok(Verdict::Clean)
}
