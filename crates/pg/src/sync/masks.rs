//! Capture that notes which columns changed, for tables whose conflicts are merged: made where a link asks for it, taken back where none
//! does any more. What capture notes of a table is written on its function for updates.

use ponte_schema::Sql;
use ponte_sync::capture;
use ponte_sync::link::{ConflictRule, LinkSpec, Side};
use ponte_sync::mask::Mask;
use ponte_sync::shape::Shape;
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::install::has_metadata;
use super::peer::Peer;
use super::upkeep;
use crate::error::{Error, ErrorKind, Result};

/// Gives both sides of a table what a merge needs to know.
pub(super) fn ask(conflict: ConflictRule, shapes: &[Shape; 2], sides: &mut [TableSide; 2]) {
    if conflict == ConflictRule::Merge {
        for (shape, side) in shapes.iter().zip(sides) {
            side.mask = Some(Mask::of(shape, side));
        }
    }
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
        if noted(peer, &wanted).await? != known_columns(&wanted) {
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
        if noted(peer, &wanted).await? != known_columns(&wanted) {
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
            if table.mask.is_none() {
                continue;
            }
            match noted(peer, table).await? {
                None => return Err(not_noted(spec, peer.name(), table)),
                known if known == known_columns(table) => {}
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
    Ok((noted == known_columns(&captured)).then_some(captured))
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

fn known_columns(table: &TableSide) -> Option<String> {
    table.mask.as_ref().map(Mask::known_columns)
}

fn not_noted(spec: &LinkSpec, node: &str, table: &TableSide) -> Error {
    Error::new(
        ErrorKind::SyncNotReady,
        format!(
            "link \"{}\" merges conflicts of table {}, and \"{node}\" does not note which columns change",
            spec.name, table.name
        ),
    )
    .hint(format!("ponte sync init {}", spec.name))
}
