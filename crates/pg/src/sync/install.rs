//! `ponte sync init` and `drop`: what a link leaves in each database, made and removed in one transaction per node.
//!
//! Both installing transactions are open at the same time, because each node records the snapshot from which the other one's
//! capture is complete. CREATE TRIGGER waits for every transaction that has written to the table, so whatever was written
//! without the trigger has ended, and is visible, when the first contact reads.

use std::time::Duration;

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::snapshot::Snapshot;
use ponte_sync::table::TableSide;
use ponte_sync::{capture, metadata};
use uuid::Uuid;

use super::apply::DURABLE;
use super::guard::{self, Guard};
use super::inspect::{LinkedTable, linked_tables};
use super::peer::{Access, Peer};
use super::sharing::{check_alone, check_companions, hold_companions, is_carried, node_id, show};
use super::{deciders, encoding, extras, identity, keeping, masks, members, privileges, sequence, upkeep};
use crate::error::{Error, ErrorKind, Result, Retry};

/// How often an installation is tried while somebody holds a lock on a table.
pub(super) const ATTEMPTS_MAX: u32 = 20;

/// How long one attempt waits for a lock. Short, because everybody who comes later waits behind it.
pub(super) const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '5min';";

/// The next installation on a node has to see what this one leaves.
pub(super) const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(1886350964, 2);";

/// What `init` is about to do.
#[derive(Debug, Clone)]
pub struct InitPlan {
    /// The tables, parents first.
    pub tables: Vec<LinkedTable>,
    /// Triggers that have to be recreated with a guard; the owner's consent is needed.
    pub guards: Vec<Guard>,
    /// Sequences that will leave numbers to other nodes, as `node: name`.
    pub sequences: Vec<String>,
    /// The tables that come to a complete link and leave it.
    pub members: members::Change,
    /// Tables whose capture has to note changed columns from now on, or no longer, as `node: table`.
    pub masks: Vec<String>,
    /// Tables whose capture has to ask another filter of deleted rows from now on, or none, as `node: table`.
    pub keeping: Vec<String>,
    state: [NodeState; 2],
}

impl InitPlan {
    /// The same for some of the tables.
    pub(super) fn for_tables(&self, tables: Vec<LinkedTable>) -> Self {
        let mut plan = Self {
            tables,
            ..self.clone()
        };
        let sides: Vec<&TableSide> = plan.tables.iter().flat_map(|t| &t.sides).collect();
        let guards = self
            .guards
            .iter()
            .filter(|g| sides.iter().any(|side| side.name == g.table));
        plan.guards = guards.cloned().collect();
        plan
    }

    /// Whether something is to be made or brought up to date besides the tables that come and go.
    pub(super) fn has_to_install(&self) -> bool {
        let current =
            |s: &NodeState| matches!(s, NodeState::Linked { layout, .. } if *layout == metadata::LAYOUT);
        let captured = self.masks.is_empty() && self.keeping.is_empty();
        !(self.guards.is_empty() && captured && self.state.iter().all(current))
    }

    /// Whether both sides had made contact before.
    pub(crate) fn met_before(&self) -> bool {
        self.state
            .iter()
            .all(|s| matches!(s, NodeState::Linked { ready: true, .. }))
    }

    /// Whether the link is complete already, so that nothing is left to do.
    pub fn complete(&self) -> bool {
        self.guards.is_empty()
            && self.members.is_empty()
            && self.masks.is_empty()
            && self.keeping.is_empty()
            && self.state.iter().all(
                |s| matches!(s, NodeState::Linked { ready: true, layout, .. } if *layout == metadata::LAYOUT),
            )
    }
}

/// How far an earlier `init` got on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeState {
    Absent,
    Linked { ready: bool, peer_id: Uuid, layout: i32 },
}

