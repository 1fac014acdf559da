//! `ponte sync identity`: which database a node's identity was given to; `--moved` and `--copy` settle what only a person knows.

use std::io::{self, Write};

use ponte_engine::servers::Servers;
use ponte_pg::sync::identity::{Identity, Place, identity, renew, settle};
use ponte_sync::NodeName;
use serde::Serialize;

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::{Failure, Verdict};
use crate::output::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node that carries the identity
    #[arg(value_name = "NODE")]
    whose: NodeName,
    /// This is the original, which was restored, moved or upgraded here
    #[arg(long, conflicts_with = "copy")]
    moved: bool,
    /// This is a copy, and the original lives on: remove the links that were copied with it
    #[arg(long)]
    copy: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    node: String,
    id: Option<String>,
    /// Whether the identity was given to the database that carries it.
    at_home: bool,
    given_at: Option<PlaceLine>,
    found_at: Option<PlaceLine>,
    /// Links that were removed from a copy.
    dropped: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PlaceLine {
    system_identifier: Option<i64>,
    database_oid: u32,
}

impl From<Place> for PlaceLine {
    fn from(place: Place) -> Self {
        Self {
            system_identifier: place.system_identifier,
            database_oid: place.database_oid,
        }
    }
}

impl PlaceLine {
    fn in_words(&self) -> String {
        match self.system_identifier {
            Some(system) => format!("database {} of system {system}", self.database_oid),
            None => format!(
                "database {} of a system that does not tell its identifier",
                self.database_oid
            ),
        }
    }
}

impl Report for Shown {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for link in &self.dropped {
            writeln!(out, "link {link} was removed from the copy")?;
        }
        let Some(id) = &self.id else {
            return writeln!(
                out,
                "node {} has no identity; ponte sync init gives it one",
                self.node
            );
        };
        writeln!(out, "node {}: {id}", self.node)?;
        if let (Some(given), Some(found)) = (&self.given_at, &self.found_at) {
            writeln!(out, "  given to {}", given.in_words())?;
            if !self.at_home {
                writeln!(out, "  found in {}", found.in_words())?;
            }
        }
        Ok(())
    }
}

pub(super) async fn run(context: &Context, servers: &Servers, args: &Args) -> Result<Verdict, Failure> {
    let node = context.config()?.node(args.whose.as_str())?;
    let mut peer = servers.peer(node, "ponte sync identity").await?;
    let mut dropped = Vec::new();
    if args.moved
        && ask(
            context,
            args,
            "is the original, and the database that it was before is gone",
        )?
    {
        settle(&mut peer).await?;
    }
    if args.copy
        && ask(
            context,
            args,
            "is a copy; its links and changelogs go, no row of your tables is touched",
        )?
    {
        dropped = renew(&mut peer).await?;
    }
    let found = identity(&mut peer).await?;
    context.print(&shown(args, found, dropped))?;
    Ok(Verdict::Clean)
}

fn ask(context: &Context, args: &Args, what: &str) -> Result<bool, Failure> {
    let question = format!("Node \"{}\" {what}. Go on?", args.whose.as_str());
    if context.confirm(&question)? {
        return Ok(true);
    }
    Err(Diagnostic::new(Code::Unconfirmed, "nothing was done")
        .hint("compare both databases first")
        .into())
}

fn shown(args: &Args, found: Option<Identity>, dropped: Vec<String>) -> Shown {
    Shown {
        node: args.whose.as_str().to_owned(),
        id: found.map(|i| i.id.to_string()),
        at_home: found.is_none_or(|i| i.at_home()),
        given_at: found.and_then(|i| i.given_at).map(PlaceLine::from),
        found_at: found.map(|i| PlaceLine::from(i.found_at)),
        dropped,
    }
}
