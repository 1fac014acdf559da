//! What leads from one schema to another, proved before anybody sees it.
//!
//! A side that is files is run on a [shadow](ponte_pg::shadow), one that is a database is read. The plan between them is executed on a shadow
//! that holds the first side, and what came out of it is compared with the second: a plan that leaves a difference is an error, never a result.

mod proof;
pub(crate) mod roles;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use ponte_pg::embedded::Binaries;
use ponte_pg::shadow::{Likeness, Replay, Shadow};
use ponte_pg::{ConnectOptions, Session, catalog};
use ponte_schema::migration::MigrationSet;
use ponte_schema::model::Access;
use ponte_schema::plan::rename::{self, Rename, Unknown};
use ponte_schema::plan::{Plan, Request, Side, Style, plan};

pub use source::Source;

use crate::error::{Error, ErrorKind, Result};
use crate::servers::{EMBEDDED_OWNER, Servers};
use proof::{prove, run_text};
use roles::Roles;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whether tables are in use while the plan runs.
    pub style: Style,
    /// Whether owners and privileges count; where this is not said, they do if files decide about them.
    pub access: Option<Access>,
    /// Names that change, old and new.
    pub renames: Vec<(String, String)>,
    /// Whether the way back is wanted as well.
    pub reverse: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Diff {
    /// From the first side to the second.
    pub plan: Plan,
    /// From the second side to the first, where it was asked for.
    pub reverse: Option<Plan>,
    /// What goes and comes in the plan and may be one thing under two names.
    pub candidates: Vec<Rename>,
    /// Whether owners and privileges were compared.
    pub access: Access,
    /// Objects whose kinds are not compared, by the name of the kind.
    pub not_compared: BTreeMap<String, u64>,
}

/// Compares two schemas.
///
/// # Errors
/// `plan.unproved`, what is wrong with the files, what the servers answer.
pub async fn diff(servers: &Servers, from: &Source, to: &Source, asked: &Asked) -> Result<Diff> {
    let live = (live(servers, from).await?, live(servers, to).await?);
    let binaries = binaries(servers, &live)?;
    let likes = likeness(from, to, &live);
    let separate = likes.0.roles != likes.1.roles;
    let mut shadow = Shadow::start(binaries.clone(), &likes.0).await?;
    let mut second = if separate {
        Some(Shadow::start(binaries, &likes.1).await?)
    } else {
        None
    };
    let outcome = compare(
        &mut shadow,
        second.as_mut(),
        (from, to),
        live,
        asked,
        &likes.0.role,
    )
    .await;
    let left = shadow.leave().await;
    if let Some(second) = second {
        second.leave().await?;
    }
    let outcome = outcome?;
    left?;
    Ok(outcome)
}

/// A database that was read.
pub(crate) struct Live {
    side: Side,
    like: Likeness,
    major: u32,
}

pub(crate) async fn live(servers: &Servers, source: &Source) -> Result<Option<Live>> {
    let Source::Database(address) = source else {
        return Ok(None);
    };
    let conninfo = servers.conninfo(address).await?;
    let session = Session::connect(&conninfo, &ConnectOptions::new("ponte migrate diff")).await?;
    Ok(Some(Live {
        side: catalog::read_side(&session).await?,
        like: Likeness::of(&session).await?,
        major: session.server_version_num() / 10_000,
    }))
}

/// Of the version of the databases, which have to have one.
pub(crate) fn binaries(servers: &Servers, live: &(Option<Live>, Option<Live>)) -> Result<Binaries> {
    let majors: BTreeSet<u32> = [&live.0, &live.1]
        .into_iter()
        .flatten()
        .map(|live| live.major)
        .collect();
    let mut majors = majors.into_iter();
    match (majors.next(), majors.next()) {
        (Some(one), Some(other)) => Err(Error::new(
            ErrorKind::DiffSource,
            format!(
                "cannot compare PostgreSQL {one} with PostgreSQL {other}: they print definitions differently"
            ),
        )
        .hint("compare each with its migrations: ponte verify")),
        (Some(major), None) => servers.binaries_of(major),
        _ => servers.newest_binaries(),
    }
}

/// What the shadows of both sides have in common with the databases, and the roles that files name. Files that make roles need a server each.
pub(crate) fn likeness(
    from: &Source,
    to: &Source,
    live: &(Option<Live>, Option<Live>),
) -> (Likeness, Likeness) {
    let of = |source: &Source| match source {
        Source::Files(files) => Roles::of(files),
        Source::Database(_) => Roles::default(),
    };
    let roles = (of(from), of(to));
    let likes = || [&live.0, &live.1].into_iter().flatten().map(|live| &live.like);
    let mut all: BTreeSet<String> = likes().flat_map(|like| like.roles.iter().cloned()).collect();
    for set in [&roles.0.named, &roles.1.named, &roles.0.made, &roles.1.made] {
        all.extend(set.iter().cloned());
    }
    let role = likes()
        .next()
        .map_or_else(|| EMBEDDED_OWNER.to_owned(), |like| like.role.clone());
    let search_path = likes().find_map(|like| like.search_path.clone());
    let without = |made: &BTreeSet<String>| Likeness {
        role: role.clone(),
        roles: all.difference(made).cloned().collect(),
        search_path: search_path.clone(),
    };
    (without(&roles.0.made), without(&roles.1.made))
}

