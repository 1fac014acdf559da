//! A database whose history went back: restored from a backup, or failed over to a replica that was behind.
//!
//! `ponte_sync::history` says how it is recognised. Two processes on one link may move it on between two looks, so a contradiction
//! counts only if it lasts.

use ponte_schema::{Literal, Sql};
use ponte_sync::history::{Memory, Shipped, judge};
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::snapshot::Snapshot;

use super::pass::{LiveLink, Standing};
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// How often a contradiction is looked at again while the target moves on.
const LOOKS_MAX: u32 = 10;

impl LiveLink {
    /// The side that has lost what the other one remembers.
    pub(super) async fn lost(&mut self, standings: &[Standing; 2]) -> Result<Option<Side>> {
        for source in Side::BOTH {
            let (arrived, shipped) = memories(source, standings);
            if judge(arrived, shipped) == Memory::Whole {
                continue;
            }
            match self.lasting(source).await? {
                Memory::Whole => {}
                Memory::SourceBehind => return Ok(Some(source)),
                Memory::TargetBehind => return Ok(Some(source.other())),
            }
        }
        Ok(None)
    }

    /// Looks again until the target has not moved on between two looks.
    async fn lasting(&mut self, source: Side) -> Result<Memory> {
        let mut before = self.standings().await?;
        for _ in 0..LOOKS_MAX {
            let (arrived, shipped) = memories(source, &before);
            let memory = judge(arrived, shipped);
            let now = self.standings().await?;
            if memory == Memory::Whole || memories(source, &now).0 == arrived {
                return Ok(memory);
            }
            before = now;
        }
        Ok(Memory::Whole)
    }
}

/// What the target of a direction holds, and what its source remembers.
pub(super) fn memories(source: Side, standings: &[Standing; 2]) -> (&Snapshot, &Shipped) {
    (
        &standings[source.other().index()].consumed,
        &standings[source.index()].shipped,
    )
}

/// Makes sure that what was read survives a crash of the source, and that the source remembers what it offers. A transaction that
/// ended without a flush (rolled back, or committed with `synchronous_commit = off`) is part of the snapshot that was taken; if it
/// were lost, its number would be given out again, and the change that gets it would count as consumed.
pub(super) async fn offer(source: &Peer, link: &str, to: &Snapshot) -> Result<()> {
    let sql = Sql::render(
        "{durable} \
         UPDATE ponte.outgoing SET offered = {to} WHERE link = {link}",
        &[
            ("durable", &Sql::text(super::apply::DURABLE)),
            ("to", to),
            ("link", &Literal::new(link)),
        ],
    );
    source.alone(&sql, "offer what was read").await
}

pub(super) fn went_back(spec: &LinkSpec, node: &str) -> Error {
    Error::new(
        ErrorKind::SyncWentBack,
        format!("the history of \"{node}\" lies before what was read from it: it was restored, or failed over to a replica that was behind"),
    )
    .hint(format!("ponte sync reconcile {}", spec.name))
}
