//! `ponte sync diff`

use std::collections::BTreeMap;
use std::io::{self, Write};

use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::compare::TableComparison;
use ponte_sync::compare::Divergence;
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

/// How many divergent keys of a table are printed for people; JSON has all that were kept.
const KEYS_SHOWN_MAX: usize = 20;

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
    keys: Vec<String>,
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
                for key in table.keys.iter().take(KEYS_SHOWN_MAX) {
                    writeln!(out, "  {} {key}", table.table)?;
                }
                if table.keys.len() > KEYS_SHOWN_MAX {
                    writeln!(
                        out,
                        "  {} and {} more",
                        table.table,
                        table.keys.len() - KEYS_SHOWN_MAX
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
) -> Result<Verdict, Failure> {
    let (mut equal, mut only_parked) = (true, true);
    let mut links = Vec::with_capacity(plans.len());
    for plan in plans {
        let tables = plan.open(servers).await?.compare().await?;
        equal &= tables.iter().all(TableComparison::equal);
        only_parked &= tables.iter().all(TableComparison::only_parked);
        let tables = tables.iter().map(|t| table_line(&plan.spec.nodes, t)).collect();
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

fn table_line(nodes: &[String; 2], table: &TableComparison) -> TableLine {
    let key = |divergence: &Divergence| match divergence {
        Divergence::MissingInFirst(key) => format!("{key} is missing on {}", nodes[0]),
        Divergence::MissingInSecond(key) => format!("{key} is missing on {}", nodes[1]),
        Divergence::Different(key) => format!("{key} differs"),
    };
    let parked = table
        .parked
        .iter()
        .map(|p| format!("{} is parked as conflict {}:{}", p.key, p.node, p.conflict));
    TableLine {
        table: table.table.clone(),
        rows: per_node(nodes, table.rows),
        missing: per_node(nodes, table.missing),
        different: table.different,
        in_flight: table.in_flight,
        parked: table.parked.len(),
        checksum: per_node(nodes, table.checksum.clone()),
        keys: table.keys.iter().map(key).chain(parked).collect(),
    }
}

fn per_node<T>(nodes: &[String; 2], values: [T; 2]) -> BTreeMap<String, T> {
    nodes.iter().cloned().zip(values).collect()
}
