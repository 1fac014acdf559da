//! What the links of one node have to do with each other: they may carry the same table, if they agree on what it is.
//!
//! There is one changelog per table and node, and one set of triggers. The first link makes them, the last one takes them
//! away, and each arrival and departure makes the view anew, which says what all of them have carried.

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::capture;
use ponte_sync::forward::Shipped;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::metadata::LAYOUT;
use ponte_sync::table::TableSide;
use tokio_postgres::Row;
use uuid::Uuid;

use super::inspect::LinkedTable;
use super::peer::Peer;
use super::{keeping, masks};
use crate::error::{Error, ErrorKind, Result};

/// The tables of a link that other links of the same node carry too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shared(Vec<String>);

impl Shared {
    /// From a column that holds [`ponte_sync::forward::shared_tables`].
    pub(crate) fn from_row(row: &Row, column: usize) -> Self {
        Self(row.get(column))
    }

    pub(crate) fn contains(&self, table: &QualifiedName) -> bool {
        self.0.iter().any(|name| name == Sql::of(table).as_str())
    }

    /// What the node ships of a table.
    pub(crate) fn shipped(&self, table: &TableSide) -> Shipped {
        Shipped::of(self.contains(&table.name))
    }
}

/// A link that carries a table already.
struct Companion {
    link: String,
    peer: String,
    peer_id: Uuid,
    layout: i32,
    key: Vec<String>,
    version: Option<String>,
    max_future_seconds: Option<i64>,
}

/// The other links of the node that carry a table.
async fn companions(peer: &mut Peer, link: &str, table: &QualifiedName) -> Result<Vec<Companion>> {
    let sql = Sql::text(
        "SELECT l.link, l.peer, l.peer_id, coalesce((to_jsonb(l) ->> 'layout')::int, 1), t.key_columns, \
           to_jsonb(t) ->> 'version_column', (to_jsonb(t) ->> 'max_future_seconds')::bigint \
         FROM ponte.link_table t JOIN ponte.link l USING (link) \
         WHERE t.table_schema = $1 AND t.table_name = $2 AND l.link <> $3 ORDER BY l.created_at, l.link",
    );
    let rows = peer
        .rows(
            &sql,
            &[&table.schema.as_str(), &table.name.as_str(), &link],
            "read the links",
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Companion {
            link: row.get(0),
            peer: row.get(1),
            peer_id: row.get(2),
            layout: row.get(3),
            key: row.get(4),
            version: row.get(5),
            max_future_seconds: row.get(6),
        })
        .collect())
}

/// Which tables of a link other links of the node carry too.
pub(crate) async fn carried_on(peer: &mut Peer, link: &str) -> Result<Shared> {
    let sql = Sql::render(
        "SELECT {shared} FROM (SELECT $1::text) link",
        &[("shared", &ponte_sync::forward::shared_tables())],
    );
    let row = peer.row(&sql, &[&link], "read the links").await?;
    Ok(Shared::from_row(&row, 0))
}

/// Whether other links of the node carry a table.
pub(crate) async fn is_carried(peer: &mut Peer, link: &str, table: &QualifiedName) -> Result<bool> {
    Ok(!companions(peer, link, table).await?.is_empty())
}

/// Refuses tables that another link of the node carries in another way, or between the same two databases. `other_id` is
/// the other side's id, where it has one.
pub(crate) async fn check_companions(
    spec: &LinkSpec,
    side: Side,
    peer: &mut Peer,
    tables: &[LinkedTable],
    other_id: Option<Uuid>,
) -> Result<()> {
    for table in tables.iter().map(|t| &t.sides[side.index()]) {
        for companion in companions(peer, &spec.name, &table.name).await? {
            if other_id == Some(companion.peer_id) {
                return Err(linked_twice(spec, side, table, &companion));
            }
            agree(spec, side, table, &companion)?;
        }
    }
    check_alone(spec, side, peer, tables).await
}

/// Refuses tables that another link of the node carries too, where one of both wants more than links can agree about.
pub(crate) async fn check_alone(
    spec: &LinkSpec,
    side: Side,
    peer: &mut Peer,
    tables: &[LinkedTable],
) -> Result<()> {
    for table in tables.iter().map(|t| &t.sides[side.index()]) {
        for companion in companions(peer, &spec.name, &table.name).await? {
            keeping::check_alone(spec, peer, table, &companion.link).await?;
            masks::check_alone(spec, peer, table, &companion.link).await?;
        }
    }
    Ok(())
}

fn linked_twice(spec: &LinkSpec, side: Side, table: &TableSide, companion: &Companion) -> Error {
    Error::new(
        ErrorKind::SyncAlreadyLinked,
        format!(
            "link \"{}\" carries table {} between \"{}\" and \"{}\" already",
            companion.link,
            table.name,
            spec.node(side),
            spec.node(side.other())
        ),
    )
    .hint(format!(
        "leave {} out of link \"{}\", or ponte sync drop {}",
        table.name, spec.name, companion.link
    ))
}

