//! `ponte migrate diff`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ponte_engine::diff::{Asked, Diff, Source, diff};
use ponte_engine::servers::Servers;
use ponte_schema::model::Access;
use ponte_schema::plan::{Placement, Step, Style};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What there is: a .sql file, a directory of them, or a database URL [default: the project's migrations]
    #[arg(long, value_name = "F")]
    from: Option<String>,
    /// What there should be: a .sql file, a directory of them, or a database URL
    #[arg(long, value_name = "F")]
    to: String,
    #[command(flatten)]
    how: How,
}

/// How a plan is made.
#[derive(Debug, clap::Args)]
pub(super) struct How {
    /// Write the shortest statements, for tables that nobody uses meanwhile
    #[arg(long)]
    plain: bool,
    /// Compare owners and privileges too, although no file sets any
    #[arg(long)]
    access: bool,
}

impl How {
    pub(super) fn asked(&self, reverse: bool) -> Asked {
        Asked {
            style: if self.plain { Style::Plain } else { Style::Safe },
            access: self.access.then_some(Access::Compared),
            reverse,
        }
    }
}

#[derive(Debug, Serialize)]
struct Shown {
    equal: bool,
    steps: Vec<Line>,
    /// Whether owners and privileges were compared.
    access_compared: bool,
    /// Objects of the second side whose kinds are not compared, by the name of the kind.
    not_compared: BTreeMap<String, u64>,
    #[serde(skip)]
    text: String,
}

/// A statement of the plan.
#[derive(Debug, Serialize)]
struct Line {
    sql: String,
    kind: &'static str,
    object: String,
    /// The strongest lock that it takes on a table that exists; nothing where it takes none.
    lock: Option<&'static str>,
    /// Statements with the same number are committed together, in one transaction unless `transactional` says otherwise.
    segment: usize,
    transactional: bool,
    reversible: bool,
    /// What it destroys; nothing for most.
    destroys: Option<&'static str>,
    /// Whether it goes through all rows of a table under its lock.
    rewrites: bool,
}

impl Line {
    fn new(segment: usize, step: &Step) -> Self {
        Self {
            sql: step.sql.to_string(),
            kind: step.object.kind.word(),
            object: step.object.to_string(),
            lock: step.lock.mode(),
            segment,
            transactional: step.placement != Placement::Outside,
            reversible: step.is_reversible(),
            destroys: step.loses,
            rewrites: step.rewrites,
        }
    }
}

impl From<Diff> for Shown {
    fn from(diff: Diff) -> Self {
        let segments = diff.plan.segments.iter().enumerate();
        let lines = segments
            .flat_map(|(number, segment)| segment.steps.iter().map(move |step| Line::new(number + 1, step)));
        Self {
            equal: diff.plan.is_empty(),
            steps: lines.collect(),
            access_compared: diff.access == Access::Compared,
            not_compared: diff.not_compared,
            text: diff.plan.to_sql(),
        }
    }
}

impl Report for Shown {
    /// A script: what is no statement is a comment.
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.equal {
            writeln!(out, "-- the two do not differ")?;
        }
        write!(out, "{}", self.text)?;
        if !self.access_compared {
            writeln!(
                out,
                "-- owners and privileges not compared: --access compares them"
            )?;
        }
        for (kind, count) in &self.not_compared {
            writeln!(out, "-- not compared: {count} of kind {kind}")?;
        }
        Ok(())
    }
}

/// The side that a path or URL names, or the project's migrations.
pub(super) fn source(context: &Context, text: Option<&str>) -> Result<Source, Failure> {
    match text {
        Some(text) => Ok(Source::parse(text, &context.directory()?)?),
        None => Ok(Source::Files(super::target::files(context)?)),
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let from = source(context, args.from.as_deref())?;
    let to = source(context, Some(&args.to))?;
    let found = diff(servers, &from, &to, &args.how.asked(false)).await?;
    let shown = Shown::from(found);
    context.print(&shown)?;
    Ok(Verdict::found(!shown.equal))
}
