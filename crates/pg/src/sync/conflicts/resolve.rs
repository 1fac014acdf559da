//! `ponte sync resolve`: one of the two rows of a conflict becomes an ordinary change of the node that found it.
//!
//! One transaction at that node ends the parking, writes the row and marks the conflict, so that a crash leaves either all of it or
//! nothing; the next pass carries the change over. Whatever the other side changed meanwhile meets it there as a conflict of its own.

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::restore::Recorded;
use ponte_sync::shape::{self, Shape};
use ponte_sync::table::TableSide;

use crate::error::{Error, ErrorKind, Result};
use crate::sync::inspect::shapes;
use crate::sync::install::has_metadata;
use crate::sync::pass::not_ready;
use crate::sync::peer::{Access, Peer};

/// What was done about a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The row of the node that found the conflict was announced as it is.
    Announced,
    /// The row was overwritten with a recorded image.
    Updated,
    /// The row was brought back from a recorded image.
    Inserted,
    /// The row was deleted, as it was in the recorded image.
    Deleted,
}

/// A conflict as it stands, read under its lock.
struct Open {
    table: QualifiedName,
    columns: Vec<String>,
    key: Vec<String>,
    here: String,
    there: String,
    winner: Option<String>,
    parked: bool,
    resolved: bool,
    newest: String,
}

/// Which of the two images.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Here,
    There,
}

/// Lets `keep`'s row of conflict `id` of this node stay.
///
/// # Errors
/// `sync.conflict` where there is no such conflict, node or column, or nothing is left to decide; what the server refuses. Nothing
/// is changed then.
pub async fn resolve(spec: &LinkSpec, peer: &mut Peer, id: i64, keep: &str) -> Result<Resolution> {
    if !has_metadata(peer).await? {
        return Err(not_ready(spec, peer.name()));
    }
    let path = Sql::text("SET LOCAL search_path TO DEFAULT");
    peer.begin(Access::Write, &path, "begin").await?;
    let outcome = inside(spec, peer, id, keep).await;
    if outcome.is_err() {
        peer.roll_back().await;
    }
    outcome
}

async fn inside(spec: &LinkSpec, peer: &mut Peer, id: i64, keep: &str) -> Result<Resolution> {
    let open = lock(spec, peer, id).await?;
    let which = choose(&open, peer.name(), id, keep)?;
    let unpark = Sql::text("DELETE FROM ponte.parked WHERE conflict = $1");
    peer.rows(&unpark, &[&id], "end the parking").await?;
    let shape = shape_of(peer, &open).await?;
    let recorded = recorded(spec, &open, &shape, json_columns(peer, &open).await?)?;
    let gone = open.columns.iter().find(|c| shape.column(c).is_none());
    if open.parked && gone.is_none() {
        let key = key_document(&recorded, &open);
        peer.rows(&recorded.look(), &[&key, &id], "read the row").await?;
    }
    let resolution = if open.parked && which == Which::Here {
        announce(peer, &recorded, &open).await?
    } else {
        if let Some(column) = gone {
            return Err(refused(format!(
                "cannot restore a row of conflict {}:{id}: table {} has no column {column} any more",
                peer.name(),
                open.table
            ))
            .hint("change the row yourself on one of the nodes; for a parked key, keep the row of the node that found the conflict"));
        }
        restore(peer, &recorded, &open, id, which).await?
    };
    let mark =
        Sql::text("UPDATE ponte.conflict SET kept = $2, resolved_at = clock_timestamp() WHERE id = $1");
    peer.rows(&mark, &[&id, &keep], "mark the conflict").await?;
    peer.commit("commit").await?;
    Ok(resolution)
}

/// Takes the parked key, if it is one, and then the conflict, in the order in which a batch does.
async fn lock(spec: &LinkSpec, peer: &mut Peer, id: i64) -> Result<Open> {
    let sql = Sql::text("SELECT FROM ponte.parked WHERE conflict = $1 FOR UPDATE");
    let parked = !peer.rows(&sql, &[&id], "take the parked key").await?.is_empty();
    let sql = Sql::text(
        "SELECT table_schema, table_name, columns, key_values, here, there, winner, resolved_at IS NOT NULL AS resolved, \
         greatest(here_version_at, there_version_at)::text AS newest \
         FROM ponte.conflict WHERE link = $1 AND id = $2 FOR UPDATE",
    );
    let rows = peer.rows(&sql, &[&spec.name, &id], "read the conflict").await?;
    let Some(row) = rows.first() else {
        return Err(refused(format!(
            "link \"{}\" has no conflict {}:{id}",
            spec.name,
            peer.name()
        )));
    };
    Ok(Open {
        table: QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        columns: row.get("columns"),
        key: row.get("key_values"),
        here: row.get("here"),
        there: row.get("there"),
        winner: row.get("winner"),
        parked,
        resolved: row.get("resolved"),
        newest: row.get("newest"),
    })
}

