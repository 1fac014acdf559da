//! Bringing tables into a live link and taking others out of it. Whatever this is interrupted by, it can be run again.

use std::time::Duration;

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::capture;
use ponte_sync::link::{FirstContact, LinkSpec, Side};
use ponte_sync::metadata;
use ponte_sync::table::TableSide;

use super::super::apply::DURABLE;
use super::super::first_contact::{ContactEvent, InitOptions, InitReport};
use super::super::guard::{self, Guard};
use super::super::inspect::LinkedTable;
use super::super::install::{
    ATTEMPTS_MAX, InitPlan, LOCK_TIMEOUT, ONE_AT_A_TIME, current_snapshot, install, release_table,
};
use super::super::pass::LiveLink;
use super::super::peer::{Access, Peer};
use super::super::sequence;
use super::super::sharing::{check_companions, hold_companions, is_carried, show};
use super::recorded;
use crate::error::{Result, Retry};

/// Makes a complete link carry what the plan says.
pub(crate) async fn change(
    spec: LinkSpec,
    mut peers: [Peer; 2],
    plan: InitPlan,
    options: &InitOptions,
) -> Result<InitReport> {
    for side in Side::BOTH {
        for table in &plan.members.leaving[side.index()] {
            leave(&spec.name, &mut peers[side.index()], table).await?;
        }
    }
    let (joining, staying) = split(&plan);
    let old = plan.for_tables(staying);
    if old.has_to_install() {
        install(&spec, &mut peers, &old).await?;
    }
    let mut report = InitReport::default();
    if !joining.is_empty() {
        let names: Vec<&QualifiedName> = joining.iter().map(LinkedTable::name).collect();
        let newcomers = LinkSpec {
            tables: spec
                .tables
                .iter()
                .filter(|t| names.contains(&t.name(Side::First)))
                .cloned()
                .collect(),
            ..spec.clone()
        };
        let guards = plan.for_tables(joining.clone()).guards;
        patiently(&mut peers, async |peers| {
            enrol(&newcomers, peers, &joining, &guards).await
        })
        .await?;
        let mut link = LiveLink::assume(newcomers, peers, joining);
        if spec.first_contact != FirstContact::Trust {
            report = link.make_contact(options).await?;
        }
        let (newcomers, joining) = (link.spec.clone(), link.tables.clone());
        peers = link.peers;
        for peer in &mut peers {
            peer.forget_stages(joining.len()).await?;
        }
        patiently(&mut peers, async |peers| join(&newcomers, peers, &joining).await).await?;
    }
    let mut link = LiveLink::open(spec, peers).await?;
    (options.observe)(&ContactEvent::Settling);
    report.settled = Some(link.pass().await?);
    Ok(report)
}

/// Those that come, and those that are there.
fn split(plan: &InitPlan) -> (Vec<LinkedTable>, Vec<LinkedTable>) {
    let comes = |position: usize| plan.members.joining.contains(&position);
    let all = || plan.tables.iter().cloned().enumerate();
    (
        all().filter(|(i, _)| comes(*i)).map(|(_, t)| t).collect(),
        all().filter(|(i, _)| !comes(*i)).map(|(_, t)| t).collect(),
    )
}

/// Tries a step again while somebody holds a lock, as an installation does.
async fn patiently(peers: &mut [Peer; 2], step: impl AsyncFn(&mut [Peer; 2]) -> Result<()>) -> Result<()> {
    let mut attempt = 1;
    loop {
        let Err(error) = step(peers).await else {
            return Ok(());
        };
        for peer in peers.iter_mut() {
            peer.roll_back().await;
        }
        if error.kind().retry() != Retry::Later || attempt >= ATTEMPTS_MAX {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(u64::from(50 * attempt))).await;
        attempt += 1;
    }
}

async fn begin(peers: &mut [Peer; 2], what: &str) -> Result<()> {
    let mut settings = Sql::default();
    for setting in [LOCK_TIMEOUT, DURABLE, ONE_AT_A_TIME] {
        settings.push(&Sql::text(setting));
    }
    for peer in peers.iter_mut() {
        peer.begin(Access::Write, &settings, what).await?;
    }
    Ok(())
}

async fn commit(peers: &mut [Peer; 2], what: &str) -> Result<()> {
    for peer in peers.iter_mut() {
        peer.commit(what).await?;
    }
    Ok(())
}

