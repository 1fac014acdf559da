//! `ponte migrate diff`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ponte_engine::diff::{Asked, Diff, Source, diff};
use ponte_engine::servers::Servers;
use ponte_schema::model::Access;
use ponte_schema::plan::rename::Rename;
use ponte_schema::plan::{Placement, Step, Style};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What there is: a .sql file, a directory of them, a node of ponte.toml, or a database URL [default: the project's migrations]
    #[arg(long, value_name = "F")]
    from: Option<String>,
    /// What there should be: a .sql file, a directory of them, a node of ponte.toml, or a database URL
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
    /// A name that changes, like users.email=mail; may be given several times
    #[arg(long, value_name = "OLD=NEW", value_parser = names)]
    rename: Vec<(String, String)>,
}

/// The two names of `--rename`.
fn names(text: &str) -> Result<(String, String), String> {
    let names = text
        .split_once('=')
        .filter(|(old, new)| !old.is_empty() && !new.is_empty());
    let (old, new) = names.ok_or_else(|| "two names belong here: users.email=mail".to_owned())?;
    Ok((old.to_owned(), new.to_owned()))
}

impl How {
    pub(super) fn asked(&self, reverse: bool) -> Asked {
        Asked {
            style: if self.plain { Style::Plain } else { Style::Safe },
            access: self.access.then_some(Access::Compared),
            renames: self.rename.clone(),
            reverse,
        }
    }

    /// Compares; on a terminal a person is asked about names that seem to have changed.
    pub(super) async fn compare(
        &self,
        context: &Context,
        servers: &Servers,
        sides: (&Source, &Source),
        reverse: bool,
    ) -> Result<Diff, Failure> {
        let mut asked = self.asked(reverse);
        let found = diff(servers, sides.0, sides.1, &asked).await?;
        let mut renames = Vec::new();
        for candidate in &found.candidates {
            let question = format!("Is {} now called {}?", candidate.object, candidate.name);
            if context.ask(&question)? {
                renames.push((candidate.object.to_string(), candidate.name.to_string()));
            }
        }
        if renames.is_empty() {
            return Ok(found);
        }
        asked.renames.extend(renames);
        Ok(diff(servers, sides.0, sides.1, &asked).await?)
    }
}

#[derive(Debug, Serialize)]
struct Shown {
    equal: bool,
    steps: Vec<Line>,
    /// What goes and comes and may be one thing under two names.
    rename_candidates: Vec<Candidate>,
    /// Whether owners and privileges were compared.
    access_compared: bool,
    /// Objects of the second side whose kinds are not compared, by the name of the kind.
    not_compared: BTreeMap<String, u64>,
    #[serde(skip)]
    text: String,
}

/// Something that `--rename` may be meant for.
#[derive(Debug, Serialize)]
struct Candidate {
    kind: &'static str,
    old: String,
    new: String,
}

impl From<&Rename> for Candidate {
    fn from(rename: &Rename) -> Self {
        Self {
            kind: rename.object.kind.word(),
            old: rename.object.to_string(),
            new: rename.name.to_string(),
        }
    }
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
    /// What a person has to see to before it can run; nothing for most.
    warning: Option<&'static str>,
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
            warning: step.warns,
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
            rename_candidates: diff.candidates.iter().map(Candidate::from).collect(),
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
        for candidate in &self.rename_candidates {
            let Candidate { kind, old, new } = candidate;
            writeln!(
                out,
                "-- perhaps the {kind} {old} is only renamed: --rename {old}={new}"
            )?;
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

/// The side that a path, a node or a URL names, or the project's migrations. A path that exists goes before a node of that name.
pub(super) fn source(context: &Context, text: Option<&str>) -> Result<Source, Failure> {
    let Some(text) = text else {
        return Ok(Source::Files(super::target::files(context)?));
    };
    let directory = context.directory()?;
    if text.contains("://") || directory.join(text).exists() {
        return Ok(Source::parse(text, &directory)?);
    }
    let mut nodes = context.config()?.nodes().iter();
    match nodes.find(|node| node.name.as_str() == text) {
        Some(node) => Ok(Source::Database(node.direct_address()?.clone())),
        None => Ok(Source::parse(text, &directory)?),
    }
}

pub(super) async fn run(args: &Args, context: &Context, servers: &Servers) -> Result<Verdict, Failure> {
    let from = source(context, args.from.as_deref())?;
    let to = source(context, Some(&args.to))?;
    let found = args.how.compare(context, servers, (&from, &to), false).await?;
    let shown = Shown::from(found);
    context.print(&shown)?;
    Ok(Verdict::found(!shown.equal))
}
