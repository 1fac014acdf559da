//! `ponte migrate current`.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_schema::migration::plan::{Direction, label};
use serde::Serialize;

use super::target;
use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, Serialize)]
struct Shown {
    revision: Option<String>,
    name: Option<String>,
    #[serde(skip)]
    label: Option<String>,
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.label {
            Some(label) => writeln!(out, "{label}"),
            None => writeln!(out, "no migration is applied"),
        }
    }
}

pub(super) async fn run(context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let migrator = target::reader(context, servers).await?;
    let history = migrator.applied().await?;
    let complete = history.iter().rfind(|row| {
        let unfinished = row.unfinished.as_ref();
        unfinished.is_none_or(|unfinished| unfinished.direction == Direction::Down)
    });
    context.print(&Shown {
        revision: complete.map(|row| row.revision.to_string()),
        name: complete.map(|row| row.name.clone()),
        label: complete.map(|row| label(&row.revision, &row.name)),
    })?;
    Ok(Verdict::Clean)
}