/// Checks both nodes and says what an installation would do. Writes nothing.
///
/// # Errors
/// Whatever makes the link impossible, with its remedy.
pub async fn plan_init(spec: &LinkSpec, peers: &mut [Peer; 2]) -> Result<InitPlan> {
    if same_server_database(peers).await? {
        return Err(same_database(spec));
    }
    encoding::check(spec, peers).await?;
    let tables = match linked_tables(spec, peers).await {
        Ok(tables) => tables,
        Err(error) => return Err(privileges::refusal(spec, peers, error).await),
    };
    let mut state = [NodeState::Absent; 2];
    for side in Side::BOTH {
        state[side.index()] = node_state(spec, side, &mut peers[side.index()], &tables).await?;
        privileges::check(spec, &mut peers[side.index()], &tables, side).await?;
    }
    extras::check(spec, &tables, peers).await?;
    deciders::check(spec, &tables, peers).await?;
    same_partners(spec, peers, &state).await?;
    for side in Side::BOTH {
        let other_id = node_id(&mut peers[side.other().index()]).await?;
        if state[side.index()] == NodeState::Absent && has_metadata(&peers[side.index()]).await? {
            check_companions(spec, side, &mut peers[side.index()], &tables, other_id).await?;
        }
    }
    let mut guards = Vec::new();
    for side in Side::BOTH {
        for table in &tables {
            let shape = &table.shapes[side.index()];
            guards.extend(guard::needed(spec.node(side), shape, spec.apply, table.triggers)?);
        }
    }
    let sequences = sequence::to_divide(spec, peers, &tables).await?;
    let (mut masks, mut keeping) = (Vec::new(), Vec::new());
    for side in Side::BOTH {
        let peer = &mut peers[side.index()];
        if matches!(state[side.index()], NodeState::Linked { .. }) {
            check_alone(spec, side, peer, &tables).await?;
            masks.extend(masks::outdated(spec, side, peer, &tables).await?);
            keeping.extend(keeping::outdated(side, peer.name(), &tables));
        }
    }
    let mut plan = InitPlan {
        tables,
        guards,
        sequences,
        members: members::Change::default(),
        masks,
        keeping,
        state,
    };
    if plan.met_before() {
        plan.members = members::plan(spec, peers, &plan.tables).await?;
    }
    Ok(plan)
}

/// Carries out a plan: after it, both nodes capture, and neither has rows of the other yet.
///
/// # Errors
/// A lock that could not be had, or what the server refused; the node on which it happened is as it was before.
pub async fn install(spec: &LinkSpec, peers: &mut [Peer; 2], plan: &InitPlan) -> Result<()> {
    let mut attempt = 1;
    loop {
        let outcome = install_once(spec, peers, plan).await;
        match outcome {
            Err(error) if error.kind().retry() == Retry::Later && attempt < ATTEMPTS_MAX => {
                tracing::warn!(
                    link = spec.name,
                    attempt,
                    "a table is locked, trying again: {error}"
                );
                for peer in peers.iter_mut() {
                    peer.roll_back().await;
                }
                tokio::time::sleep(Duration::from_millis(u64::from(50 * attempt))).await;
                attempt += 1;
            }
            Err(error) => {
                for peer in peers.iter_mut() {
                    peer.roll_back().await;
                }
                return Err(error);
            }
            Ok(()) => return Ok(()),
        }
    }
}

async fn install_once(spec: &LinkSpec, peers: &mut [Peer; 2], plan: &InitPlan) -> Result<()> {
    let mut snapshots: Vec<Option<Snapshot>> = vec![None, None];
    let [first, second] = &mut *peers;
    let (first, second) = tokio::join!(
        install_on(spec, Side::First, first, plan),
        install_on(spec, Side::Second, second, plan),
    );
    first.and(second)?;
    if peers[0].id() == peers[1].id() {
        return Err(same_database(spec));
    }
    let absent = |side: &Side| plan.state[side.index()] == NodeState::Absent;
    for side in Side::BOTH.into_iter().filter(absent) {
        let other_id = Some(peers[side.other().index()].id());
        check_companions(spec, side, &mut peers[side.index()], &plan.tables, other_id).await?;
    }
    if Side::BOTH.iter().any(absent) {
        sequence::divide_numbers(spec, peers, &plan.tables).await?;
    }
    for side in Side::BOTH.into_iter().filter(absent) {
        snapshots[side.index()] = Some(current_snapshot(&mut peers[side.index()]).await?);
    }
    for side in Side::BOTH {
        record_link(spec, side, peers, plan, &snapshots).await?;
    }
    for peer in peers.iter_mut() {
        peer.commit("commit the installation").await?;
    }
    Ok(())
}

/// Opens a node's installing transaction and makes in it what does not need the other node.
async fn install_on(spec: &LinkSpec, side: Side, peer: &mut Peer, plan: &InitPlan) -> Result<()> {
    let mut settings = Sql::default();
    for setting in [LOCK_TIMEOUT, DURABLE, ONE_AT_A_TIME] {
        settings.push(&Sql::text(setting));
    }
    peer.begin(Access::Write, &settings, "begin the installation")
        .await?;
    peer.script(&metadata::install(), "create schema ponte").await?;
    identity::confirm(peer).await?;
    for guard in plan.guards.iter().filter(|g| g.node == spec.node(side)) {
        guard::install(peer, guard).await?;
    }
    install_capture(spec, side, peer, plan).await?;
    masks::install(spec, side, peer, &plan.tables).await?;
    keeping::install(spec, side, peer, &plan.tables).await
}

