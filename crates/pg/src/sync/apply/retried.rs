//! Rows of the quarantine that are read again at their source and travel with a batch.
//!
//! What is tried is the row as it is at the source by then, so a newer change or a delete takes the place of the refused one by itself. The
//! entry carries the number of the transaction while it is tried; what is refused again gets rid of it, what still has it at the end was accepted.

use ponte_schema::{QualifiedName, Sql};
use ponte_sync::apply::{self, Stage};
use ponte_sync::batch;
use ponte_sync::table::TableSide;
use serde_json::{Map, Value, json};
use tokio_postgres::Row;

use super::{Batch, Content};
use crate::error::Result;
use crate::sync::peer::{Access, Peer, Plan};

/// How many rows of the quarantine are tried with one batch.
const RETRIED_MAX: i64 = 500;

/// One row that is tried again.
#[derive(Debug, Clone)]
pub(crate) struct Retried {
    pub(crate) table: QualifiedName,
    key: Vec<String>,
    version_at: String,
    changed_at: String,
    version_node: Option<String>,
}

/// The rows whose time has come; with `parents`, because other rows arrive anyway, also those that wait for a parent. Of the tables that keep out what
/// arrives for rows outside their filter, `keeping`, those whose rows are outside no more.
pub(crate) async fn due(
    link: &str,
    target: &mut Peer,
    parents: bool,
    keeping: &[&TableSide],
) -> Result<Vec<Retried>> {
    let names = |part: fn(&TableSide) -> &str| keeping.iter().map(|t| part(t)).collect::<Vec<_>>();
    let (schemas, tables) = (names(|t| t.name.schema.as_str()), names(|t| t.name.name.as_str()));
    let sql = Sql::text(include_str!("due.sql"));
    let rows = target
        .rows(
            &sql,
            &[&link, &parents, &RETRIED_MAX, &schemas, &tables],
            "look into the quarantine",
        )
        .await?;
    let mut found: Vec<Retried> = rows.iter().map(retried).collect();
    if !keeping.is_empty() {
        // The filter is evaluated as in a batch.
        let path = Sql::text("SET LOCAL search_path TO DEFAULT");
        target
            .begin(Access::Read, &path, "look into the quarantine")
            .await?;
        for table in keeping {
            let sql = apply::back_inside(table, link, RETRIED_MAX);
            let rows = target.rows(&sql, &[], "look into the quarantine").await?;
            found.extend(rows.iter().map(retried));
        }
        target.roll_back().await;
    }
    Ok(found)
}

fn retried(row: &Row) -> Retried {
    Retried {
        table: QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        key: row.get(2),
        version_at: row.get(3),
        changed_at: row.get(4),
        version_node: row.get(5),
    }
}

/// Reads the rows of one table that are tried again; `None` where there are none.
pub(super) fn copy_out(batch: &Batch<'_>, source: &Peer, position: usize) -> Option<Sql> {
    let table = &batch.tables[position].sides[batch.source.index()];
    let here = &batch.target_side(position).name;
    let entries: Vec<Value> = batch
        .quarantine
        .retried
        .iter()
        .filter(|r| r.table == *here && r.key.len() == table.key.len())
        .map(entry)
        .collect();
    if entries.is_empty() || !matches!(batch.content, Content::Changes { .. }) {
        return None;
    }
    let entries = Value::Array(entries).to_string();
    let wire = batch.wire(position);
    Some(batch::copy_retried(
        batch.reader(source),
        table,
        &batch.from,
        &entries,
        wire,
    ))
}

fn entry(row: &Retried) -> Value {
    let mut entry = Map::new();
    for (n, value) in row.key.iter().enumerate() {
        entry.insert(format!("k{}", n + 1), json!(value));
    }
    entry.insert("version_at".into(), json!(row.version_at));
    entry.insert("changed_at".into(), json!(row.changed_at));
    entry.insert("version_node".into(), json!(row.version_node));
    Value::Object(entry)
}

/// Notes which entries come with this batch, be it as retried rows or because they changed.
pub(super) async fn note(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    for &position in &batch.touched {
        let sql = Stage::new(position).try_quarantined(batch.target_side(position), &batch.spec.name);
        target
            .touched(&sql, Plan::Fresh, "look into the quarantine")
            .await?;
        let unite = Stage::new(position).unite_quarantined(batch.target_side(position), &batch.spec.name);
        if let Some(unite) = unite {
            target
                .touched(&unite, Plan::Fresh, "look into the quarantine")
                .await?;
        }
        if batch.tables[position].sides[batch.source.index()].keeps {
            put_off(batch, position, target).await?;
        }
    }
    Ok(())
}

/// Rows that were to be tried and did not come, because they take no part at their source at present, have to wait longer.
async fn put_off(batch: &Batch<'_>, position: usize, target: &mut Peer) -> Result<()> {
    let table = &batch.target_side(position).name;
    let wanted = batch.quarantine.retried.iter().filter(|r| r.table == *table);
    let keys: Vec<Value> = wanted.map(|r| json!(r.key)).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let sql = Sql::text(include_str!("put_off.sql"));
    let (schema, name) = (table.schema.as_str(), table.name.as_str());
    target
        .rows(
            &sql,
            &[&batch.spec.name, &schema, &name, &Value::Array(keys)],
            "put rows of the quarantine off",
        )
        .await
        .map(drop)
}

/// Removes the entries that were accepted.
pub(super) async fn forget_accepted(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    let sql = Sql::text("DELETE FROM ponte.quarantine WHERE link = $1 AND trying = pg_current_xact_id()");
    target
        .rows(&sql, &[&batch.spec.name], "clear the quarantine")
        .await
        .map(drop)
}
