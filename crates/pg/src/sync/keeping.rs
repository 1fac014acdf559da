//! Tables whose rows stay at the other side when they leave the filter. Capture has to know the filter, because nobody else can tell of a row that is
//! gone whether it was outside when it went. What it asks is written on its function for deletes.

use ponte_schema::Expression;
use ponte_sync::capture;
use ponte_sync::link::{Leaving, LinkSpec, Side};
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::install::has_metadata;
use super::peer::Peer;
use super::upkeep;
use crate::error::{Error, ErrorKind, Result};

/// The tables of a node whose capture asks another filter than the link does, as `node: table`.
pub(super) fn outdated(side: Side, node: &str, tables: &[LinkedTable]) -> Vec<String> {
    let outdated = tables.iter().filter(|table| is_outdated(table, side));
    outdated
        .map(|table| format!("{node}: {}", table.sides[side.index()].name))
        .collect()
}

/// Brings the capture of a node to what the link asks. Inside the caller's transaction.
pub(super) async fn install(
    spec: &LinkSpec,
    side: Side,
    peer: &mut Peer,
    tables: &[LinkedTable],
) -> Result<()> {
    for table in tables.iter().filter(|table| is_outdated(table, side)) {
        let table = &table.sides[side.index()];
        let part = upkeep::filled_part(peer, &table.name).await?.unwrap_or_default();
        let sql = capture::tell_outside(table, spec.max_future_seconds, part);
        peer.script(&sql, &format!("install capture for table {}", table.name))
            .await?;
    }
    Ok(())
}

/// Refuses a link whose rows leave in another way, or whose filter is another one, than `init` was told.
pub(super) fn confirm(spec: &LinkSpec, tables: &[LinkedTable]) -> Result<()> {
    for side in Side::BOTH {
        if let Some(table) = tables.iter().find(|table| is_outdated(table, side)) {
            return Err(not_told(spec, spec.node(side), &table.sides[side.index()]));
        }
    }
    Ok(())
}

/// The same of one node, without a look at its tables.
pub(super) async fn confirm_told(spec: &LinkSpec, side: Side, peer: &mut Peer) -> Result<()> {
    for table in &spec.tables {
        let filter = table.filters[side.index()].clone();
        let asked = TableSide {
            keeps: table.leaving == Leaving::Keep && filter.is_some(),
            filter,
            ..TableSide::named(table.name(side).clone())
        };
        if !agrees(peer, &asked).await? {
            return Err(not_told(spec, spec.node(side), &asked));
        }
    }
    Ok(())
}

/// Whether capture asks of deleted rows what the link wants to know, at this moment.
pub(super) async fn agrees(peer: &mut Peer, table: &TableSide) -> Result<bool> {
    Ok(told(peer, table).await?.as_deref() == wanted(table))
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

/// Whether the table is captured, and not as the link asks.
fn is_outdated(table: &LinkedTable, side: Side) -> bool {
    let (shape, table) = (&table.shapes[side.index()], &table.sides[side.index()]);
    !shape.capture.is_empty() && shape.capture_filter.as_deref() != wanted(table)
}

fn wanted(table: &TableSide) -> Option<&str> {
    table
        .filter
        .as_ref()
        .filter(|_| table.keeps)
        .map(Expression::as_str)
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
