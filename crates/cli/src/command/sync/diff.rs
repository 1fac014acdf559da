//! `ponte sync diff`

use std::collections::BTreeMap;
use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::compare::TableComparison;
use ponte_sync::compare::Divergence;
use serde::Serialize;

use super::LinkArg;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) link: LinkArg,
    /// How many of the keys that differ are listed, for each table
    #[arg(long, value_name = "N", default_value_t = 20)]
    keys: usize,
}

#[derive(Debug, Serialize)]
struct Diff {
    equal: bool,
    /// Whether nothing differs but rows that wait for a person's decision.
    only_parked: bool,
    links: Vec<LinkLine>,
}

#[derive(Debug, Serialize)]
struct LinkLine {
    link: String,
    tables: Vec<TableLine>,
}

#[derive(Debug, Serialize)]
struct TableLine {
    table: String,
    rows: BTreeMap<String, i64>,
    missing: BTreeMap<String, u64>,
    different: u64,
    in_flight: u64,
    parked: usize,
    checksum: BTreeMap<String, String>,
    /// Whether more keys may differ than were looked at.
    at_least: bool,
    /// How many keys are not listed.
    not_listed: usize,
    keys: Vec<KeyLine>,
    parked_keys: Vec<ParkedLine>,
}

/// A key that waits for a person's decision.
#[derive(Debug, Serialize)]
struct ParkedLine {
    key: String,
    /// The conflict's number, as `ponte sync resolve` takes it.
    conflict: String,
}

#[derive(Debug, Serialize)]
struct KeyLine {
    key: String,
    /// The node that lacks the row; nothing where both have it.
    missing_on: Option<String>,
    /// The columns that differ.
    columns: Vec<String>,
}

impl KeyLine {
    fn new(nodes: &[String; 2], divergence: &Divergence) -> Self {
        let (missing_on, columns) = match divergence {
            Divergence::MissingInFirst(_) => (Some(nodes[0].clone()), Vec::new()),
            Divergence::MissingInSecond(_) => (Some(nodes[1].clone()), Vec::new()),
            Divergence::Different(_, columns) => (None, columns.clone()),
        };
        Self {
            key: shown(divergence.key()),
            missing_on,
            columns,
        }
    }

    fn in_words(&self) -> String {
        match &self.missing_on {
            Some(node) => format!("{} is missing on {node}", self.key),
            None => format!("{} differs in {}", self.key, self.columns.join(", ")),
        }
    }
}

/// A key in parentheses instead of an array's braces, which mean nothing to people.
fn shown(key: &str) -> String {
    let inner = key.trim_start_matches('{').trim_end_matches('}');
    format!("({inner})")
}

impl Report for Diff {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for link in &self.links {
            let rows = link.tables.iter().map(|t| {
                let joined = |values: Vec<String>| values.join(" / ");
                [
                    t.table.clone(),
                    joined(t.rows.iter().map(|(node, n)| format!("{node} {n}")).collect()),
                    joined(t.missing.iter().map(|(node, n)| format!("{node} {n}")).collect()),
                    t.different.to_string(),
                    t.in_flight.to_string(),
                    t.parked.to_string(),
                    joined(t.checksum.values().cloned().collect()),
                ]
            });
            writeln!(out, "link {}", link.link)?;
            let table = output::table(
                [
                    "table",
                    "rows",
                    "missing",
                    "different",
                    "in flight",
                    "parked",
                    "checksum",
                ],
                rows,
            );
            writeln!(out, "{table}")?;
            for table in &link.tables {
                for key in &table.keys {
                    writeln!(out, "  {} {}", table.table, key.in_words())?;
                }
                for parked in &table.parked_keys {
                    let (key, conflict) = (&parked.key, &parked.conflict);
                    writeln!(out, "  {} {key} is parked as conflict {conflict}", table.table)?;
                }
                if table.not_listed > 0 {
                    writeln!(out, "  {} and {} more", table.table, table.not_listed)?;
                }
                if table.at_least {
                    writeln!(
                        out,
                        "  {} has too many differences to look at all of them",
                        table.table
                    )?;
                }
            }
        }
        writeln!(
            out,
            "{}",
            match (self.equal, self.only_parked) {
                (true, _) => "equal",
                (false, true) => "different only in parked rows; ponte sync conflicts --parked",
                (false, false) => "different",
            }
        )
    }
}

pub(super) async fn run(
    context: &Context,
    servers: &Servers,
    plans: &[LinkPlan],
    args: &Args,
) -> Result<Verdict, Failure> {
    let (mut equal, mut only_parked) = (true, true);
    let mut links = Vec::with_capacity(plans.len());
    for plan in plans {
        let tables = plan.open(servers).await?.compare().await?;
        equal &= tables.iter().all(TableComparison::equal);
        only_parked &= tables.iter().all(TableComparison::only_parked);
        let tables = tables
            .iter()
            .map(|t| table_line(&plan.spec.nodes, t, args.keys))
            .collect();
        links.push(LinkLine {
            link: plan.spec.name.clone(),
            tables,
        });
    }
    context.print(&Diff {
        equal,
        only_parked: only_parked && !equal,
        links,
    })?;
    Ok(Verdict::found(!equal))
}

fn table_line(nodes: &[String; 2], table: &TableComparison, keys_max: usize) -> TableLine {
    let parked = table.parked.iter().map(|p| ParkedLine {
        key: shown(&p.key),
        conflict: format!("{}:{}", p.node, p.conflict),
    });
    TableLine {
        table: table.table.clone(),
        rows: per_node(nodes, table.rows),
        missing: per_node(nodes, table.missing),
        different: table.different,
        in_flight: table.in_flight,
        parked: table.parked.len(),
        checksum: per_node(nodes, table.checksum.clone()),
        at_least: table.at_least,
        not_listed: table.keys.len().saturating_sub(keys_max),
        keys: table
            .keys
            .iter()
            .take(keys_max)
            .map(|d| KeyLine::new(nodes, d))
            .collect(),
        parked_keys: parked.collect(),
    }
}

fn per_node<T>(nodes: &[String; 2], values: [T; 2]) -> BTreeMap<String, T> {
    nodes.iter().cloned().zip(values).collect()
}
