//! The proof, for people and for scripts.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ponte_engine::demo::Proof;
use ponte_pg::sync::conflicts::Conflict;
use serde::Serialize;

use super::look::Look;
use super::view::conflict::Told;
use crate::output::Report;

/// What was proved.
#[derive(Debug, Serialize)]
pub(super) struct Proved {
    equal: bool,
    tables: Vec<Table>,
    pending: BTreeMap<String, i64>,
    writes: BTreeMap<String, u64>,
    wrote_seconds: f64,
    passes: u64,
    upserts: u64,
    deletes: u64,
    conflicts: u64,
    conflicts_kept: i64,
    drained_ms: f64,
    example: Option<Conflict>,
    /// How to look around, where everything was kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    look_around: Vec<String>,
    #[serde(skip)]
    closing: Vec<String>,
    /// In the order of the link, which people are shown.
    #[serde(skip)]
    nodes: [String; 2],
}

#[derive(Debug, Serialize)]
struct Table {
    table: String,
    rows: BTreeMap<String, i64>,
    missing: BTreeMap<String, u64>,
    different: u64,
    in_flight: u64,
    checksum: BTreeMap<String, String>,
}

impl Proved {
    pub(super) fn new(proof: &Proof, kept: Option<&Look>) -> Self {
        let tables = proof.tables.iter().map(|t| Table {
            table: t.table.clone(),
            rows: per_node(proof, t.rows),
            missing: per_node(proof, t.missing),
            different: t.different,
            in_flight: t.in_flight,
            checksum: per_node(proof, t.checksum.clone()),
        });
        Self {
            equal: proof.holds(),
            tables: tables.collect(),
            pending: per_node(proof, proof.pending),
            writes: per_node(proof, proof.writes),
            wrote_seconds: rounded(proof.wrote_for.as_secs_f64()),
            passes: proof.totals.passes,
            upserts: proof.totals.upserts,
            deletes: proof.totals.deletes,
            conflicts: proof.totals.conflicts,
            conflicts_kept: proof.conflicts_kept,
            drained_ms: rounded(proof.drained_in.as_secs_f64() * 1e3),
            example: proof.example.clone(),
            look_around: kept.map_or_else(Vec::new, |look| {
                look.commands.iter().map(|(command, _)| command.clone()).collect()
            }),
            nodes: proof.nodes.clone(),
            closing: kept.map_or_else(
                || vec!["both servers are stopped and their files are gone; --keep keeps them".to_owned()],
                Look::lines,
            ),
        }
    }

    /// Whether both sides were compared and agree.
    pub(super) fn holds(&self) -> bool {
        self.equal
    }

    fn write_table(&self, out: &mut dyn Write, table: &Table) -> io::Result<()> {
        writeln!(out, "  {:<10} {}", table.table, self.listed(&table.rows, " rows"))?;
        let mut checksums = table.checksum.values();
        let first = checksums.next().map_or("", String::as_str);
        if checksums.all(|checksum| checksum == first) {
            writeln!(out, "  {:<10} {first} on both sides", "checksum")?;
        } else {
            writeln!(out, "  {:<10} {}", "checksum", self.listed(&table.checksum, ""))?;
        }
        if table.different > 0 || table.missing.values().any(|n| *n > 0) {
            let missing = self.listed(&table.missing, " missing");
            writeln!(out, "  {:<10} {} differ; {missing}", "", table.different)?;
        }
        Ok(())
    }

    /// `replit 12 rows, neon 12 rows`
    fn listed<T: std::fmt::Display>(&self, values: &BTreeMap<String, T>, unit: &str) -> String {
        let nodes = self.nodes.iter();
        let parts = nodes.filter_map(|node| Some(format!("{node} {}{unit}", values.get(node)?)));
        parts.collect::<Vec<_>>().join(", ")
    }
}

impl Report for Proved {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", if self.equal { "EQUAL" } else { "DIFFERENT" })?;
        for table in &self.tables {
            self.write_table(out, table)?;
        }
        let line = |out: &mut dyn Write, heading: &str, text: String| writeln!(out, "  {heading:<10} {text}");
        line(
            out,
            "written",
            format!(
                "{}, in {:.1} s",
                self.listed(&self.writes, ""),
                self.wrote_seconds
            ),
        )?;
        line(
            out,
            "carried",
            format!(
                "{} rows written and {} deleted on the other side, in {} passes",
                self.upserts, self.deletes, self.passes
            ),
        )?;
        line(
            out,
            "drained",
            format!(
                "{:.1} ms after the traffic had stopped; pending: {}",
                self.drained_ms,
                self.listed(&self.pending, "")
            ),
        )?;
        line(
            out,
            "conflicts",
            format!(
                "{}, each kept with both rows in ponte.conflict",
                self.conflicts_kept
            ),
        )?;
        if let Some(example) = &self.example {
            let told = Told::of(example);
            line(out, "such as", told.sentence())?;
            line(out, "  stayed", told.winner())?;
            line(out, "  kept", told.loser())?;
        }
        writeln!(out)?;
        for line in &self.closing {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

fn per_node<T>(proof: &Proof, values: [T; 2]) -> BTreeMap<String, T> {
    proof.nodes.iter().cloned().zip(values).collect()
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
