//! The connections that share the work of a first contact, all reading under one snapshot of the source.

use ponte_schema::{Literal, Sql};
use ponte_sync::link::Side;
use ponte_sync::snapshot::Snapshot;

use crate::error::Result;
use crate::sync::apply;
use crate::sync::pass::{LiveLink, Reading};
use crate::sync::peer::{Access, Peer};

/// A pair of connections: one reads at the source, one writes at the target.
pub(super) struct Hand<'a> {
    pub(super) reader: &'a mut Peer,
    pub(super) writer: &'a mut Peer,
}

/// What a link's own connections are at the beginning of the work.
pub(super) struct Start {
    /// What the source had consumed of the target.
    pub(super) seen_by_source: Snapshot,
    /// Further connections: reader, writer.
    pub(super) helpers: Vec<[Peer; 2]>,
}

impl LiveLink {
    /// Opens the reading transaction of the source, and up to so many further pairs of connections that read in its snapshot.
    ///
    /// # Errors
    /// What keeps the source from being read. Connections that cannot be had are done without.
    pub(super) async fn gather(&mut self, source: Side, helpers: usize) -> Result<Start> {
        let from = self.consumed_at(source.other()).await?;
        let Reading { seen_by_source, .. } = self.begin_reading(source, &from).await?;
        let [first, second] = &self.peers;
        let (reader, writer) = if source == Side::First {
            (first, second)
        } else {
            (second, first)
        };
        // What is read must not be lost at the source once it is at the target.
        apply::harden(&reader.another().await?).await?;
        let mut start = Start {
            seen_by_source,
            helpers: Vec::new(),
        };
        // A pooler has few sessions to lend, and whoever waits for one waits long.
        if helpers == 0 || reader.is_pooled() || writer.is_pooled() {
            return Ok(start);
        }
        let exported = reader
            .value(&Sql::text("SELECT pg_export_snapshot()"), "export the snapshot")
            .await?
            .unwrap_or_default();
        for _ in 0..helpers {
            match helper(reader, writer, &exported).await {
                Ok(pair) => start.helpers.push(pair),
                Err(error) => {
                    tracing::warn!("going on with fewer connections: {error}");
                    break;
                }
            }
        }
        Ok(start)
    }
}

async fn helper(reader: &Peer, writer: &Peer, exported: &str) -> Result<[Peer; 2]> {
    let mut pair = [reader.another().await?, writer.another().await?];
    let begin = Sql::render(
        "SET TRANSACTION SNAPSHOT {exported}; SET LOCAL search_path TO DEFAULT",
        &[("exported", &Literal::new(exported))],
    );
    pair[0]
        .begin(Access::Read, &begin, "read in the exported snapshot")
        .await?;
    Ok(pair)
}
