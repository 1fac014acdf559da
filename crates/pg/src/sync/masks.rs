//! Capture that notes which columns changed, for tables whose conflicts are merged: made where a link asks for it, taken back where none
//! does any more. What capture notes of a table is written on its function for updates.

use ponte_schema::Sql;
use ponte_sync::link::{ConflictRule, LinkSpec, Side, TableSpec};
use ponte_sync::mask::Mask;
use ponte_sync::shape::{Problem, Shape};
use ponte_sync::table::TableSide;
use ponte_sync::{capture, delta};

use super::inspect::LinkedTable;
use super::install::has_metadata;
use super::peer::Peer;
use super::upkeep;
use crate::error::{Error, ErrorKind, Result};

/// Gives both sides of a table what a merge needs to know; answers what keeps columns from being added up.
pub(super) fn ask(
    spec: &LinkSpec,
    table: &TableSpec,
    shapes: &[Shape; 2],
    sides: &mut [TableSide; 2],
) -> Vec<Problem> {
    let conflict = table.conflict.unwrap_or(spec.conflict);
    if conflict == ConflictRule::Merge {
        for (shape, side) in shapes.iter().zip(&mut *sides) {
            side.mask = Some(Mask::of(shape, side));
        }
    }
    delta::ask(table, conflict, &spec.nodes, shapes, sides)
}

/// The tables of a node of which capture notes something else than the links need, as `node: table`.
pub(super) async fn outdated(
    spec: &LinkSpec,
    side: Side,
    peer: &mut Peer,
    tables: &[LinkedTable],
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for table in tables {
        let wanted = wanted(&spec.name, side, peer, table).await?;
        if noted(peer, &wanted).await? != capture::notes(&wanted) {
            found.push(format!("{}: {}", peer.name(), wanted.name));
        }
    }
    Ok(found)
}

/// Brings the capture of a node to what its links need. Inside the caller's transaction.
pub(super) async fn install(
    spec: &LinkSpec,
    side: Side,
    peer: &mut Peer,
    tables: &[LinkedTable],
) -> Result<()> {
    for table in tables {
        let wanted = wanted(&spec.name, side, peer, table).await?;
        if noted(peer, &wanted).await? != capture::notes(&wanted) {
            let part = upkeep::filled_part(peer, &wanted.name).await?.unwrap_or_default();
            let sql = capture::note_columns(&wanted, spec.max_future_seconds, part);
            peer.script(&sql, &format!("install capture for table {}", wanted.name))
                .await?;
            trust_again(peer, &table.shapes[side.index()]).await?;
        }
    }
    Ok(())
}

/// Other links that carry the table trusted its capture as it was; what replaced it just now is no gap.
async fn trust_again(peer: &mut Peer, before: &Shape) -> Result<()> {
    let sql = Sql::text(
        "UPDATE ponte.link_table SET capture_marks = NULL WHERE table_schema = $1 AND table_name = $2 AND capture_marks = $3",
    );
    let marks = before.capture_marks.as_deref();
    peer.rows(
        &sql,
        &[&before.schema, &before.name, &marks],
        "forget the marks of capture",
    )
    .await
    .map(drop)
}

/// Refuses a link whose configuration asks for merges before `init` was told of it.
pub(super) async fn confirm(spec: &LinkSpec, peers: &mut [Peer; 2], tables: &[LinkedTable]) -> Result<()> {
    for side in Side::BOTH {
        let peer = &mut peers[side.index()];
        for table in tables.iter().map(|t| &t.sides[side.index()]) {
            let Some(mask) = &table.mask else {
                continue;
            };
            let adds = mask.adds();
            match noted(peer, table).await? {
                None => return Err(not_noted(spec, peer.name(), table, adds)),
                known if known == capture::notes(table) => {}
                Some(noted) if amounts(Some(&noted)) != amounts(capture::notes(table).as_deref()) => {
                    return Err(not_noted(spec, peer.name(), table, adds));
                }
                Some(_) => tracing::warn!(
                    link = spec.name,
                    node = peer.name(),
                    table = %table.name,
                    "the table's columns have changed: until ponte sync init {} its conflicts are decided by the newer version",
                    spec.name
                ),
            }
        }
    }
    Ok(())
}

