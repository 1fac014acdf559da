//! A pass: what changed on the first side goes to the second, then the other way round.
//!
//! Everything that a pass must remember is in the databases. A crash at any point, also between the two commits, leaves a state
//! from which the next pass goes on: progress is written with the rows, and the acknowledgement at the source only ever trails.

use std::time::{Duration, Instant};

use ponte_schema::{Literal, QualifiedName, Sql};
use ponte_sync::batch;
use ponte_sync::forward;
use ponte_sync::history::Shipped;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::metadata::LAYOUT;
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::TableSide;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::apply::{self, Applied, Batch, Content, Quarantine, SMALL_BATCH_ROWS_MAX};
use super::capture_watch;
use super::history::went_back;
use super::identity;
use super::inspect::{self, LinkedTable};
use super::install::{has_metadata, parse_snapshot, refuse_newer};
use super::members;
use super::peer::{Access, Peer};
use super::sharing::Shared;
use crate::error::{Error, ErrorKind, Result};

/// A link with both ends connected and checked.
pub struct LiveLink {
    pub(crate) spec: LinkSpec,
    pub(crate) peers: [Peer; 2],
    pub(crate) tables: Vec<LinkedTable>,
    checked_at: Instant,
    /// A pass is under way, or was given up half-way by whoever polled it.
    unfinished: bool,
}

/// What a pass did in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectionReport {
    /// Where the rows came from.
    pub from: String,
    /// Where they went.
    pub to: String,
    /// What was written there.
    pub applied: Applied,
    /// How long it took.
    pub duration: Duration,
}

impl DirectionReport {
    /// Whether anything was written or recorded.
    pub fn moved(&self) -> bool {
        self.applied != Applied::default()
    }
}

/// What a pass did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassReport {
    /// First to second, then second to first.
    pub directions: Vec<DirectionReport>,
    /// Whether the link is paused, in which case nothing was done.
    pub paused: bool,
}

impl PassReport {
    /// Whether anything was written or recorded.
    pub fn moved(&self) -> bool {
        self.directions.iter().any(DirectionReport::moved)
    }

    /// Rows set aside in both directions.
    pub fn quarantined(&self) -> u64 {
        self.directions.iter().map(|d| d.applied.quarantined).sum()
    }

    /// Conflicts recorded in both directions.
    pub fn conflicts(&self) -> u64 {
        self.directions.iter().map(|d| d.applied.conflicts).sum()
    }
}

/// What a node knows about a link.
pub(super) struct Standing {
    paused: bool,
    ready: bool,
    /// What has arrived here.
    pub(super) consumed: Snapshot,
    /// What the node believes to have arrived at the other side.
    pub(super) shipped: Shipped,
    /// Which tables other links of the node carry too.
    shared: Shared,
    /// Whether it refuses rows of the other side, and whether it is time to try some again.
    quarantine: bool,
    due: bool,
}

/// How far a batch goes.
pub(super) struct Extent {
    touched: Vec<usize>,
    truncated: Vec<usize>,
    small: bool,
    from: Snapshot,
    reading: Reading,
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
    pub(super) parked: bool,
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
    /// Reads and checks both ends of an initialised link.
    ///
    /// # Errors
    /// The link is not initialised, or what [`Self::check`] refuses.
    pub async fn open(spec: LinkSpec, peers: [Peer; 2]) -> Result<Self> {
        let mut link = Self::open_estranged(spec, peers).await?;
        link.check_capture().await?;
        Ok(link)
    }

    /// The same, although changes may have been missed: to find out what, and to mend it.
    ///
    /// # Errors
    /// As [`Self::open`], but for gaps of capture.
    pub async fn open_estranged(spec: LinkSpec, mut peers: [Peer; 2]) -> Result<Self> {
        for side in Side::BOTH {
            let peer = &mut peers[side.index()];
            if !has_metadata(peer).await? {
                return Err(not_ready(&spec, peer.name()));
            }
            require_layout(&spec, peer).await?;
            if identity::confirm(peer).await?.is_none() {
                return Err(not_ready(&spec, peer.name()));
            }
        }
        let mut link = Self {
            spec,
            peers,
            tables: Vec::new(),
            checked_at: Instant::now(),
            unfinished: false,
        };
        link.standings().await?;
        for side in Side::BOTH {
            link.know_each_other(side).await?;
            members::confirm(&link.spec, side, &mut link.peers[side.index()]).await?;
        }
        link.check_shapes().await?;
        Ok(link)
    }

    /// Takes over a link whose ends have just been checked by `init`.
    pub(crate) fn assume(spec: LinkSpec, peers: [Peer; 2], tables: Vec<LinkedTable>) -> Self {
        Self {
            spec,
            peers,
            tables,
            checked_at: Instant::now(),
            unfinished: false,
        }
    }