async fn compare(
    shadow: &mut Shadow,
    second: Option<&mut Shadow>,
    sources: (&Source, &Source),
    live: (Option<Live>, Option<Live>),
    asked: &Asked,
    role: &str,
) -> Result<Diff> {
    for live in [&live.0, &live.1].into_iter().flatten() {
        shadow.require_extensions(&live.side.model).await?;
    }
    let is_live = (live.0.is_some(), live.1.is_some());
    let to = match (sources.1, live.1) {
        (Source::Files(files), _) => {
            let shadow = match second {
                Some(second) => second,
                None => &mut *shadow,
            };
            replayed(shadow, files).await?.side().await?
        }
        (Source::Database(_), live) => live.map(|live| live.side).unwrap_or_default(),
    };
    let mut request = Request {
        role: role.to_owned(),
        access: Access::Compared,
        style: asked.style,
    };
    let (replay, from) = match (sources.0, live.0) {
        (Source::Files(files), _) => {
            let replay = replayed(shadow, files).await?;
            let side = replay.side().await?;
            (replay, side)
        }
        (Source::Database(_), live) => {
            let side = live.map(|live| live.side).unwrap_or_default();
            request.access = access(asked, is_live, (&side, &to));
            (rebuilt(shadow, &side, &request).await?, side)
        }
    };
    request.access = access(asked, is_live, (&from, &to));
    let (renames, named) = renamed(&replay, &from, &to, &asked.renames).await?;
    let way = plan(&named, &to, &request);
    prove(&replay, &way, &to, request.access).await?;
    let reverse = if asked.reverse {
        let back = plan(&to, &named, &request).followed_by(renames.iter().rev().map(Rename::back).collect());
        // The shadow holds the second side now.
        prove(&replay, &back, &from, request.access).await?;
        Some(back)
    } else {
        None
    };
    Ok(Diff {
        plan: way.after(renames.iter().map(Rename::step).collect()),
        reverse,
        candidates: rename::candidates(&named, &to),
        access: request.access,
        not_compared: to.model.unmodelled,
    })
}

/// The first side with the names of the second, as the server prints it once they are changed.
async fn renamed(
    replay: &Replay,
    from: &Side,
    to: &Side,
    asked: &[(String, String)],
) -> Result<(Vec<Rename>, Side)> {
    let mut renames = Vec::new();
    let mut side = from.clone();
    for (old, new) in asked {
        let rename = Rename::parse(old, new, &side, to).map_err(|unknown| unknown_name(old, new, unknown))?;
        run_text(replay, "rename.sql", rename.step().sql.as_str()).await?;
        renames.push(rename);
        side = replay.side().await?;
    }
    let harmless = rename::harmless(&side, to);
    for rename in &harmless {
        run_text(replay, "rename.sql", rename.step().sql.as_str()).await?;
    }
    if !harmless.is_empty() {
        side = replay.side().await?;
    }
    renames.extend(harmless);
    Ok((renames, side))
}

fn unknown_name(old: &str, new: &str, unknown: Unknown) -> Error {
    let why = match unknown {
        Unknown::Old => format!("the first side has no {old}"),
        Unknown::New => format!("the second side has no {new} that it could become"),
    };
    Error::new(
        ErrorKind::DiffRename,
        format!("cannot rename {old} to {new}: {why}"),
    )
    .hint("write --rename users.email=mail: the path of the old name, and the new name")
}

/// Files decide about owners and privileges if both sides are files, or if one sets any; two databases have their own.
fn access(asked: &Asked, is_live: (bool, bool), sides: (&Side, &Side)) -> Access {
    let decided = match is_live {
        (false, false) => true,
        (true, true) => false,
        (true, false) => sides.1.model.sets_privileges(),
        (false, true) => sides.0.model.sets_privileges(),
    };
    asked.access.unwrap_or(if decided {
        Access::Compared
    } else {
        Access::Ignored
    })
}

async fn replayed(shadow: &mut Shadow, files: &MigrationSet) -> Result<Replay> {
    let mut replay = shadow.replay().await?;
    replay.up(files, None).await?;
    Ok(replay)
}

/// A database that is only read is built again from its own model, by a plan from nothing.
async fn rebuilt(shadow: &mut Shadow, side: &Side, request: &Request) -> Result<Replay> {
    let replay = shadow.replay().await?;
    let empty = replay.side().await?;
    let request = Request {
        style: Style::Plain,
        ..request.clone()
    };
    prove(&replay, &plan(&empty, side, &request), side, request.access).await?;
    Ok(replay)
}