/// Capture for tables that no other link carries yet, or what an older release made brought up to date.
async fn install_capture(spec: &LinkSpec, side: Side, peer: &mut Peer, plan: &InitPlan) -> Result<()> {
    let outdated = match plan.state[side.index()] {
        NodeState::Absent => false,
        NodeState::Linked { layout, .. } if layout < metadata::LAYOUT => true,
        NodeState::Linked { .. } => return Ok(()),
    };
    if !outdated {
        hold_companions(peer, side, &spec.name, &plan.tables).await?;
    }
    for linked in &plan.tables {
        let table = &linked.sides[side.index()];
        let sql = if outdated {
            let part = upkeep::filled_part(peer, &table.name).await?;
            let captured = masks::as_captured(&spec.name, side, peer, linked).await?;
            let captured = captured.unwrap_or_else(|| table.without_mask());
            capture::upgrade(&captured, spec.max_future_seconds, part)
        } else if is_carried(peer, &spec.name, &table.name).await? {
            continue;
        } else {
            capture::install(table, spec.max_future_seconds)
        };
        peer.script(&sql, &format!("install capture for table {}", table.name))
            .await?;
    }
    Ok(())
}

/// Writes the link's rows on one node. Where the other node was installed just now, its capture is complete from there on.
async fn record_link(
    spec: &LinkSpec,
    side: Side,
    peers: &mut [Peer; 2],
    plan: &InitPlan,
    snapshots: &[Option<Snapshot>],
) -> Result<()> {
    let peer_id = peers[side.other().index()].id();
    let peer = &mut peers[side.index()];
    let what = "record the link";
    if let Some(own) = &snapshots[side.index()] {
        let sql = Sql::text(
            "INSERT INTO ponte.link (link, node, peer, peer_id, installed_snapshot) VALUES ($1, $2, $3, $4, $5::text::pg_snapshot)",
        );
        let (node, other) = (spec.node(side), spec.node(side.other()));
        peer.rows(&sql, &[&spec.name, &node, &other, &peer_id, &own.as_str()], what)
            .await?;
        let sql = Sql::text(
            "INSERT INTO ponte.outgoing (link, consumed, offered) VALUES ($1, $2::text::pg_snapshot, $2::text::pg_snapshot)",
        );
        peer.rows(&sql, &[&spec.name, &own.as_str()], what).await?;
    } else {
        let sql = Sql::text("UPDATE ponte.link SET layout = $2 WHERE link = $1");
        peer.rows(&sql, &[&spec.name, &metadata::LAYOUT], what).await?;
    }
    for table in &plan.tables {
        let table = &table.sides[side.index()];
        record_table(spec, peer, table).await?;
        show(peer, table).await?;
    }
    if snapshots[side.index()].is_none() {
        let sql = Sql::text("UPDATE ponte.link SET peer_id = $2 WHERE link = $1");
        peer.rows(&sql, &[&spec.name, &peer_id], what).await?;
    }
    if let Some(there) = &snapshots[side.other().index()] {
        let sql = Sql::text(
            "INSERT INTO ponte.progress (link, consumed) VALUES ($1, $2::text::pg_snapshot) \
             ON CONFLICT (link) DO UPDATE SET consumed = excluded.consumed",
        );
        peer.rows(&sql, &[&spec.name, &there.as_str()], what).await?;
    } else if snapshots[side.index()].is_some() {
        // The other node was installed by an earlier run and has captured since; from then on nothing was consumed.
        let earlier = installed_snapshot(&spec.name, &mut peers[side.other().index()]).await?;
        let sql = Sql::text(
            "UPDATE ponte.outgoing SET consumed = $2::text::pg_snapshot, offered = $2::text::pg_snapshot WHERE link = $1",
        );
        peers[side.other().index()]
            .rows(&sql, &[&spec.name, &earlier], what)
            .await?;
        let sql = Sql::text("INSERT INTO ponte.progress (link, consumed) VALUES ($1, $2::text::pg_snapshot)");
        peers[side.index()]
            .rows(&sql, &[&spec.name, &earlier], what)
            .await?;
    }
    Ok(())
}

