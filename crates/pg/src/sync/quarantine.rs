//! Looking at the rows that a node refuses, having them tried again, giving them up.

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::apply::discard;
use ponte_sync::table::TableSide;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::peer::{Peer, Plan};
use crate::error::Result;

/// A row that a node refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The node that refuses it.
    pub node: String,
    /// Its number there.
    pub id: i64,
    /// The link.
    pub link: String,
    /// The node that it comes from.
    pub from: String,
    /// The table, schema-qualified.
    pub table: String,
    /// What kind of refusal it is.
    pub kind: String,
    /// The server's code for it.
    pub sqlstate: String,
    /// The constraint, where one is known.
    pub constraint: Option<String>,
    /// The server's words, without values.
    pub message: String,
    /// The key's values as text.
    pub key: Vec<String>,
    /// Column names with their values as text; `None` where the row was deleted.
    pub row: Option<Vec<(String, Option<String>)>>,
    /// Its version, in RFC 3339.
    pub version_at: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was refused first, in RFC 3339.
    pub first_at: String,
    /// When it is tried next, in RFC 3339.
    pub next_try_at: String,
}

/// Whether this node has a quarantine; one that an earlier release installed gets it with its next pass.
pub(crate) async fn exists(peer: &Peer) -> Result<bool> {
    let sql = Sql::text("SELECT to_regclass('ponte.quarantine') IS NOT NULL");
    peer.holds(&sql, "look for a quarantine").await
}

/// The rows of a link that one node refuses, the newest first.
pub async fn quarantine(link: &str, peer: &mut Peer) -> Result<Vec<Refused>> {
    if !exists(peer).await? {
        return Ok(Vec::new());
    }
    let sql = Sql::text(include_str!("quarantine.sql"));
    let rows = peer.rows(&sql, &[&link], "read the quarantine").await?;
    let node = peer.name().to_owned();
    Ok(rows
        .iter()
        .map(|row| Refused {
            node: node.clone(),
            id: row.get("id"),
            link: link.to_owned(),
            from: row.get("peer"),
            table: row.get("name"),
            kind: row.get("kind"),
            sqlstate: row.get("sqlstate"),
            constraint: row
                .get::<_, Option<String>>("constraint_name")
                .filter(|c| !c.is_empty()),
            message: row.get("message"),
            key: row.get("key_values"),
            row: row.get::<_, Option<Vec<Option<String>>>>("image").map(|values| {
                let columns: Vec<String> = row.get("columns");
                columns.into_iter().zip(values).collect()
            }),
            version_at: row.get("version_at"),
            attempts: row.get("attempts"),
            first_at: row.get("first_at"),
            next_try_at: row.get("next_try_at"),
        })
        .collect())
}

/// Has a refused row, or all of the link's, tried with the next pass; answers how many.
pub async fn retry(link: &str, peer: &mut Peer, id: Option<i64>) -> Result<u64> {
    if !exists(peer).await? {
        return Ok(0);
    }
    let sql = Sql::text(
        "UPDATE ponte.quarantine SET next_try_at = clock_timestamp() WHERE link = $1 AND ($2::bigint IS NULL OR id = $2) RETURNING id",
    );
    let rows = peer.rows(&sql, &[&link, &id], "make rows due").await?;
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

/// Gives a refused row up: what its node has, or has not, is sent to the other side. What is given up goes to `ponte.conflict`. Answers whether
/// it was there.
pub async fn give_up(link: &str, peer: &mut Peer, id: i64) -> Result<bool> {
    if !exists(peer).await? {
        return Ok(false);
    }
    let sql = Sql::text(
        "SELECT table_schema, table_name, key_values, columns FROM ponte.quarantine WHERE link = $1 AND id = $2",
    );
    let rows = peer.rows(&sql, &[&link, &id], "read the quarantine").await?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    let key: Vec<String> = row.get(2);
    let mut columns: Vec<Ident> = row.get::<_, Vec<String>>(3).into_iter().map(Ident::new).collect();
    let mut table = TableSide::named(QualifiedName::new(
        row.get::<_, String>(0),
        row.get::<_, String>(1),
    ));
    table.columns = columns.split_off(key.len());
    table.key = columns;
    let key: Map<String, Value> = (1..)
        .zip(&key)
        .map(|(n, v)| (format!("k{n}"), json!(v)))
        .collect();
    let sql = discard(&table, link, id, &Value::Object(key).to_string());
    Ok(peer.touched(&sql, Plan::Fresh, "give a row up").await? > 0)
}
