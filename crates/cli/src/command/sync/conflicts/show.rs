//! `ponte sync conflicts show`: both rows side by side.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::sync::conflicts::{ADDED_UP, Conflict, Image, State};
use serde::Serialize;

use super::{Number, find, outcome};
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    conflict: Conflict,
    /// Columns in which the two rows differ; all of them where one side has no row.
    different: Vec<String>,
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let c = &self.conflict;
        let number = format!("{}:{}", c.node, c.id);
        writeln!(out, "conflict {number} of link {}: {}", c.link, c.kind)?;
        writeln!(out, "table {}, key {}", c.table, c.key.join(", "))?;
        writeln!(out, "found on {} at {}", c.node, c.found_at)?;
        let when = c
            .resolved_at
            .as_ref()
            .map_or_else(String::new, |at| format!(" by a person at {at}"));
        writeln!(out, "outcome: {}{when}", outcome(c))?;
        writeln!(out)?;
        let (here, there) = (c.here.node.as_str(), c.there.node.as_str());
        if let Some(taken) = &c.taken {
            let rows = self.rows().enumerate().map(|(n, [mark, column, one, other])| {
                let from = n.checked_sub(1).and_then(|n| taken.get(n)).cloned().flatten();
                [mark, column, one, other, from.map_or_else(String::new, named)]
            });
            let headings = ["", "column", here, there, "merged from"];
            writeln!(out, "{}", output::wrapped_table(headings, rows))?;
        } else {
            writeln!(
                out,
                "{}",
                output::wrapped_table(["", "column", here, there], self.rows())
            )?;
        }
        if c.state == State::Parked {
            writeln!(out)?;
            writeln!(out, "neither row travels until somebody decides:")?;
            for node in [&c.here.node, &c.there.node] {
                writeln!(out, "  ponte sync resolve {number} --keep {node}")?;
            }
        }
        Ok(())
    }
}

impl Shown {
    /// The versions, then every column.
    fn rows(&self) -> impl Iterator<Item = [String; 4]> + '_ {
        let (here, there) = (&self.conflict.here, &self.conflict.there);
        let version = |image: &Image| image.version_at.clone();
        let versions = [
            String::new(),
            "(version)".to_owned(),
            version(here),
            version(there),
        ];
        std::iter::once(versions).chain(self.cells())
    }

    fn cells(&self) -> impl Iterator<Item = [String; 4]> + '_ {
        let (here, there) = (&self.conflict.here, &self.conflict.there);
        columns(&self.conflict).enumerate().map(move |(position, name)| {
            let mark = if self.different.contains(name) { "*" } else { "" };
            [
                mark.to_owned(),
                name.clone(),
                cell(here, position),
                cell(there, position),
            ]
        })
    }
}

/// Where a column of a merged row is from.
fn named(from: String) -> String {
    if from == ADDED_UP {
        "both, added up".to_owned()
    } else {
        from
    }
}

fn columns(conflict: &Conflict) -> impl Iterator<Item = &String> {
    let image = conflict.here.row.as_ref().or(conflict.there.row.as_ref());
    image.into_iter().flatten().map(|(name, _)| name)
}

fn value(image: &Image, position: usize) -> Option<&Option<String>> {
    image
        .row
        .as_ref()
        .and_then(|row| row.get(position))
        .map(|(_, value)| value)
}

fn cell(image: &Image, position: usize) -> String {
    match value(image, position) {
        None => "(deleted)".to_owned(),
        Some(None) => "NULL".to_owned(),
        Some(Some(text)) if text.is_empty() => "''".to_owned(),
        Some(Some(text)) => text.clone(),
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, number: &Number) -> Result<Verdict, Failure> {
    let conflict = find(context, servers, number).await?.conflict;
    let different = columns(&conflict)
        .enumerate()
        .filter(|(i, _)| value(&conflict.here, *i) != value(&conflict.there, *i))
        .map(|(_, name)| name.clone())
        .collect();
    context.print(&Shown { conflict, different })?;
    Ok(Verdict::Clean)
}
