//! A pass: what changed on the first side goes to the second, then the other way round.
//!
//! Everything that a pass must remember is in the databases. A crash at any point, also between the two commits, leaves a state
//! from which the next pass goes on: progress is written with the rows, and the acknowledgement at the source only ever trails.

use std::time::{Duration, Instant};

use ponte_schema::{Literal, Sql};
use ponte_sync::batch;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::TableSide;
use uuid::Uuid;

use super::apply::{self, Applied, Batch, Content, SMALL_BATCH_ROWS_MAX};
use super::inspect::{self, LinkedTable};
use super::install::{has_metadata, parse_snapshot, upgrade};
use super::peer::Peer;
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

    /// Conflicts recorded in both directions.
    pub fn conflicts(&self) -> u64 {
        self.directions.iter().map(|d| d.applied.conflicts).sum()
    }
}

/// What a node knows about a link.
struct Standing {
    paused: bool,
    ready: bool,
    /// What has arrived here.
    consumed: Snapshot,
    /// What the node believes to have arrived at the other side.
    outgoing: String,
}

/// What a reading transaction sees.
pub(crate) struct Reading {
    snapshot: Snapshot,
    /// What the source has consumed of the other side by then.
    pub(crate) seen_by_source: Snapshot,
    /// Whether keys are parked at the source.
    parked: bool,
}

