//! Where a link stands, from what the databases themselves hold, and switching it off and on.

use ponte_schema::{QualifiedName, Sql};
use ponte_sync::batch;
use ponte_sync::table::TableSide;

use super::costs::{self, Costs};
use super::first_contact::{Unfinished, unfinished};
use super::install::{has_metadata, refuse_newer};
use super::pass::{not_ready, require_layout};
use super::peer::Peer;
use super::{keeping, masks, members, quarantine};
use crate::error::{Error, ErrorKind, Result};
use ponte_sync::link::{LinkSpec, Side};

/// Where one node stands in a link.
#[derive(Debug)]
pub struct NodeStatus {
    /// The node.
    pub node: String,
    /// Changed keys that the other side does not have yet, one per change and key.
    pub pending: i64,
    /// How long the oldest of them has been waiting, in seconds; 0 where there are none.
    pub lag_seconds: f64,
    /// Whether the first contact is complete.
    pub ready: bool,
    /// Whether somebody paused the link here.
    pub paused: bool,
    /// Conflicts that were found here.
    pub conflicts: i64,
    /// Keys that are parked here until a person decides.
    pub parked: i64,
    /// Rows of the other side that are refused here.
    pub quarantined: i64,
    /// When something last arrived here, in RFC 3339.
    pub last_applied_at: Option<String>,
    /// Rows inserted or updated here since the link exists.
    pub upserts: i64,
    /// Rows deleted here since the link exists.
    pub deletes: i64,
    /// How far the first contact has come here, where it is not complete.
    pub first_contact: Option<Unfinished>,
    /// Why no pass can run: the tables that it would carry are not those that the link has here.
    pub other_tables: Option<Error>,
    /// Why no pass can run: capture does not note here what the link's rules need.
    pub init_is_due: Option<Error>,
    /// What the link costs here.
    pub costs: Costs,
}

/// Whether a complete link has other tables here than are asked for, and which.
async fn other_tables(spec: &LinkSpec, side: Side, peer: &mut Peer) -> Result<Option<Error>> {
    match members::confirm(spec, side, peer).await {
        Err(error) if error.kind() == ErrorKind::SyncNotReady => Ok(Some(error)),
        other => other.map(|()| None),
    }
}

/// Whether capture notes less here than is asked for, or something else.
async fn init_is_due(spec: &LinkSpec, side: Side, peer: &mut Peer) -> Result<Option<Error>> {
    let asked = async {
        keeping::confirm_told(spec, side, peer).await?;
        masks::confirm_noted(spec, side, peer).await
    };
    match asked.await {
        Err(error) if error.kind() == ErrorKind::SyncNotReady => Ok(Some(error)),
        other => other.map(|()| None),
    }
}

async fn is_linked(spec: &LinkSpec, peer: &mut Peer) -> Result<bool> {
    let sql = Sql::text("SELECT FROM ponte.link WHERE link = $1");
    let rows = peer.rows(&sql, &[&spec.name], "look for the link").await?;
    Ok(!rows.is_empty())
}

/// Reads one node's view of a link; `None` where it is not initialised there. Needs only this node, so that `status` can tell
/// what it knows while the other one is away.
pub async fn node_status(spec: &LinkSpec, peer: &mut Peer) -> Result<Option<NodeStatus>> {
    if !has_metadata(peer).await? {
        return Ok(None);
    }
    if !is_linked(spec, peer).await? {
        return Ok(None);
    }
    require_layout(spec, peer).await?;
    let side = if spec.node(Side::First) == peer.name() {
        Side::First
    } else {
        Side::Second
    };
    let other_tables = other_tables(spec, side, peer).await?;
    let init_is_due = match other_tables {
        Some(_) => None,
        None => init_is_due(spec, side, peer).await?,
    };
    let sql = Sql::text(
        "SELECT l.ready, l.paused, o.consumed::text, p.upserts, p.deletes, \
           (SELECT count(*) FROM ponte.conflict c WHERE c.link = l.link), \
           (SELECT count(*) FROM ponte.parked k WHERE k.link = l.link), \
           CASE WHEN p.batches > 0 THEN to_char(p.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') END \
         FROM ponte.link l JOIN ponte.progress p USING (link) JOIN ponte.outgoing o USING (link) WHERE link = $1",
    );
    let rows = peer.rows(&sql, &[&spec.name], "read the link's status").await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let outgoing: String = row.get(2);
    let quarantined = quarantined(spec, peer).await?;
    let names = linked_names(&spec.name, peer).await?;
    let (pending, lag_seconds) = pending(spec, peer, &names, &outgoing).await?;
    let costs = costs::read(&spec.name, &names, peer).await?;
    let first_contact = if row.get(0) {
        None
    } else {
        unfinished(&spec.name, peer).await?
    };
    Ok(Some(NodeStatus {
        node: peer.name().to_owned(),
        pending,
        lag_seconds,
        ready: row.get(0),
        paused: row.get(1),
        conflicts: row.get(5),
        parked: row.get(6),
        quarantined,
        last_applied_at: row.get(7),
        upserts: row.get(3),
        deletes: row.get(4),
        first_contact,
        costs,
        other_tables,
        init_is_due,
    }))
}

async fn quarantined(spec: &LinkSpec, peer: &mut Peer) -> Result<i64> {
    if !quarantine::exists(peer).await? {
        return Ok(0);
    }
    let sql = Sql::text("SELECT count(*) FROM ponte.quarantine WHERE link = $1");
    let row = peer.row(&sql, &[&spec.name], "count refused rows").await?;
    Ok(row.get(0))
}

async fn pending(
    spec: &LinkSpec,
    peer: &mut Peer,
    names: &[QualifiedName],
    outgoing: &str,
) -> Result<(i64, f64)> {
    let (mut pending, mut lag_seconds) = (0, 0.0_f64);
    for name in names {
        let sql = batch::pending_age(&TableSide::named(name.clone()), &spec.name);
        let row = peer.row(&sql, &[&outgoing], "count pending changes").await?;
        pending += row.get::<_, i64>(0);
        lag_seconds = lag_seconds.max(row.get(1));
    }
    Ok((pending, lag_seconds))
}

async fn linked_names(link: &str, peer: &mut Peer) -> Result<Vec<QualifiedName>> {
    let sql =
        Sql::text("SELECT table_schema, table_name FROM ponte.link_table WHERE link = $1 ORDER BY 1, 2");
    let rows = peer.rows(&sql, &[&link], "read the link's tables").await?;
    Ok(rows
        .iter()
        .map(|r| QualifiedName::new(r.get::<_, String>(0), r.get::<_, String>(1)))
        .collect())
}

/// Switches a link off or on at one node; passes stop where either node says so.
///
/// # Errors
/// The link is not initialised there.
pub async fn set_paused(spec: &LinkSpec, peer: &mut Peer, paused: bool) -> Result<()> {
    if !has_metadata(peer).await? {
        return Err(not_ready(spec, peer.name()));
    }
    refuse_newer(peer).await?;
    let sql = Sql::text("UPDATE ponte.link SET paused = $2 WHERE link = $1 RETURNING link");
    if peer
        .rows(&sql, &[&spec.name, &paused], "switch the link")
        .await?
        .is_empty()
    {
        return Err(not_ready(spec, peer.name()));
    }
    Ok(())
}