fn choose(open: &Open, node: &str, id: i64, keep: &str) -> Result<Which> {
    let which = match keep {
        _ if keep == open.here => Which::Here,
        _ if keep == open.there => Which::There,
        _ => {
            return Err(refused(format!(
                "conflict {node}:{id} is between \"{}\" and \"{}\", not \"{keep}\"",
                open.here, open.there
            ))
            .hint(format!("--keep {} or --keep {}", open.here, open.there)));
        }
    };
    if open.resolved {
        return Err(refused(format!("conflict {node}:{id} is resolved already")));
    }
    if open.winner.as_deref() == Some(keep) {
        return Err(refused(format!(
            "conflict {node}:{id} was decided for \"{keep}\" already"
        )));
    }
    Ok(which)
}

async fn shape_of(peer: &mut Peer, open: &Open) -> Result<Shape> {
    let found = shapes(peer, std::slice::from_ref(&open.table)).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| refused(format!("table {} does not exist any more", open.table)))
}

fn key_document(recorded: &Recorded, open: &Open) -> String {
    let values: Vec<Option<String>> = open.key.iter().cloned().map(Some).collect();
    recorded.document(key_columns(open), &values)
}

/// The columns of the table that hold JSON, as it is or as a domain.
async fn json_columns(peer: &mut Peer, open: &Open) -> Result<Vec<String>> {
    let sql = Sql::text(
        "SELECT a.attname::text FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
         JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1::text AND c.relname = $2::text AND a.attnum > 0 AND NOT a.attisdropped \
           AND coalesce(nullif(t.typbasetype, 0), t.oid) IN ('json'::regtype, 'jsonb'::regtype)",
    );
    let (schema, name) = (open.table.schema.as_str(), open.table.name.as_str());
    let rows = peer
        .rows(&sql, &[&schema, &name], "read the table's types")
        .await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

fn key_columns(open: &Open) -> &[String] {
    &open.columns[..open.key.len().min(open.columns.len())]
}

/// What is known of the row. Columns that have become generated ones are left to the server.
fn recorded(spec: &LinkSpec, open: &Open, shape: &Shape, json: Vec<String>) -> Result<Recorded> {
    let key = key_columns(open);
    let written = |name: &&String| shape.column(name).is_some_and(|c| !c.generated);
    let mut table = TableSide::named(open.table.clone());
    table.key = key.iter().map(Ident::new).collect();
    table.columns = open.columns[key.len()..]
        .iter()
        .filter(written)
        .map(Ident::new)
        .collect();
    let here = Side::BOTH.into_iter().find(|side| spec.node(*side) == open.here);
    let version = here.and_then(|side| {
        let wanted = spec.tables.iter().find(|t| *t.name(side) == open.table)?;
        wanted.versions[side.index()].as_deref()
    });
    table.version = shape::choose_version(shape, version).map_err(|p| refused(p.message).hint(p.remedy))?;
    let fixed = shape.columns.iter().filter(|c| c.identity == "a");
    Ok(Recorded {
        table,
        fixed: fixed.map(|c| Ident::new(&c.name)).collect(),
        json,
        newest: open.newest.clone(),
    })
}

async fn announce(peer: &mut Peer, recorded: &Recorded, open: &Open) -> Result<Resolution> {
    let key = key_document(recorded, open);
    peer.rows(&recorded.announce(), &[&key], "note the row as changed")
        .await?;
    Ok(Resolution::Announced)
}

async fn restore(
    peer: &mut Peer,
    recorded: &Recorded,
    open: &Open,
    id: i64,
    which: Which,
) -> Result<Resolution> {
    let sql = Sql::text("SELECT here_image, there_image FROM ponte.conflict WHERE id = $1");
    let row = peer.row(&sql, &[&id], "read the image").await?;
    let image: Option<Vec<Option<String>>> = row.get(if which == Which::Here { 0 } else { 1 });
    let what = format!("restore a row of {}", open.table);
    let Some(image) = image else {
        let key = key_document(recorded, open);
        peer.rows(&recorded.delete(), &[&key], &what).await?;
        return Ok(Resolution::Deleted);
    };
    let image = recorded.document(&open.columns, &image);
    if peer.changed(&recorded.update(), &[&image], &what).await? > 0 {
        return Ok(Resolution::Updated);
    }
    peer.rows(&recorded.insert(), &[&image], &what).await?;
    Ok(Resolution::Inserted)
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::SyncConflict, message)
}
