//! What there is to be carried, and the snapshot in which it is read.

use ponte_schema::{Literal, QualifiedName, Sql};
use ponte_sync::link::Side;
use ponte_sync::machine::Changes;
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::TableSide;
use ponte_sync::{batch, forward};
use tokio_postgres::types::ToSql;

use super::{LiveLink, Standing, not_ready};
use crate::error::Result;
use crate::sync::apply::{self, Batch, Content, Quarantine, Retried, SMALL_BATCH_ROWS_MAX};
use crate::sync::inspect::LinkedTable;
use crate::sync::install::parse_snapshot;
use crate::sync::members;
use crate::sync::peer::{Access, Peer};
use crate::sync::sharing::Shared;

/// How far a batch goes.
pub(crate) struct Extent {
    touched: Vec<usize>,
    truncated: Vec<usize>,
    small: bool,
    from: Snapshot,
    pub(super) reading: Reading,
    quarantine: Quarantine,
}

/// What a reading transaction saw when it began.
pub(crate) struct Reading {
    to: Snapshot,
    /// What the source had consumed of the other side.
    pub(crate) seen_by_source: Snapshot,
    /// The tables that were truncated there lately.
    truncated: Vec<QualifiedName>,
    /// Which tables other links of the source carry too.
    shared: Shared,
    /// Whether keys are parked there.
    pub(crate) parked: bool,
    /// The tables that the link carries there.
    joined: Vec<String>,
}

/// What the changelogs hold since the consumed snapshot, table by table, counted no further than a small batch goes.
struct Found {
    /// What the link ships.
    pending: Vec<i64>,
    /// All of it, also what came over the link and does not go back.
    logged: Vec<i64>,
}

impl Found {
    fn nothing_to_ship(&self) -> bool {
        self.pending.iter().all(|n| *n == 0)
    }

    /// Whether there is so much that the link does not ship that looking through it again and again costs more than moving on.
    fn far_behind(&self) -> bool {
        self.logged.iter().any(|n| *n > SMALL_BATCH_ROWS_MAX)
    }
}

impl LiveLink {
    /// How much the source of a direction has that its target has not consumed, and whether its history is whole.
    pub(super) async fn look_for_changes(
        &mut self,
        source: Side,
        standings: &[Standing; 2],
    ) -> Result<Changes> {
        let from = &standings[source.other().index()].consumed;
        let (found, now) = self
            .count_pending(source, &standings[source.index()].shared, from)
            .await?;
        Ok(if now.went_back_from(from) {
            Changes::WentBack
        } else if !found.nothing_to_ship() {
            Changes::Some
        } else if found.far_behind() {
            Changes::OnlyOthers
        } else {
            Changes::None
        })
    }

    /// The rows that the target refused and that are tried again; more of them where other rows arrive anyway.
    pub(super) async fn retried(&mut self, source: Side, others_arrive: bool) -> Result<Vec<Retried>> {
        let target = source.other().index();
        let sides = self.tables.iter().map(|t| &t.sides[target]);
        let keeping: Vec<&TableSide> = sides.filter(|side| side.keeps).collect();
        let peer = &mut self.peers[target];
        let mut retried = apply::due(&self.spec.name, peer, others_arrive, &keeping).await?;
        retried.retain(|row| self.tables.iter().any(|t| t.sides[target].name == row.table));
        Ok(retried)
    }

    /// Opens the reading transaction of a batch and measures it.
    pub(super) async fn begin_batch(
        &mut self,
        source: Side,
        standings: &[Standing; 2],
        retried: Vec<Retried>,
    ) -> Result<Extent> {
        let from = standings[source.other().index()].consumed.clone();
        let quarantine = Quarantine {
            at_source: standings[source.index()].quarantine,
            at_target: standings[source.other().index()].quarantine,
            retried,
        };
        let reading = self.begin_reading(source, &from).await?;
        members::same_in_snapshot(&self.spec, source, &self.tables, &reading.joined)?;
        // Counted again under the reading snapshot: what appeared in between belongs to this batch.
        let (found, _) = self.count_pending(source, &reading.shared, &from).await?;
        let counts = found.pending;
        let truncated = |table: &LinkedTable| reading.truncated.contains(&table.sides[source.index()].name);
        Ok(Extent {
            touched: (0..counts.len())
                .filter(|i| {
                    counts[*i] > 0 || quarantine.retries(&self.tables[*i].sides[source.other().index()].name)
                })
                .collect(),
            truncated: (0..counts.len())
                .filter(|i| truncated(&self.tables[*i]))
                .collect(),
            small: counts.iter().sum::<i64>() + quarantine.rows() <= SMALL_BATCH_ROWS_MAX,
            from,
            reading,
            quarantine,
        })
    }