/// The same of one node, without a look at its tables.
pub(super) async fn confirm_noted(spec: &LinkSpec, side: Side, peer: &mut Peer) -> Result<()> {
    for table in &spec.tables {
        let named = TableSide::named(table.name(side).clone());
        let noted = noted(peer, &named).await?;
        let deltas = &table.deltas[side.index()];
        let wanted = (!deltas.is_empty()).then(|| serde_json::Value::from(deltas.clone()).to_string());
        let merges = table.conflict.unwrap_or(spec.conflict) == ConflictRule::Merge;
        let adds = wanted.is_some() && amounts(noted.as_deref()) != wanted.as_deref();
        if adds || (merges && noted.is_none()) {
            return Err(not_noted(spec, peer.name(), &named, adds));
        }
    }
    Ok(())
}

/// The table as its capture has to be: with a mask also where only another link of the node asks for one.
async fn wanted(link: &str, side: Side, peer: &mut Peer, table: &LinkedTable) -> Result<TableSide> {
    let (shape, own) = (&table.shapes[side.index()], &table.sides[side.index()]);
    let mut wanted = own.clone();
    if wanted.mask.is_none() && is_asked_elsewhere(link, peer, own).await? {
        wanted.mask = Some(Mask::of(shape, own));
    }
    Ok(wanted)
}

/// The table as its capture is: with a mask where its function for updates notes columns, so that the function can be written anew. `None` where it
/// knows other columns than the table has by now, and `init` has to be told first.
pub(super) async fn as_captured(
    link: &str,
    side: Side,
    peer: &mut Peer,
    table: &LinkedTable,
) -> Result<Option<TableSide>> {
    let mut captured = wanted(link, side, peer, table).await?;
    let noted = noted(peer, &captured).await?;
    if noted.is_none() {
        captured.mask = None;
    }
    Ok((noted == capture::notes(&captured)).then_some(captured))
}

async fn is_asked_elsewhere(link: &str, peer: &mut Peer, table: &TableSide) -> Result<bool> {
    if !has_metadata(peer).await? {
        return Ok(false);
    }
    let sql = Sql::text(
        "SELECT EXISTS (SELECT FROM ponte.link_table t WHERE t.link <> $1 AND t.table_schema = $2 AND t.table_name = $3 \
           AND coalesce((to_jsonb(t) ->> 'masked')::boolean, false))",
    );
    let (schema, name) = (table.name.schema.as_str(), table.name.name.as_str());
    let row = peer
        .row(&sql, &[&link, &schema, &name], "read the links' tables")
        .await?;
    Ok(row.get(0))
}

async fn noted(peer: &mut Peer, table: &TableSide) -> Result<Option<String>> {
    let rows = peer
        .rows(&capture::noted_columns(table), &[], "read what capture notes")
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

fn amounts(notes: Option<&str>) -> Option<&str> {
    notes.and_then(capture::noted_amounts)
}

/// Refuses to share a table of which columns are added up: a change that comes by two ways would count twice, and nobody sees the ways beyond
/// the next node.
pub(super) async fn check_alone(
    spec: &LinkSpec,
    peer: &mut Peer,
    table: &TableSide,
    other_link: &str,
) -> Result<()> {
    let adds = capture::notes(table).is_some_and(|notes| amounts(Some(&notes)).is_some());
    if !adds && (!has_metadata(peer).await? || amounts(noted(peer, table).await?.as_deref()).is_none()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SyncAlreadyLinked,
        format!(
            "links \"{}\" and \"{other_link}\" would share table {} on \"{}\", of which one adds up columns",
            spec.name,
            table.name,
            peer.name()
        ),
    )
    .hint(format!(
        "take the table out of one of both links, or delta out of ponte.toml and ponte sync init {other_link}"
    )))
}

fn not_noted(spec: &LinkSpec, node: &str, table: &TableSide, adds: bool) -> Error {
    Error::new(
        ErrorKind::SyncNotReady,
        format!(
            "link \"{}\" {} of table {}, and \"{node}\" does not note which columns change{}",
            spec.name,
            if adds {
                "adds up columns"
            } else {
                "merges conflicts"
            },
            table.name,
            if adds { ", and by how much" } else { "" }
        ),
    )
    .hint(format!("ponte sync init {}", spec.name))
}