async fn record_table(spec: &LinkSpec, peer: &mut Peer, table: &TableSide) -> Result<()> {
    let texts = |columns: &[Ident]| columns.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    // Whoever brings capture up to date begins to trust it anew.
    let sql = Sql::text(
        "INSERT INTO ponte.link_table \
           (link, table_schema, table_name, key_columns, other_columns, version_column, max_future_seconds, masked) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (link, table_schema, table_name) DO UPDATE \
         SET version_column = excluded.version_column, max_future_seconds = excluded.max_future_seconds, \
             masked = excluded.masked, capture_marks = NULL",
    );
    peer.rows(
        &sql,
        &[
            &spec.name,
            &table.name.schema.as_str(),
            &table.name.name.as_str(),
            &texts(&table.key),
            &texts(&table.columns),
            &table.version.as_ref().map(|v| v.name.as_str()),
            &spec.max_future_seconds,
            &table.mask.is_some(),
        ],
        "record the link's tables",
    )
    .await
    .map(drop)
}

async fn installed_snapshot(link: &str, peer: &mut Peer) -> Result<String> {
    let sql = Sql::text("SELECT installed_snapshot::text FROM ponte.link WHERE link = $1");
    Ok(peer.row(&sql, &[&link], "read the link").await?.get(0))
}

pub(crate) async fn current_snapshot(peer: &mut Peer) -> Result<Snapshot> {
    let row = peer
        .row(
            &Sql::text("SELECT pg_current_snapshot()::text"),
            &[],
            "take a snapshot",
        )
        .await?;
    parse_snapshot(row.get(0))
}

pub(crate) fn parse_snapshot(text: &str) -> Result<Snapshot> {
    text.parse()
        .map_err(|e| Error::new(ErrorKind::Internal, "cannot read a snapshot").because(e))
}

/// Whether both sessions are in one database, by whatever addresses: an advisory lock that one holds keeps the other one out.
async fn same_server_database(peers: &mut [Peer; 2]) -> Result<bool> {
    let key = Uuid::new_v4().as_u64_pair().0.cast_signed();
    let [first, second] = peers;
    first
        .begin(Access::Write, &Sql::default(), "compare the nodes")
        .await?;
    let hold = Sql::render("SELECT pg_advisory_xact_lock({key})", &[("key", &key)]);
    let outcome = match first.script(&hold, "compare the nodes").await {
        Ok(()) => {
            let knock = Sql::render("SELECT NOT pg_try_advisory_xact_lock({key})", &[("key", &key)]);
            second.holds(&knock, "compare the nodes").await
        }
        Err(error) => Err(error),
    };
    first.roll_back().await;
    outcome
}

fn same_database(spec: &LinkSpec) -> Error {
    Error::new(
        ErrorKind::SyncUnfit,
        format!(
            "nodes \"{}\" and \"{}\" are the same database, or one is a copy of the other",
            spec.nodes[0], spec.nodes[1]
        ),
    )
    .hint("correct the url of one node; in a copy, DROP SCHEMA ponte CASCADE first")
}

/// Marks the first contact as complete.
pub(crate) async fn mark_ready(link: &str, peer: &mut Peer) -> Result<()> {
    let sql = Sql::text("UPDATE ponte.link SET ready = true WHERE link = $1");
    peer.rows(&sql, &[&link], "mark the link as ready")
        .await
        .map(drop)
}

async fn node_state(
    spec: &LinkSpec,
    side: Side,
    peer: &mut Peer,
    tables: &[LinkedTable],
) -> Result<NodeState> {
    if identity::recognise(peer).await?.is_none() {
        return Ok(NodeState::Absent);
    }
    refuse_newer(peer).await?;
    let sql = Sql::text(
        "SELECT node, peer, ready, peer_id, coalesce((to_jsonb(l) ->> 'layout')::int, 1) FROM ponte.link l WHERE link = $1",
    );
    let rows = peer.rows(&sql, &[&spec.name], "read the links").await?;
    let Some(row) = rows.first() else {
        return Ok(NodeState::Absent);
    };
    let (node, other): (&str, &str) = (row.get(0), row.get(1));
    if (node, other) != (spec.node(side), spec.node(side.other())) {
        return Err(Error::new(
            ErrorKind::SyncAlreadyLinked,
            format!(
                "link \"{}\" exists on \"{}\" already, between \"{node}\" and \"{other}\"",
                spec.name,
                peer.name()
            ),
        )
        .hint(format!(
            "give this link another name, or ponte sync drop {}",
            spec.name
        )));
    }
    members::same_keys(spec, side, peer, (tables, row.get(2))).await?;
    Ok(NodeState::Linked {
        ready: row.get(2),
        peer_id: row.get(3),
        layout: row.get(4),
    })
}