fn agree(spec: &LinkSpec, side: Side, table: &TableSide, companion: &Companion) -> Result<()> {
    if companion.layout != LAYOUT {
        return Err(Error::new(
            ErrorKind::SyncAlreadyLinked,
            format!(
                "link \"{}\", which carries table {} on \"{}\" too, was made by another release of ponte",
                companion.link,
                table.name,
                spec.node(side)
            ),
        )
        .hint(format!("ponte sync init {}", companion.link)));
    }
    let key: Vec<&str> = table.key.iter().map(Ident::as_str).collect();
    let version = table.version.as_ref().map(|v| v.name.as_str());
    let max_future = version.map(|_| spec.max_future_seconds);
    if companion.key != key {
        let (here, there) = (key.join(", "), companion.key.join(", "));
        return Err(disagree(spec, side, table, companion, ("key", &here, &there)));
    }
    if companion.version.as_deref() != version {
        let (here, there) = (
            version.unwrap_or("none"),
            companion.version.as_deref().unwrap_or("none"),
        );
        return Err(disagree(spec, side, table, companion, ("version", here, there)));
    }
    if version.is_some() && companion.max_future_seconds != max_future {
        let seconds = |n: Option<i64>| n.map_or_else(|| "unknown".to_owned(), |n| format!("{n}s"));
        let (here, there) = (seconds(max_future), seconds(companion.max_future_seconds));
        return Err(disagree(
            spec,
            side,
            table,
            companion,
            ("max_future", &here, &there),
        ));
    }
    Ok(())
}

fn disagree(
    spec: &LinkSpec,
    side: Side,
    table: &TableSide,
    companion: &Companion,
    (what, here, there): (&str, &str, &str),
) -> Error {
    Error::new(
        ErrorKind::SyncAlreadyLinked,
        format!(
            "links \"{}\" and \"{}\" share table {} on \"{}\" and have to agree on its {what}: {here} is not {there}",
            spec.name,
            companion.link,
            table.name,
            spec.node(side)
        ),
    )
    .with("shared with", format!("\"{}\"", companion.peer))
    .hint(format!(
        "give both links the same {what} in ponte.toml; where it is \"{}\" that has to change, ponte sync drop {0} first",
        companion.link
    ))
}

/// Waits for the batches and chunks under way over other links that carry these tables, and keeps new ones from beginning: what they
/// wrote without knowing of this link is there when the first contact reads, and what they write later is logged for it.
pub(crate) async fn hold_companions(
    peer: &mut Peer,
    side: Side,
    link: &str,
    tables: &[LinkedTable],
) -> Result<()> {
    for table in tables {
        let name = &table.sides[side.index()].name;
        let sql = Sql::text(
            "SELECT p.link FROM ponte.progress p JOIN ponte.link_table t USING (link) \
             WHERE t.table_schema = $1 AND t.table_name = $2 AND p.link <> $3 ORDER BY p.link FOR UPDATE OF p",
        );
        peer.rows(
            &sql,
            &[&name.schema.as_str(), &name.name.as_str(), &link],
            "wait for other links",
        )
        .await?;
        let sql = Sql::text(
            "SELECT c.chunk FROM ponte.copy_chunk c WHERE c.table_schema = $1 AND c.table_name = $2 AND c.link <> $3 AND c.copied_at IS NULL \
             ORDER BY c.link, c.chunk FOR UPDATE",
        );
        peer.rows(
            &sql,
            &[&name.schema.as_str(), &name.name.as_str(), &link],
            "wait for other links",
        )
        .await?;
    }
    Ok(())
}

/// Makes the changelog's view for the links that carry the table now. Inside the caller's transaction.
pub(crate) async fn show(peer: &mut Peer, table: &TableSide) -> Result<()> {
    let sql = Sql::text(
        "SELECT link FROM ponte.link_table WHERE table_schema = $1 AND table_name = $2 ORDER BY link",
    );
    let what = format!("show the changelog of table {}", table.name);
    let rows = peer
        .rows(
            &sql,
            &[&table.name.schema.as_str(), &table.name.name.as_str()],
            &what,
        )
        .await?;
    let links: Vec<String> = rows.iter().map(|r| r.get(0)).collect();
    peer.script(&capture::view(table, &links), &what).await
}

/// The id by which a node knows itself; `None` where the sync was never installed.
pub(crate) async fn node_id(peer: &mut Peer) -> Result<Option<Uuid>> {
    if !super::install::has_metadata(peer).await? {
        return Ok(None);
    }
    let rows = peer
        .rows(&Sql::text("SELECT id FROM ponte.node"), &[], "read the node's id")
        .await?;
    Ok(rows.first().map(|r| r.get(0)))
}
