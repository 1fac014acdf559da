//! `ponte sync resolve`: a person decides a parked conflict, or brings back the row that a decided one gave up.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::sync::conflicts::{Resolution, State, resolve};
use ponte_sync::NodeName;
use serde::Serialize;

use super::conflicts::{Number, find};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    number: Number,
    /// The node whose row stays
    #[arg(long, value_name = "NODE")]
    keep: NodeName,
}

#[derive(Debug, Serialize)]
struct Resolved {
    /// False where the question was answered with no.
    resolved: bool,
    link: String,
    node: String,
    id: i64,
    table: String,
    key: Vec<String>,
    kept: String,
    /// What was written on `node`; `null` where nothing was.
    written: Option<&'static str>,
}

impl Report for Resolved {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.resolved {
            return writeln!(out, "nothing was changed");
        }
        let Self { node, id, kept, .. } = self;
        let what = match self.written {
            Some("updated") => "was overwritten with it",
            Some("inserted") => "was brought back",
            Some("deleted") => "was deleted, as it was there",
            _ => "stays as it is",
        };
        writeln!(
            out,
            "conflict {node}:{id}: the row of {kept} is kept; {} ({}) on {node} {what}",
            self.table,
            self.key.join(", ")
        )?;
        writeln!(
            out,
            "the next pass carries it over: ponte sync once {}",
            self.link
        )
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    let mut found = find(context, servers, &args.number).await?;
    let conflict = &found.conflict;
    let keep = args.keep.as_str();
    let question = match conflict.state {
        State::Parked => format!(
            "Keep the row of {keep} for {} ({}) on both nodes?",
            conflict.table,
            conflict.key.join(", ")
        ),
        _ => format!(
            "Overwrite {} ({}) on both nodes with the row that {keep} had at {}?",
            conflict.table,
            conflict.key.join(", "),
            conflict.found_at
        ),
    };
    // A request that cannot be carried out is refused before anybody is asked.
    let possible = conflict.state != State::Resolved
        && conflict.winner.as_deref() != Some(keep)
        && [&conflict.here.node, &conflict.there.node].contains(&&keep.to_owned());
    let mut report = Resolved {
        resolved: false,
        link: conflict.link.clone(),
        node: conflict.node.clone(),
        id: conflict.id,
        table: conflict.table.clone(),
        key: conflict.key.clone(),
        kept: keep.to_owned(),
        written: None,
    };
    if !possible || context.confirm(&question)? {
        let resolution = resolve(&found.plan.spec, &mut found.peer, report.id, keep).await?;
        report.resolved = true;
        report.written = match resolution {
            Resolution::Announced => None,
            Resolution::Updated => Some("updated"),
            Resolution::Inserted => Some("inserted"),
            Resolution::Deleted => Some("deleted"),
        };
    }
    context.print(&report)?;
    Ok(Verdict::Clean)
}