    /// What was asked for.
    pub fn spec(&self) -> &LinkSpec {
        &self.spec
    }

    /// The ends.
    pub fn peers_mut(&mut self) -> &mut [Peer; 2] {
        &mut self.peers
    }

    /// The tables, parents first.
    pub fn tables(&self) -> &[LinkedTable] {
        &self.tables
    }

    /// Since when the shapes of the tables are known.
    pub fn checked_at(&self) -> Instant {
        self.checked_at
    }

    /// Reads the shapes of all tables again and refuses to go on where changes would be lost.
    ///
    /// # Errors
    /// Drift between the sides, capture triggers that are missing, triggers that would rewrite rows.
    pub async fn check(&mut self) -> Result<()> {
        self.check_shapes().await?;
        self.check_capture().await
    }

    async fn check_capture(&mut self) -> Result<()> {
        capture_watch::confirm(&self.spec, &mut self.peers, &self.tables).await
    }

    async fn check_shapes(&mut self) -> Result<()> {
        let tables = inspect::linked_tables(&self.spec, &mut self.peers).await?;
        if !inspect::same_columns(&self.tables, &tables) {
            for peer in &mut self.peers {
                peer.forget_stages(self.tables.len()).await?;
            }
        }
        self.tables = tables;
        self.know_parts().await?;
        inspect::check_triggers(&self.spec, &self.tables)?;
        self.checked_at = Instant::now();
        Ok(())
    }

    /// Runs one pass.
    ///
    /// # Errors
    /// The first failure in either direction. What was committed before stays; the sessions are left without a transaction
    /// where they still exist.
    pub async fn pass(&mut self) -> Result<PassReport> {
        if self.unfinished {
            self.roll_back().await;
        }
        self.unfinished = true;
        let outcome = self.both_directions().await;
        if outcome.is_err() {
            self.roll_back().await;
        }
        self.unfinished = false;
        outcome
    }

    async fn roll_back(&mut self) {
        for peer in &mut self.peers {
            peer.roll_back().await;
        }
    }

    async fn both_directions(&mut self) -> Result<PassReport> {
        let mut report = PassReport {
            directions: Vec::with_capacity(2),
            paused: false,
        };
        for source in Side::BOTH {
            let started = Instant::now();
            let standings = self.standings().await?;
            if standings.iter().any(|s| s.paused) {
                report.paused = true;
                return Ok(report);
            }
            if standings.iter().any(|s| !s.ready) {
                return Err(not_ready(&self.spec, self.spec.node(source)));
            }
            self.check_history(&standings).await?;
            let applied = self.direction(source, &standings).await?;
            report.directions.push(DirectionReport {
                from: self.spec.node(source).to_owned(),
                to: self.spec.node(source.other()).to_owned(),
                applied,
                duration: started.elapsed(),
            });
        }
        Ok(report)
    }

