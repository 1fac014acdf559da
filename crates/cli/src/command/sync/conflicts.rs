//! `ponte sync conflicts`: the list, and the way from a number that a person types to a conflict.

mod show;

use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::Peer;
use ponte_pg::sync::conflicts::{Conflict, State, conflict, conflicts};
use ponte_sync::LinkName;
use ponte_sync::link::Side;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// The link; all links of ponte.toml if left out
    link: Option<LinkName>,
    /// Only those that wait for a decision
    #[arg(long)]
    parked: bool,
    /// How many of the newest to list per node
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show one conflict with both rows, column by column
    Show(Number),
}

/// One conflict, by the number that the list prints.
#[derive(Debug, clap::Args)]
pub(super) struct Number {
    /// Its number in the list, as NODE:NUMBER; NUMBER alone where only one node has it
    #[arg(value_name = "NUMBER")]
    number: String,
    /// The link; all links of ponte.toml are searched if left out
    #[arg(long, value_name = "LINK")]
    link: Option<LinkName>,
}

/// A conflict with the link and the session in which it was found.
pub(super) struct Found {
    pub(super) plan: LinkPlan,
    pub(super) peer: Peer,
    pub(super) conflict: Conflict,
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
            [
                format!("{}:{}", c.node, c.id),
                c.found_at.get(..19).unwrap_or_default().replace('T', " "),
                c.table.clone(),
                c.key.join(", "),
                c.kind.clone(),
                outcome(c),
            ]
        });
        let headings = ["number", "found at (UTC)", "table", "key", "kind", "outcome"];
        writeln!(out, "{}", output::table(headings, rows))
    }
}

/// `parked`, `a won`, `merged`, `b kept`.
fn outcome(conflict: &Conflict) -> String {
    match (&conflict.state, &conflict.kept, &conflict.winner) {
        (State::Parked, _, _) => "parked".to_owned(),
        (State::Resolved, Some(kept), _) => format!("{kept} kept"),
        (_, _, Some(winner)) if winner == "merged" => "merged".to_owned(),
        (_, _, Some(winner)) => format!("{winner} won"),
        (_, _, None) => "left open".to_owned(),
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    if let Some(Action::Show(number)) = &args.action {
        return show::run(context, servers, number).await;
    }
    let mut found = Vec::new();
    for plan in &plans(context, args.link.as_ref())? {
        for side in Side::BOTH {
            let mut peer = plan.peer(servers, side).await?;
            found.extend(conflicts(&plan.spec.name, &mut peer, i64::from(args.limit)).await?);
        }
    }
    found.retain(|c| !args.parked || c.state == State::Parked);
    found.sort_by(|a, b| b.found_at.cmp(&a.found_at));
    context.print(&Listed { conflicts: found })?;
    Ok(Verdict::Clean)
}

fn plans(context: &Context, link: Option<&LinkName>) -> Result<Vec<LinkPlan>, Failure> {
    let link = link.cloned();
    super::plans(context, &super::LinkArg { link })
}

/// Looks for a conflict on both nodes of every link in question.
pub(super) async fn find(context: &Context, servers: &Servers, wanted: &Number) -> Result<Found, Failure> {
    let (node, id) = parse(&wanted.number)?;
    let mut found = Vec::new();
    let mut known = false;
    for plan in plans(context, wanted.link.as_ref())? {
        for side in Side::BOTH {
            if node.is_some_and(|n| n != plan.spec.node(side)) {
                continue;
            }
            known = true;
            let mut peer = plan.peer(servers, side).await?;
            if let Some(conflict) = conflict(&plan.spec.name, &mut peer, id).await? {
                let plan = plan.clone();
                found.push(Found { plan, peer, conflict });
            }
        }
    }
    let wrong = |message: String, hint: &str| Diagnostic::new(Code::Usage, message).hint(hint);
    match found.len() {
        1 => Ok(found.remove(0)),
        0 if known => Err(wrong(
            format!("there is no conflict {}", wanted.number),
            "ponte sync conflicts lists them",
        )
        .into()),
        0 => Err(wrong(
            format!("no link in question has a node {:?}", node.unwrap_or_default()),
            "ponte sync conflicts lists them",
        )
        .into()),
        _ => {
            let names: Vec<String> = found
                .iter()
                .map(|f| format!("{}:{}", f.conflict.node, f.conflict.id))
                .collect();
            let message = format!(
                "there are several conflicts {}: {}",
                wanted.number,
                names.join(", ")
            );
            Err(wrong(message, "write NODE:NUMBER").into())
        }
    }
}

fn parse(text: &str) -> Result<(Option<&str>, i64), Failure> {
    let (node, number) = match text.split_once(':') {
        Some((node, number)) => (Some(node), number),
        None => (None, text),
    };
    number.parse().map(|id| (node, id)).map_err(|_| {
        Diagnostic::new(Code::Usage, format!("{text:?} names no conflict"))
            .hint("write NODE:NUMBER as ponte sync conflicts lists them")
            .into()
    })
}