impl LiveLink {
    /// Reads and checks both ends of an initialised link.
    ///
    /// # Errors
    /// The link is not initialised, or what [`Self::check`] refuses.
    pub async fn open(spec: LinkSpec, mut peers: [Peer; 2]) -> Result<Self> {
        for side in Side::BOTH {
            let peer = &mut peers[side.index()];
            if !has_metadata(peer).await? {
                return Err(not_ready(&spec, peer.name()));
            }
            upgrade(peer).await?;
            let rows = peer
                .rows(&Sql::text("SELECT id FROM ponte.node"), &[], "read the node's id")
                .await?;
            let Some(row) = rows.first() else {
                return Err(not_ready(&spec, peer.name()));
            };
            peer.set_id(row.get(0));
        }
        let mut link = Self {
            spec,
            peers,
            tables: Vec::new(),
            checked_at: Instant::now(),
            unfinished: false,
        };
        for side in Side::BOTH {
            link.standing(side).await?;
            link.know_each_other(side).await?;
        }
        link.check().await?;
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
        let tables = inspect::linked_tables(&self.spec, &mut self.peers).await?;
        if !inspect::same_columns(&self.tables, &tables) {
            for peer in &mut self.peers {
                peer.forget_stages(self.tables.len()).await?;
            }
        }
        self.tables = tables;
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
            let standings = [
                self.standing(Side::First).await?,
                self.standing(Side::Second).await?,
            ];
            if standings.iter().any(|s| s.paused) {
                report.paused = true;
                return Ok(report);
            }
            if standings.iter().any(|s| !s.ready) {
                return Err(not_ready(&self.spec, self.spec.node(source)));
            }
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

    async fn standing(&mut self, side: Side) -> Result<Standing> {
        let sql = Sql::text(
            "SELECT l.paused, l.ready, p.consumed::text, o.consumed::text FROM ponte.link l \
             JOIN ponte.progress p USING (link) JOIN ponte.outgoing o USING (link) WHERE link = $1",
        );
        let peer = &mut self.peers[side.index()];
        let rows = peer
            .rows(&sql, &[&self.spec.name], "read the link's progress")
            .await?;
        let Some(row) = rows.first() else {
            return Err(not_ready(&self.spec, peer.name()));
        };
        Ok(Standing {
            paused: row.get(0),
            ready: row.get(1),
            consumed: parse_snapshot(row.get(2))?,
            outgoing: row.get(3),
        })
    }

    /// Carries what is pending at `source` to the other side.
    async fn direction(&mut self, source: Side, standings: &[Standing; 2]) -> Result<Applied> {
        let from = standings[source.other().index()].consumed.clone();
        let (counts, now) = self.count_pending(source, &from).await?;
        if now.went_back_from(&from) {
            return Err(went_back(&self.spec, self.spec.node(source)));
        }
        if counts.iter().all(|n| *n == 0) {
            if standings[source.index()].outgoing != from.as_str() {
                self.acknowledge(source, &from).await?;
            }
            return Ok(Applied::default());
        }
        let Reading {
            snapshot: to,
            seen_by_source,
            parked,
        } = self.begin_reading(source).await?;
        // Counted again under the reading snapshot: what appeared in between belongs to this batch.
        let (counts, _) = self.count_pending(source, &from).await?;
        let touched = (0..counts.len()).filter(|i| counts[*i] > 0).collect();
        let batch = Batch {
            spec: &self.spec,
            source,
            tables: &self.tables,
            touched,
            content: Content::Changes { seen_by_source },
            small: counts.iter().sum::<i64>() <= SMALL_BATCH_ROWS_MAX,
            from,
            to,
            winner: None,
            parked_at_source: parked,
        };
        let [first, second] = &mut self.peers;
        let (reader, writer) = if source == Side::First {
            (first, second)
        } else {
            (second, first)
        };
        let applied = apply::run(&batch, reader, writer).await?;
        if parked {
            apply::parked::refresh(&batch, reader).await?;
        }
        let reached = batch.to.clone();
        self.acknowledge(source, &reached).await?;
        Ok(applied)
    }

    /// How much is pending, table by table, and the snapshot in which that is so.
    async fn count_pending(&mut self, source: Side, consumed: &Snapshot) -> Result<(Vec<i64>, Snapshot)> {
        let sides: Vec<&TableSide> = self.tables.iter().map(|t| &t.sides[source.index()]).collect();
        let sql = batch::count_pending(&sides, &self.spec.name, SMALL_BATCH_ROWS_MAX + 1);
        let row = self.peers[source.index()]
            .row(&sql, &[&consumed.as_str()], "look for changes")
            .await?;
        Ok((row.get(0), parse_snapshot(row.get(1))?))
    }

    /// Opens the reading transaction.
    pub(crate) async fn begin_reading(&mut self, source: Side) -> Result<Reading> {
        let peer = &mut self.peers[source.index()];
        let begin =
            Sql::text("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path TO DEFAULT");
        peer.script(&begin, "begin to read a batch").await?;
        let sql = Sql::text(
            "SELECT pg_current_snapshot()::text, consumed::text, EXISTS (SELECT FROM ponte.parked k WHERE k.link = p.link) \
             FROM ponte.progress p WHERE link = $1",
        );
        let row = peer.row(&sql, &[&self.spec.name], "take a snapshot").await?;
        Ok(Reading {
            snapshot: parse_snapshot(row.get(0))?,
            seen_by_source: parse_snapshot(row.get(1))?,
            parked: row.get(2),
        })
    }

    /// Tells the source what has arrived. Nothing depends on it but what people see and what retention may drop, so the commit
    /// need not wait for the disk.
    pub(crate) async fn acknowledge(&mut self, source: Side, consumed: &Snapshot) -> Result<()> {
        let sql = Sql::render(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off; \
             UPDATE ponte.outgoing SET consumed = {consumed}, updated_at = clock_timestamp() WHERE link = {link}; COMMIT",
            &[
                ("consumed", consumed),
                ("link", &Literal::new(self.spec.name.as_str())),
            ],
        );
        self.peers[source.index()]
            .script(&sql, "acknowledge a batch")
            .await
    }
}

pub(crate) fn not_ready(spec: &LinkSpec, node: &str) -> Error {
    Error::new(
        ErrorKind::SyncNotReady,
        format!("link \"{}\" is not initialised on \"{node}\"", spec.name),
    )
    .hint(format!("ponte sync init {}", spec.name))
}

fn went_back(spec: &LinkSpec, node: &str) -> Error {
    Error::new(
        ErrorKind::SyncWentBack,
        format!("the history of \"{node}\" lies before what was read from it: it was restored, or failed over to a replica that was behind"),
    )
    .hint(format!("ponte sync drop {0}, then ponte sync init {0}, which compares all rows", spec.name))
}