    /// Refuses a database that took the place of the one the link was made with: a copy, a restore under another name.
    async fn know_each_other(&mut self, side: Side) -> Result<()> {
        let other = self.peers[side.other().index()].id();
        let peer = &mut self.peers[side.index()];
        let sql = Sql::text("SELECT peer_id FROM ponte.link WHERE link = $1");
        let known: Uuid = peer
            .row(&sql, &[&self.spec.name], "read the link's partner")
            .await?
            .get(0);
        if known == other && other != peer.id() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::SyncAlreadyLinked,
            format!(
                "link \"{}\" of \"{}\" was made with another database than \"{}\" is now",
                self.spec.name,
                peer.name(),
                self.spec.node(side.other())
            ),
        )
        .hint(format!(
            "correct the url, or ponte sync drop {0} and ponte sync init {0}",
            self.spec.name
        )))
    }

    pub(super) async fn standings(&mut self) -> Result<[Standing; 2]> {
        let [first, second] = &mut self.peers;
        let (first, second) = tokio::try_join!(standing(&self.spec, first), standing(&self.spec, second))?;
        Ok([first, second])
    }

    /// Carries what is pending at `source` to the other side.
    pub(super) async fn direction(&mut self, source: Side, standings: &[Standing; 2]) -> Result<Applied> {
        let Some(extent) = self.begin_batch(source, standings).await? else {
            return Ok(Applied::default());
        };
        let parked = extent.reading.parked;
        let (mut batch, reader, writer) = self.batch(source, extent);
        let applied = apply::run(&mut batch, reader, writer).await?;
        if parked {
            apply::parked::refresh(&batch, reader).await?;
        }
        let reached = batch.to;
        self.acknowledge(source, &reached).await?;
        Ok(applied)
    }

    /// Looks for changes at `source` and, where there are any, opens the reading transaction.
    pub(super) async fn begin_batch(
        &mut self,
        source: Side,
        standings: &[Standing; 2],
    ) -> Result<Option<Extent>> {
        let from = standings[source.other().index()].consumed.clone();
        let shared = &standings[source.index()].shared;
        let (found, now) = self.count_pending(source, shared, &from).await?;
        if now.went_back_from(&from) {
            return Err(went_back(&self.spec, self.spec.node(source)));
        }
        // Before anything new is offered: the source must always know what its target holds.
        if standings[source.index()].shipped.consumed != from {
            self.acknowledge(source, &from).await?;
        }
        let nothing_new = found.nothing_to_ship();
        let quarantine = self.quarantine(source, standings, nothing_new).await?;
        if nothing_new && !found.far_behind() && quarantine.retried.is_empty() {
            return Ok(None);
        }
        let reading = self.begin_reading(source, &from).await?;
        members::same_in_snapshot(&self.spec, source, &self.tables, &reading.joined)?;
        // Counted again under the reading snapshot: what appeared in between belongs to this batch.
        let (found, _) = self.count_pending(source, &reading.shared, &from).await?;
        let counts = found.pending;
        let truncated = |table: &LinkedTable| reading.truncated.contains(&table.sides[source.index()].name);
        Ok(Some(Extent {
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
        }))
    }

    /// The batch of this extent, with its reader and its writer.
    pub(super) fn batch(&mut self, source: Side, extent: Extent) -> (Batch<'_>, &mut Peer, &mut Peer) {
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
        };
        let [first, second] = &mut self.peers;
        match source {
            Side::First => (batch, first, second),
            Side::Second => (batch, second, first),
        }
    }

    /// What both nodes refuse, and which rows of it are tried again with this direction's batch.
    async fn quarantine(
        &mut self,
        source: Side,
        standings: &[Standing; 2],
        nothing_new: bool,
    ) -> Result<Quarantine> {
        let target = source.other().index();
        let mut quarantine = Quarantine {
            at_source: standings[source.index()].quarantine,
            at_target: standings[target].quarantine,
            retried: Vec::new(),
        };
        if standings[target].due || (quarantine.at_target && !nothing_new) {
            quarantine.retried = apply::due(&self.spec.name, &mut self.peers[target], !nothing_new).await?;
            quarantine
                .retried
                .retain(|row| self.tables.iter().any(|t| t.sides[target].name == row.table));
        }
        Ok(quarantine)
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

/// What a node knows about the link.
async fn standing(spec: &LinkSpec, peer: &mut Peer) -> Result<Standing> {
    let sql = Sql::render(
        "SELECT l.paused, l.ready, p.consumed::text, o.consumed::text, o.offered::text, \
           EXISTS (SELECT FROM ponte.quarantine q WHERE q.link = l.link), \
           EXISTS (SELECT FROM ponte.quarantine q WHERE q.link = l.link AND q.next_try_at <= clock_timestamp()), \
           {shared} FROM ponte.link l \
         JOIN ponte.progress p USING (link) JOIN ponte.outgoing o USING (link) WHERE link = $1",
        &[("shared", &forward::shared_tables())],
    );
    let rows = peer.rows(&sql, &[&spec.name], "read the link's progress").await?;
    let Some(row) = rows.first() else {
        return Err(not_ready(spec, peer.name()));
    };
    Ok(Standing {
        paused: row.get(0),
        ready: row.get(1),
        consumed: parse_snapshot(row.get(2))?,
        shipped: Shipped {
            consumed: parse_snapshot(row.get(3))?,
            offered: row.get::<_, Option<&str>>(4).map(parse_snapshot).transpose()?,
        },
        quarantine: row.get(5),
        due: row.get(6),
        shared: Shared::from_row(row, 7),
    })
}

/// Refuses a link whose tables, triggers or bookkeeping another release made.
pub(super) async fn require_layout(spec: &LinkSpec, peer: &mut Peer) -> Result<()> {
    refuse_newer(peer).await?;
    let sql =
        Sql::text("SELECT coalesce((to_jsonb(l) ->> 'layout')::int, 1) FROM ponte.link l WHERE link = $1");
    let rows = peer.rows(&sql, &[&spec.name], "read the link's layout").await?;
    let Some(row) = rows.first() else {
        return Err(not_ready(spec, peer.name()));
    };
    if row.get::<_, i32>(0) == LAYOUT {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SyncNotReady,
        format!(
            "link \"{}\" on \"{}\" was made by an older release of ponte",
            spec.name,
            peer.name()
        ),
    )
    .hint(format!(
        "ponte sync init {}, which brings it up to date",
        spec.name
    )))
}

pub(crate) fn not_ready(spec: &LinkSpec, node: &str) -> Error {
    Error::new(
        ErrorKind::SyncNotReady,
        format!("link \"{}\" is not initialised on \"{node}\"", spec.name),
    )
    .hint(format!("ponte sync init {}", spec.name))
}