    /// The batch of this extent, with its reader and its writer.
    pub(crate) fn batch(&mut self, source: Side, extent: Extent) -> (Batch<'_>, &mut Peer, &mut Peer) {
        let batch = Batch {
            spec: &self.spec,
            source,
            tables: &self.tables,
            touched: extent.touched,
            truncated: extent.truncated,
            content: Content::Changes {
                seen_by_source: extent.reading.seen_by_source,
                shared: extent.reading.shared,
            },
            small: extent.small,
            carried_on: Shared::default(),
            from: extent.from,
            to: extent.reading.to,
            winner: None,
            without_versions: None,
            parked_at_source: extent.reading.parked,
            quarantine: extent.quarantine,
            part: None,
            placed: 0,
        };
        let [first, second] = &mut self.peers;
        match source {
            Side::First => (batch, first, second),
            Side::Second => (batch, second, first),
        }
    }

    /// How much is pending, table by table, and the snapshot in which that is so.
    async fn count_pending(
        &mut self,
        source: Side,
        shared: &Shared,
        consumed: &Snapshot,
    ) -> Result<(Found, Snapshot)> {
        let sides: Vec<(&TableSide, forward::Shipped)> = self
            .tables
            .iter()
            .map(|t| &t.sides[source.index()])
            .map(|side| (side, shared.shipped(side)))
            .collect();
        let sql = batch::count_pending(&sides, &self.spec.name, SMALL_BATCH_ROWS_MAX + 1);
        let row = self.peers[source.index()]
            .row(&sql, &[&consumed.as_str()], "look for changes")
            .await?;
        let found = Found {
            pending: row.get(0),
            logged: row.get(1),
        };
        Ok((found, parse_snapshot(row.get(2))?))
    }

    /// Opens the reading transaction of a batch that starts from this snapshot.
    pub(crate) async fn begin_reading(&mut self, source: Side, from: &Snapshot) -> Result<Reading> {
        let peer = &mut self.peers[source.index()];
        let path = Sql::text("SET LOCAL search_path TO DEFAULT");
        let sql = Sql::render(
            "WITH truncated AS ( \
               SELECT table_schema, table_name FROM ponte.truncation \
               WHERE xid >= pg_snapshot_xmin($2::text::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)) \
             SELECT pg_current_snapshot()::text, consumed::text, \
               ARRAY(SELECT table_schema FROM truncated), ARRAY(SELECT table_name FROM truncated), \
               EXISTS (SELECT FROM ponte.parked k WHERE k.link = $1), {shared}, {joined} \
             FROM ponte.progress WHERE link = $1",
            &[
                ("shared", &forward::shared_tables()),
                ("joined", &members::joined_tables()),
            ],
        );
        let params: [&(dyn ToSql + Sync); 2] = [&self.spec.name, &from.as_str()];
        let rows = peer
            .begin_with(Access::Read, &path, (&sql, &params), "begin to read a batch")
            .await?;
        let row = rows.first().ok_or_else(|| not_ready(&self.spec, peer.name()))?;
        let (schemas, names): (Vec<String>, Vec<String>) = (row.get(2), row.get(3));
        let name = |(schema, name): (String, String)| QualifiedName::new(schema, name);
        Ok(Reading {
            to: parse_snapshot(row.get(0))?,
            seen_by_source: parse_snapshot(row.get(1))?,
            truncated: schemas.into_iter().zip(names).map(name).collect(),
            parked: row.get(4),
            shared: Shared::from_row(row, 5),
            joined: row.get(6),
        })
    }

    /// Tells the source what has arrived; the commit need not wait for the disk, because the next offer does. Never backwards: a
    /// process that was overtaken may come late.
    pub(crate) async fn acknowledge(&mut self, source: Side, consumed: &Snapshot) -> Result<()> {
        let sql = Sql::render(
            "SET LOCAL synchronous_commit = off; \
             UPDATE ponte.outgoing SET consumed = {consumed}, updated_at = clock_timestamp() WHERE link = {link} \
               AND (pg_snapshot_xmax(consumed), pg_snapshot_xmin(consumed)) <= (pg_snapshot_xmax({consumed}), pg_snapshot_xmin({consumed}))",
            &[
                ("consumed", consumed),
                ("link", &Literal::new(self.spec.name.as_str())),
            ],
        );
        self.peers[source.index()]
            .alone(&sql, "acknowledge a batch")
            .await
    }
}