/// Refuses a database that a newer release has been working on.
pub(crate) async fn refuse_newer(peer: &mut Peer) -> Result<()> {
    let sql = Sql::text("SELECT release FROM ponte.metadata WHERE part = 'sync'");
    let rows = peer.fresh_rows(&sql, &[], "read the metadata").await?;
    if rows
        .first()
        .is_none_or(|row| row.get::<_, i32>(0) <= metadata::LAYOUT)
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SyncAlreadyLinked,
        format!(
            "schema ponte on \"{}\" was made by a newer release of ponte",
            peer.name()
        ),
    )
    .hint("install that release"))
}

/// Whether schema `ponte` holds the sync's tables.
pub(crate) async fn has_metadata(peer: &Peer) -> Result<bool> {
    peer.holds(
        &Sql::text("SELECT to_regclass('ponte.link') IS NOT NULL"),
        "look for schema ponte",
    )
    .await
}

async fn same_partners(spec: &LinkSpec, peers: &mut [Peer; 2], state: &[NodeState; 2]) -> Result<()> {
    for side in Side::BOTH {
        // Only a link that was completed binds its partners: an interrupted one is taken up again with whoever is there now.
        let NodeState::Linked {
            peer_id, ready: true, ..
        } = state[side.index()]
        else {
            continue;
        };
        let other = &mut peers[side.other().index()];
        if node_id(other).await? != Some(peer_id) {
            return Err(Error::new(
                ErrorKind::SyncAlreadyLinked,
                format!(
                    "link \"{}\" on \"{}\" belongs to another database than \"{}\"",
                    spec.name,
                    spec.node(side),
                    other.name()
                ),
            )
            .hint(format!(
                "give this link another name, or ponte sync drop {}",
                spec.name
            )));
        }
    }
    Ok(())
}

/// Removes a link from one node, and schema `ponte`'s sync tables with the last link. Answers whether there was one.
///
/// # Errors
/// What the server refused; the node is then as it was.
pub async fn drop_link(link: &str, peer: &mut Peer) -> Result<bool> {
    if !has_metadata(peer).await? {
        return Ok(false);
    }
    refuse_newer(peer).await?;
    peer.begin(Access::Write, &Sql::text(LOCK_TIMEOUT), "begin")
        .await?;
    let outcome = drop_alone(link, peer).await;
    if outcome.is_err() {
        peer.roll_back().await;
    }
    outcome
}

/// Not while somebody installs a link there or empties a changelog.
async fn drop_alone(link: &str, peer: &mut Peer) -> Result<bool> {
    peer.script(&Sql::text(ONE_AT_A_TIME), "wait for an installation")
        .await?;
    drop_inside(link, peer).await
}

async fn drop_inside(link: &str, peer: &mut Peer) -> Result<bool> {
    let sql = Sql::text("SELECT table_schema, table_name, key_columns FROM ponte.link_table WHERE link = $1");
    let rows = peer.rows(&sql, &[&link], "read the link's tables").await?;
    let forget = Sql::text("DELETE FROM ponte.link_table WHERE link = $1");
    peer.rows(&forget, &[&link], "remove the link's tables").await?;
    for row in &rows {
        let name = QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        release_table(peer, link, &name, &row.get::<_, Vec<String>>(2)).await?;
    }
    let sql = Sql::text("DELETE FROM ponte.link WHERE link = $1 RETURNING link");
    let existed = !peer.rows(&sql, &[&link], "remove the link").await?.is_empty();
    if !peer
        .holds(
            &Sql::text("SELECT EXISTS (SELECT FROM ponte.link)"),
            "look for other links",
        )
        .await?
    {
        peer.script(&metadata::uninstall(), "remove the sync's bookkeeping")
            .await?;
    }
    peer.commit("commit").await?;
    Ok(existed)
}

/// Takes from a table what the link needed and no other link does. Inside the caller's transaction.
pub(super) async fn release_table(
    peer: &mut Peer,
    link: &str,
    name: &QualifiedName,
    key: &[String],
) -> Result<()> {
    if is_carried(peer, link, name).await? {
        return show(peer, &TableSide::keyed(name.clone(), key)).await;
    }
    guard::restore(peer, name).await?;
    sequence::restore(peer, name).await?;
    let side = TableSide::named(name.clone());
    let what = format!("remove capture from table {name}");
    peer.script(&capture::uninstall(&side), &what).await
}
