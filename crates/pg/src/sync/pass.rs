//! A pass: what changed on the first side goes to the second, then the other way round.
//!
//! Everything that a pass must remember is in the databases. A crash at any point, also between the two commits, leaves a state
//! from which the next pass goes on: progress is written with the rows, and the acknowledgement at the source only ever trails.
//!
//! What comes next is decided by `ponte_sync::machine`; [`course`] drives it, [`standing`] and [`reading`] are what it sees.

mod course;
mod reading;
mod short;
mod standing;

use std::time::{Duration, Instant};

use ponte_schema::Sql;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::metadata::LAYOUT;
use uuid::Uuid;

use super::apply::Applied;
use super::capture_watch;
use super::deciders;
use super::extras;
use super::identity;
use super::inspect::{self, LinkedTable};
use super::install::{has_metadata, refuse_newer};
use super::keeping;
use super::masks;
use super::members;
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

pub(crate) use course::{Course, out_of_turn};
pub(crate) use reading::Reading;
use short::Short;
pub(crate) use standing::Standing;

/// A link with both ends connected and checked.
pub struct LiveLink {
    pub(crate) spec: LinkSpec,
    pub(crate) peers: [Peer; 2],
    pub(crate) tables: Vec<LinkedTable>,
    checked_at: Instant,
    short: Short,
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
        let [first, second] = &mut peers;
        let (first, second) = tokio::join!(recognise(&spec, first), recognise(&spec, second));
        first.and(second)?;
        let mut link = Self {
            spec,
            peers,
            tables: Vec::new(),
            checked_at: Instant::now(),
            short: Short::default(),
            unfinished: false,
        };
        link.standings().await?;
        link.know_each_other().await?;
        link.check_shapes().await?;
        extras::check(&link.spec, &link.tables, &mut link.peers).await?;
        Ok(link)
    }

    /// Takes over a link whose ends have just been checked by `init`.
    pub(crate) fn assume(spec: LinkSpec, peers: [Peer; 2], tables: Vec<LinkedTable>) -> Self {
        Self {
            spec,
            peers,
            tables,
            checked_at: Instant::now(),
            short: Short::default(),
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
        self.short.renew();
        inspect::check_triggers(&self.spec, &self.tables)?;
        masks::confirm(&self.spec, &mut self.peers, &self.tables).await?;
        deciders::check(&self.spec, &self.tables, &mut self.peers).await?;
        keeping::confirm(&self.spec, &self.tables)?;
        self.checked_at = Instant::now();
        Ok(())
    }

    /// Runs one pass.
    ///
    /// # Errors
    /// The first failure in either direction. What was committed before stays; the sessions are left without a transaction
    /// where they still exist.
    pub async fn pass(&mut self) -> Result<PassReport> {
        let report = self.pass_woken([true; 2]).await?;
        self.acknowledge_owed().await?;
        Ok(report)
    }

    /// Carries what the woken sides have, first side first; runs a whole pass where it takes more than that. What has
    /// arrived may be left to be told to its source: see [`Self::owes`].
    ///
    /// # Errors
    /// As [`Self::pass`].
    pub async fn pass_woken(&mut self, woken: [bool; 2]) -> Result<PassReport> {
        if self.unfinished {
            self.roll_back().await;
        }
        self.unfinished = true;
        let outcome = self.woken_directions(woken).await;
        if outcome.is_err() {
            self.short.forget();
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

    /// Asks both sides at once whether they know the link and each other as it is asked for.
    async fn know_each_other(&mut self) -> Result<()> {
        let ids = self.peers.each_ref().map(Peer::id);
        let [first, second] = &mut self.peers;
        let (first, second) = tokio::join!(
            knows_link(&self.spec, Side::First, first, ids[1]),
            knows_link(&self.spec, Side::Second, second, ids[0]),
        );
        first.and(second)
    }
}

/// Refuses a node that the link was not installed on by this release, or that is another database than it was then.
async fn recognise(spec: &LinkSpec, peer: &mut Peer) -> Result<()> {
    if !has_metadata(peer).await? {
        return Err(not_ready(spec, peer.name()));
    }
    require_layout(spec, peer).await?;
    if identity::confirm(peer).await?.is_none() {
        return Err(not_ready(spec, peer.name()));
    }
    Ok(())
}

/// Refuses a database that took the place of the one the link was made with: a copy, a restore under another name; and tables that the
/// configuration has and the link has not, or the other way round.
async fn knows_link(spec: &LinkSpec, side: Side, peer: &mut Peer, other: Uuid) -> Result<()> {
    let sql = Sql::text("SELECT peer_id FROM ponte.link WHERE link = $1");
    let rows = peer
        .fresh_rows(&sql, &[&spec.name], "read the link's partner")
        .await?;
    let known: Option<Uuid> = rows.first().map(|row| row.get(0));
    if known == Some(other) && other != peer.id() {
        return members::confirm(spec, side, peer).await;
    }
    Err(Error::new(
        ErrorKind::SyncAlreadyLinked,
        format!(
            "link \"{}\" of \"{}\" was made with another database than \"{}\" is now",
            spec.name,
            peer.name(),
            spec.node(side.other())
        ),
    )
    .hint(format!(
        "correct the url, or ponte sync drop {0} and ponte sync init {0}",
        spec.name
    )))
}

/// Refuses a link whose tables, triggers or bookkeeping another release made.
pub(super) async fn require_layout(spec: &LinkSpec, peer: &mut Peer) -> Result<()> {
    refuse_newer(peer).await?;
    let sql =
        Sql::text("SELECT coalesce((to_jsonb(l) ->> 'layout')::int, 1) FROM ponte.link l WHERE link = $1");
    let rows = peer
        .fresh_rows(&sql, &[&spec.name], "read the link's layout")
        .await?;
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
