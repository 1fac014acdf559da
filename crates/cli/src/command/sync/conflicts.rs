//! `ponte sync conflicts`

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::conflicts::{Conflict, conflicts};
use ponte_sync::LinkName;
use ponte_sync::link::Side;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The link; all links of ponte.toml if left out
    #[arg(long, value_name = "LINK")]
    link: Option<LinkName>,
    /// Show this one with both images, as NODE:NUMBER from the list
    #[arg(value_name = "NODE:NUMBER")]
    show: Option<String>,
    /// How many of the newest to list per node
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

#[derive(Debug, Serialize)]
struct Listed {
    conflicts: Vec<Conflict>,
}

impl Report for Listed {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.conflicts.is_empty() {
            return writeln!(out, "no conflicts");
        }
        let rows = self.conflicts.iter().map(|c| {
            let loser = if c.winner == c.here.node {
                &c.there.node
            } else {
                &c.here.node
            };
            [
                format!("{}:{}", c.node, c.id),
                c.found_at.clone(),
                c.table.clone(),
                c.key.join(", "),
                c.kind.clone(),
                c.winner.clone(),
                loser.clone(),
            ]
        });
        let headings = ["number", "found at", "table", "key", "kind", "winner", "loser"];
        writeln!(out, "{}", output::table(headings, rows))
    }
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Shown(Conflict);

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let c = &self.0;
        writeln!(
            out,
            "{}:{} {} on {} ({}), found at {}",
            c.node,
            c.id,
            c.kind,
            c.table,
            c.key.join(", "),
            c.found_at
        )?;
        writeln!(out, "winner: {}", c.winner)?;
        let columns = [&c.here, &c.there]
            .into_iter()
            .filter_map(|i| i.row.as_ref())
            .max_by_key(|r| r.len());
        let cell = |image: &ponte_pg::sync::conflicts::Image, position: usize| match &image.row {
            None => "(deleted)".to_owned(),
            Some(row) => row[position].1.clone().unwrap_or_else(|| "NULL".to_owned()),
        };
        let mut rows = vec![[
            "version".to_owned(),
            c.here.version_at.clone(),
            c.there.version_at.clone(),
        ]];
        for (position, (name, _)) in columns.into_iter().flatten().enumerate() {
            rows.push([name.clone(), cell(&c.here, position), cell(&c.there, position)]);
        }
        writeln!(
            out,
            "{}",
            output::table(["column", c.here.node.as_str(), c.there.node.as_str()], rows)
        )
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    let plans = super::plans(
        context,
        &super::LinkArg {
            link: args.link.clone(),
        },
    )?;
    let wanted = args.show.as_deref().map(number).transpose()?;
    let limit = if wanted.is_some() {
        i64::MAX
    } else {
        i64::from(args.limit)
    };
    let mut found = Vec::new();
    for plan in &plans {
        for side in Side::BOTH {
            found.extend(of_node(servers, plan, side, limit).await?);
        }
    }
    found.sort_by(|a, b| b.found_at.cmp(&a.found_at));
    let Some((node, id)) = wanted else {
        context.print(&Listed { conflicts: found })?;
        return Ok(Verdict::Clean);
    };
    match found.into_iter().find(|c| c.node == node && c.id == id) {
        Some(conflict) => context.print(&Shown(conflict))?,
        None => {
            let message = format!("there is no conflict {node}:{id}");
            return Err(Diagnostic::new(Code::Usage, message)
                .hint("ponte sync conflicts lists them")
                .into());
        }
    }
    Ok(Verdict::Clean)
}

async fn of_node(
    servers: &Servers,
    plan: &LinkPlan,
    side: Side,
    limit: i64,
) -> Result<Vec<Conflict>, Failure> {
    let mut peer = plan.peer(servers, side).await?;
    Ok(conflicts(&plan.spec.name, &mut peer, limit).await?)
}

fn number(text: &str) -> Result<(String, i64), Failure> {
    let parsed = text
        .split_once(':')
        .and_then(|(node, id)| Some((node.to_owned(), id.parse().ok()?)));
    parsed.ok_or_else(|| {
        Diagnostic::new(Code::Usage, format!("{text:?} names no conflict"))
            .hint("write NODE:NUMBER as ponte sync conflicts lists them")
            .into()
    })
}
