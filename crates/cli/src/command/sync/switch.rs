//! `ponte sync pause` and `resume`

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::status::set_paused;
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, Serialize)]
struct Switched {
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    state: &'static str,
}

impl Report for Switched {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.links {
            match line.state {
                "paused" => writeln!(out, "link {} is paused; changes are still captured", line.link)?,
                _ => writeln!(out, "link {} goes on", line.link)?,
            }
        }
        Ok(())
    }
}

pub(super) async fn run(
    context: &Context,
    servers: &Servers,
    plans: &[LinkPlan],
    paused: bool,
) -> Result<Verdict, Failure> {
    let mut links = Vec::with_capacity(plans.len());
    for plan in plans {
        for peer in &mut plan.peers(servers).await? {
            set_paused(&plan.spec, peer, paused).await?;
        }
        links.push(LinkLine {
            link: plan.spec.name.clone(),
            state: if paused { "paused" } else { "running" },
        });
    }
    context.print(&Switched { links })?;
    Ok(Verdict::Clean)
}
