//! `ponte migrate test`.

use std::io::{self, Write};
use std::path::Path;

use ponte_engine::round_trip::{Outcome, Tried, try_out};
use ponte_engine::servers::Servers;
use ponte_schema::migration::Migration;
use ponte_schema::model::Difference;
use serde::Serialize;

use super::{migrations, target};
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only these migrations; those before them are applied without being tried
    #[arg(value_name = "FILES")]
    files: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Shown {
    ok: bool,
    migrations: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    revision: String,
    name: String,
    file: String,
    /// `returned`, `irreversible`, `no_down`, `down_leaves_differences`, `up_again_differs`.
    outcome: &'static str,
    /// Why there is no way back, where the file says so.
    reason: Option<String>,
    differences: Vec<Differs>,
    /// What DOWN would have to do beside what it does.
    missing_sql: Option<String>,
}

#[derive(Debug, Serialize)]
struct Differs {
    kind: &'static str,
    object: String,
    fact: Option<String>,
    expected: Option<String>,
    actual: Option<String>,
}

impl From<Difference> for Differs {
    fn from(difference: Difference) -> Self {
        Self {
            kind: difference.object.kind.word(),
            object: difference.object.to_string(),
            fact: difference.fact,
            expected: difference.expected,
            actual: difference.actual,
        }
    }
}

impl From<Tried> for Line {
    fn from(tried: Tried) -> Self {
        let (mut reason, mut differences, mut missing_sql) = (None, Vec::new(), None);
        let outcome = match tried.outcome {
            Outcome::Returned => "returned",
            Outcome::NoDown => "no_down",
            Outcome::Irreversible(why) => {
                reason = Some(why);
                "irreversible"
            }
            Outcome::Left {
                differences: left,
                missing,
            } => {
                differences = left;
                missing_sql = Some(missing);
                "down_leaves_differences"
            }
            Outcome::Otherwise(other) => {
                differences = other;
                "up_again_differs"
            }
        };
        Self {
            revision: tried.revision.to_string(),
            name: tried.name,
            file: tried.file,
            outcome,
            reason,
            differences: differences.into_iter().map(Differs::from).collect(),
            missing_sql,
        }
    }
}

impl Line {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let said = match self.outcome {
            "returned" => return writeln!(out, "{}: up, down, up again", self.file),
            "irreversible" => "not undone, as it says: ",
            "no_down" => "has no DOWN part; write one, or say why not: -- ponte: irreversible REASON",
            "down_leaves_differences" => "DOWN does not lead back",
            _ => "UP after DOWN makes something else",
        };
        writeln!(
            out,
            "{}: {said}{}",
            self.file,
            self.reason.as_deref().unwrap_or_default()
        )?;
        for difference in &self.differences {
            let fact = difference
                .fact
                .as_deref()
                .map(|fact| format!(": {fact}"))
                .unwrap_or_default();
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            writeln!(out, "  {} {}{fact}", difference.kind, difference.object)?;
            writeln!(out, "    before  {}", value(&difference.expected))?;
            writeln!(out, "    after   {}", value(&difference.actual))?;
        }
        if let Some(missing) = &self.missing_sql {
            writeln!(out, "  missing in DOWN:")?;
            for line in missing.lines() {
                writeln!(out, "    {line}")?;
            }
        }
        Ok(())
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        self.migrations.iter().try_for_each(|line| line.write(out))?;
        let bad = self
            .migrations
            .iter()
            .filter(|line| !["returned", "irreversible"].contains(&line.outcome))
            .count();
        match bad {
            0 => writeln!(out, "{} tried", migrations(self.migrations.len())),
            bad => writeln!(
                out,
                "{} tried, {bad} to correct",
                migrations(self.migrations.len())
            ),
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let files = target::files(context)?;
    let named = |file: &str, migration: &Migration| {
        let name = Path::new(file)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let down = migration.down.as_ref().map(ponte_schema::migration::Script::file);
        name.is_some_and(|name| name == migration.up.file() || Some(name.as_str()) == down)
    };
    if let Some(unknown) = args
        .files
        .iter()
        .find(|file| !files.iter().any(|migration| named(file, migration)))
    {
        let error = Diagnostic::new(
            Code::Usage,
            format!("no migration of the project is in the file {unknown}"),
        );
        return Err(error
            .hint("name files of the migrations directory: ponte migrate status lists them")
            .into());
    }
    let wanted =
        |migration: &Migration| args.files.is_empty() || args.files.iter().any(|file| named(file, migration));
    let tried = try_out(servers, &files, wanted).await?;
    let shown = Shown {
        ok: tried.iter().all(|tried| tried.outcome.is_ok()),
        migrations: tried.into_iter().map(Line::from).collect(),
    };
    context.print(&shown)?;
    Ok(Verdict::found(!shown.ok))
}