/// Capture for the tables that come, each recorded as not joined yet. What an interrupted run has enrolled on both sides stays as it is.
async fn enrol(
    spec: &LinkSpec,
    peers: &mut [Peer; 2],
    tables: &[LinkedTable],
    guards: &[Guard],
) -> Result<()> {
    begin(peers, "begin to add tables").await?;
    let mut known = [Vec::new(), Vec::new()];
    for side in Side::BOTH {
        let peer = &mut peers[side.index()];
        peer.script(&metadata::install(), "bring schema ponte up to date")
            .await?;
        for guard in guards.iter().filter(|g| g.node == spec.node(side)) {
            guard::install(peer, guard).await?;
        }
        known[side.index()] = recorded(&spec.name, peer).await?;
    }
    let is_known = |side: Side, table: &LinkedTable| {
        let name = &table.sides[side.index()].name;
        known[side.index()].iter().any(|record| record.name == *name)
    };
    let new: Vec<LinkedTable> = tables
        .iter()
        .filter(|table| !Side::BOTH.iter().all(|side| is_known(*side, table)))
        .cloned()
        .collect();
    for side in Side::BOTH {
        let other_id = Some(peers[side.other().index()].id());
        let peer = &mut peers[side.index()];
        check_companions(spec, side, peer, &new, other_id).await?;
        hold_companions(peer, side, &spec.name, &new).await?;
        for table in &new {
            if !is_known(side, table) {
                capture_table(spec, peer, &table.sides[side.index()]).await?;
            }
        }
    }
    sequence::divide_numbers(spec, peers, &new).await?;
    for side in Side::BOTH {
        let peer = &mut peers[side.index()];
        let installed = current_snapshot(peer).await?;
        for table in &new {
            record(spec, peer, &table.sides[side.index()], installed.as_str()).await?;
        }
    }
    commit(peers, "add the tables").await
}

async fn capture_table(spec: &LinkSpec, peer: &mut Peer, table: &TableSide) -> Result<()> {
    if is_carried(peer, &spec.name, &table.name).await? {
        return Ok(());
    }
    let what = format!("install capture for table {}", table.name);
    peer.script(&capture::install(table, spec.max_future_seconds), &what)
        .await
}

/// Records a table as one whose first contact begins now.
async fn record(spec: &LinkSpec, peer: &mut Peer, table: &TableSide, installed: &str) -> Result<()> {
    let texts = |columns: &[Ident]| columns.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    let (schema, name) = (table.name.schema.as_str(), table.name.name.as_str());
    let what = "record the link's tables";
    let sql = Sql::text(include_str!("record.sql"));
    peer.rows(
        &sql,
        &[
            &spec.name,
            &schema,
            &name,
            &texts(&table.key),
            &texts(&table.columns),
            &table.version.as_ref().map(|v| v.name.as_str()),
            &spec.max_future_seconds,
            &installed,
        ],
        what,
    )
    .await?;
    let forget =
        Sql::text("DELETE FROM ponte.copy_chunk WHERE link = $1 AND table_schema = $2 AND table_name = $3");
    peer.rows(&forget, &[&spec.name, &schema, &name], what).await?;
    show(peer, table).await
}

/// Lets passes carry the tables. The two rows of progress keep every batch out until both sides have said so.
async fn join(spec: &LinkSpec, peers: &mut [Peer; 2], tables: &[LinkedTable]) -> Result<()> {
    begin(peers, "begin to join tables").await?;
    for peer in peers.iter_mut() {
        let hold = Sql::text("SELECT FROM ponte.progress WHERE link = $1 FOR UPDATE");
        peer.rows(&hold, &[&spec.name], "wait for passes").await?;
    }
    for side in Side::BOTH {
        let peer = &mut peers[side.index()];
        for table in tables.iter().map(|t| &t.sides[side.index()]) {
            let what = format!("join table {}", table.name);
            peer.script(&capture::note_again(table, &spec.name), &what)
                .await?;
            let joined = Sql::text(
                "UPDATE ponte.link_table SET joined = true WHERE link = $1 AND table_schema = $2 AND table_name = $3",
            );
            let (schema, name) = (table.name.schema.as_str(), table.name.name.as_str());
            peer.rows(&joined, &[&spec.name, &schema, &name], &what).await?;
        }
    }
    commit(peers, "join the tables").await
}

/// Takes a table out of a link on one side, with everything that was kept about it but its conflicts. Its rows stay.
async fn leave(link: &str, peer: &mut Peer, table: &QualifiedName) -> Result<()> {
    let mut settings = Sql::text(LOCK_TIMEOUT);
    settings.push(&Sql::text(ONE_AT_A_TIME));
    peer.begin(Access::Write, &settings, "begin to remove a table")
        .await?;
    let outcome = leave_inside(link, peer, table).await;
    if outcome.is_err() {
        peer.roll_back().await;
    }
    outcome
}

async fn leave_inside(link: &str, peer: &mut Peer, table: &QualifiedName) -> Result<()> {
    let what = format!("remove table {table} from the link");
    let (schema, name) = (table.schema.as_str(), table.name.as_str());
    let sql = Sql::text(include_str!("leave.sql"));
    let rows = peer.rows(&sql, &[&link, &schema, &name], &what).await?;
    if let Some(row) = rows.first() {
        release_table(peer, link, table, &row.get::<_, Vec<String>>(0)).await?;
    }
    peer.commit(&what).await
}
