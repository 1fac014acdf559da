//! Tables whose rows stay at the other side when they leave the filter. Capture has to know the filter, because nobody else can tell of a row that is
//! gone whether it was outside when it went. What it asks is written on its function for deletes.

use ponte_sync::capture;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::install::has_metadata;
use super::peer::Peer;
use super::upkeep;
use crate::error::{Error, ErrorKind, Result};

/// The tables of a node whose capture asks another filter than the link does, as `node: table`.
pub(super) async fn outdated(side: Side, peer: &mut Peer, tables: &[LinkedTable]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for table in tables.iter().filter(|t| is_captured(t, side)) {
        let own = &table.sides[side.index()];
        if !agrees(peer, own).await? {
            found.push(format!("{}: {}", peer.name(), own.name));
        }
    }
    Ok(found)
}

/// Brings the capture of a node to what the link asks. Inside the caller's transaction.
pub(super) async fn install(
    spec: &LinkSpec,
    side: Side,
    peer: &mut Peer,
    tables: &[LinkedTable],
) -> Result<()> {
    for table in tables.iter().map(|t| &t.sides[side.index()]) {
        if agrees(peer, table).await? {
            continue;
        }
        let part = upkeep::filled_part(peer, &table.name).await?.unwrap_or_default();
        let sql = capture::tell_outside(table, spec.max_future_seconds, part);
        peer.script(&sql, &format!("install capture for table {}", table.name))
            .await?;
    }
    Ok(())
}

/// Refuses a link whose rows leave in another way, or whose filter is another one, than `init` was told.
pub(super) async fn confirm(spec: &LinkSpec, peers: &mut [Peer; 2], tables: &[LinkedTable]) -> Result<()> {
    for side in Side::BOTH {
        let peer = &mut peers[side.index()];
        for table in tables.iter().map(|t| &t.sides[side.index()]) {
            if !agrees(peer, table).await? {
                return Err(not_told(spec, peer.name(), table));
            }
        }
    }
    Ok(())
}

/// Whether capture asks of deleted rows what the link wants to know.
pub(super) async fn agrees(peer: &mut Peer, table: &TableSide) -> Result<bool> {
    let wanted = table.filter.as_ref().filter(|_| table.keeps);
    Ok(told(peer, table).await?.as_deref() == wanted.map(ponte_schema::Expression::as_str))
}

/// Refuses to share a table of which one link keeps what leaves: the others would have to agree about every row, not only about the filter.
pub(super) async fn check_alone(
    spec: &LinkSpec,
    peer: &mut Peer,
    table: &TableSide,
    other_link: &str,
) -> Result<()> {
    if !table.keeps && (!has_metadata(peer).await? || told(peer, table).await?.is_none()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SyncAlreadyLinked,
        format!(
            "links \"{}\" and \"{other_link}\" would share table {} on \"{}\", of which one keeps rows that leave its filter",
            spec.name,
            table.name,
            peer.name()
        ),
    )
    .hint(format!(
        "take the table out of one of both links, or leaving = \"keep\" out of ponte.toml and ponte sync init {other_link}"
    )))
}

fn is_captured(table: &LinkedTable, side: Side) -> bool {
    !table.shapes[side.index()].capture.is_empty()
}

async fn told(peer: &mut Peer, table: &TableSide) -> Result<Option<String>> {
    let rows = peer
        .rows(&capture::told_filter(table), &[], "read what capture tells")
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

fn not_told(spec: &LinkSpec, node: &str, table: &TableSide) -> Error {
    let what = if table.keeps {
        "keeps rows that leave its filter, and capture there asks another one of deleted rows, or none"
    } else {
        "deletes rows that leave its filter, and capture there still tells such rows apart"
    };
    Error::new(
        ErrorKind::SyncNotReady,
        format!(
            "table {} of link \"{}\" on \"{node}\" {what}",
            table.name, spec.name
        ),
    )
    .hint(format!("ponte sync init {}", spec.name))
}
