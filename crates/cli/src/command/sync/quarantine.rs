//! `ponte sync quarantine`: the rows that a node refuses.

use std::io::{self, Write};

use clap::Subcommand;
use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::Peer;
use ponte_pg::sync::quarantine::{Refused, give_up, quarantine, retry};
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
    /// The link; all links of ponte.toml if left out
    link: Option<LinkName>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show a refused row with its content and the reason
    Show {
        /// The row, as NODE:NUMBER from the list
        #[arg(value_name = "NODE:NUMBER")]
        row: String,
    },
    /// Have a row tried with the next pass, whatever its waiting time
    Retry {
        /// The row, as NODE:NUMBER from the list
        #[arg(value_name = "NODE:NUMBER", required_unless_present = "all")]
        row: Option<String>,
        /// All rows of all links
        #[arg(long, conflicts_with = "row")]
        all: bool,
    },
    /// Give a row up: what the node that refuses it has holds on both sides
    Discard {
        /// The row, as NODE:NUMBER from the list
        #[arg(value_name = "NODE:NUMBER")]
        row: String,
    },
}

#[derive(Debug, Serialize)]
struct Listed {
    quarantine: Vec<Refused>,
}

impl Report for Listed {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.quarantine.is_empty() {
            return writeln!(out, "no refused rows");
        }
        let rows = self.quarantine.iter().map(|r| {
            [
                number_of(r),
                r.table.clone(),
                r.key.join(", "),
                r.kind.clone(),
                r.constraint.clone().unwrap_or_else(|| r.message.clone()),
                r.attempts.to_string(),
                r.next_try_at.clone(),
            ]
        });
        let headings = [
            "number",
            "table",
            "key",
            "kind",
            "refused by",
            "tried",
            "next try at",
        ];
        writeln!(out, "{}", output::table(headings, rows))
    }
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Shown(Refused);

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let r = &self.0;
        let key = r.key.join(", ");
        writeln!(
            out,
            "{} {} of {} ({key}) from {}",
            number_of(r),
            r.kind,
            r.table,
            r.from
        )?;
        let by = r.constraint.as_ref().map_or(String::new(), |c| format!(" ({c})"));
        writeln!(out, "reason: {} {}{by}", r.sqlstate, r.message)?;
        writeln!(
            out,
            "tried {} times since {}; next at {}",
            r.attempts, r.first_at, r.next_try_at
        )?;
        let Some(row) = &r.row else {
            return writeln!(out, "the row was deleted on {}", r.from);
        };
        let rows = row.iter().map(|(column, value)| {
            let value = value.clone().unwrap_or_else(|| "NULL".to_owned());
            [column.clone(), value]
        });
        writeln!(out, "{}", output::table(["column", r.from.as_str()], rows))
    }
}

#[derive(Debug, Serialize)]
struct Due {
    due: u64,
}

impl Report for Due {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{} rows are tried with the next pass; ponte sync once",
            self.due
        )
    }
}

#[derive(Debug, Serialize)]
struct Discarded {
    discarded: Vec<String>,
}

impl Report for Discarded {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for row in &self.discarded {
            writeln!(
                out,
                "{row} is given up; what was refused is kept, see ponte sync conflicts"
            )?;
        }
        Ok(())
    }
}

fn number_of(row: &Refused) -> String {
    format!("{}:{}", row.node, row.id)
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    let link = super::LinkArg {
        link: args.link.clone(),
    };
    let plans = super::plans(context, &link)?;
    match &args.action {
        None => list(context, servers, &plans).await?,
        Some(Action::Show { row }) => {
            let (_, refused) = find(servers, &plans, row).await?;
            context.print(&Shown(refused))?;
        }
        Some(Action::Retry { row: Some(row), .. }) => {
            let (mut peer, refused) = find(servers, &plans, row).await?;
            let due = retry(&refused.link, &mut peer, Some(refused.id)).await?;
            context.print(&Due { due })?;
        }
        Some(Action::Retry { row: None, .. }) => retry_all(context, servers, &plans).await?,
        Some(Action::Discard { row }) => discard(context, servers, &plans, row).await?,
    }
    Ok(Verdict::Clean)
}

async fn list(context: &Context, servers: &Servers, plans: &[LinkPlan]) -> Result<(), Failure> {
    let mut found = Vec::new();
    for plan in plans {
        for side in Side::BOTH {
            let mut peer = plan.peer(servers, side).await?;
            found.extend(quarantine(&plan.spec.name, &mut peer).await?);
        }
    }
    context.print(&Listed { quarantine: found })
}

async fn retry_all(context: &Context, servers: &Servers, plans: &[LinkPlan]) -> Result<(), Failure> {
    let mut due = 0;
    for plan in plans {
        for side in Side::BOTH {
            let mut peer = plan.peer(servers, side).await?;
            due += retry(&plan.spec.name, &mut peer, None).await?;
        }
    }
    context.print(&Due { due })
}

async fn discard(context: &Context, servers: &Servers, plans: &[LinkPlan], row: &str) -> Result<(), Failure> {
    let (mut peer, refused) = find(servers, plans, row).await?;
    let Refused {
        node, from, table, ..
    } = &refused;
    let question = format!(
        "Give up row ({}) of {table} from \"{from}\"? \"{from}\" gets what \"{node}\" has for this key, and loses the row if \"{node}\" has none.",
        refused.key.join(", ")
    );
    let mut discarded = Vec::new();
    if context.confirm(&question)? && give_up(&refused.link, &mut peer, refused.id).await? {
        discarded.push(number_of(&refused));
    }
    context.print(&Discarded { discarded })
}

/// The row of that number, and the node that refuses it.
async fn find(servers: &Servers, plans: &[LinkPlan], number: &str) -> Result<(Peer, Refused), Failure> {
    for plan in plans {
        for side in Side::BOTH {
            if !number.starts_with(&format!("{}:", plan.spec.node(side))) {
                continue;
            }
            let mut peer = plan.peer(servers, side).await?;
            let rows = quarantine(&plan.spec.name, &mut peer).await?;
            if let Some(row) = rows.into_iter().find(|r| number_of(r) == number) {
                return Ok((peer, row));
            }
        }
    }
    Err(
        Diagnostic::new(Code::Usage, format!("there is no refused row {number}"))
            .hint("write NODE:NUMBER as ponte sync quarantine lists them")
            .into(),
    )
}
