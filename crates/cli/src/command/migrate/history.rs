//! `ponte migrate history`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::migrate::LogEntry;
use serde::Serialize;

use super::target;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::{self, Report};

#[derive(Debug, Serialize)]
struct Shown {
    entries: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    revision: String,
    name: String,
    action: String,
    done_at: String,
    duration_ms: i64,
    done_by: String,
    release: String,
}

impl From<LogEntry> for Line {
    fn from(entry: LogEntry) -> Self {
        Self {
            revision: entry.revision,
            name: entry.name,
            action: entry.action,
            done_at: entry.done_at,
            duration_ms: entry.duration_ms,
            done_by: entry.done_by,
            release: entry.release,
        }
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.entries.is_empty() {
            return writeln!(out, "nothing was applied yet");
        }
        let rows = self.entries.iter().map(|line| {
            [
                line.done_at.clone(),
                line.action.clone(),
                line.revision.clone(),
                line.name.clone(),
                format!("{} ms", line.duration_ms),
                line.done_by.clone(),
                line.release.clone(),
            ]
        });
        let headings = ["AT", "ACTION", "REVISION", "NAME", "TOOK", "BY", "RELEASE"];
        writeln!(out, "{}", output::table(headings, rows))
    }
}

pub(super) async fn run(context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let migrator = target::reader(context, servers).await?;
    let entries = migrator.log().await?;
    context.print(&Shown {
        entries: entries.into_iter().map(Line::from).collect(),
    })?;
    Ok(Verdict::Clean)
}
