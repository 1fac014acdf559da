//! Reading `ponte.conflict`, where both images of every row are kept that was changed on both sides, and carrying out what a
//! person decides about one of them.

mod resolve;

use ponte_schema::Sql;
use serde::Serialize;
use tokio_postgres::Row;

pub use self::resolve::{Resolution, resolve};
use super::install::has_metadata;
use super::peer::Peer;
use crate::error::Result;
pub use ponte_sync::apply::ADDED_UP;

/// One conflict, as it was found and decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The node where it was found.
    pub node: String,
    /// Its number there.
    pub id: i64,
    /// The link.
    pub link: String,
    /// The table, schema-qualified.
    pub table: String,
    /// PostgreSQL's name for this kind of conflict.
    pub kind: String,
    /// What has become of it.
    pub state: State,
    /// The node whose row stayed, or `merged`; nobody where a person decides.
    pub winner: Option<String>,
    /// Where the winner is `merged`: the node that each column of the images came from, nothing where both rows agreed, and
    /// [`ADDED_UP`] where both sides' changes of a number count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<Vec<Option<String>>>,
    /// The node whose row a person chose.
    pub kept: Option<String>,
    /// The key's values as text.
    pub key: Vec<String>,
    /// The row of `node` at that moment.
    pub here: Image,
    /// The row that arrived.
    pub there: Image,
    /// When it was found, in RFC 3339.
    pub found_at: String,
    /// When a person chose, in RFC 3339.
    pub resolved_at: Option<String>,
}

/// What has become of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The key is parked: neither row travels until a person decides.
    Parked,
    /// The policy has decided.
    Decided,
    /// A person has decided.
    Resolved,
}

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// The node.
    pub node: String,
    /// Its version, in RFC 3339.
    pub version_at: String,
    /// Column names with their values as text; `None` where the row had been deleted.
    pub row: Option<Vec<(String, Option<String>)>>,
}

/// The newest conflicts of a link that were found on one node, at most `limit`.
pub async fn conflicts(link: &str, peer: &mut Peer, limit: i64) -> Result<Vec<Conflict>> {
    read(link, peer, limit, None).await
}

/// One conflict of a link by its number on this node.
pub async fn conflict(link: &str, peer: &mut Peer, id: i64) -> Result<Option<Conflict>> {
    Ok(read(link, peer, 1, Some(id)).await?.pop())
}

async fn read(link: &str, peer: &mut Peer, limit: i64, id: Option<i64>) -> Result<Vec<Conflict>> {
    if !has_metadata(peer).await? {
        return Ok(Vec::new());
    }
    let sql = Sql::text(include_str!("conflicts.sql"));
    let rows = peer
        .rows(&sql, &[&link, &limit, &id], "read the conflicts")
        .await?;
    let node = peer.name().to_owned();
    Ok(rows.iter().map(|row| of_row(&node, link, row)).collect())
}

fn of_row(node: &str, link: &str, row: &Row) -> Conflict {
    let columns: Vec<String> = row.get("columns");
    let image = |prefix: &str| Image {
        node: row.get(prefix),
        version_at: row.get(format!("{prefix}_version_at").as_str()),
        row: row
            .get::<_, Option<Vec<Option<String>>>>(format!("{prefix}_image").as_str())
            .map(|values| columns.iter().cloned().zip(values).collect()),
    };
    let resolved_at: Option<String> = row.get("resolved_at");
    Conflict {
        node: node.to_owned(),
        id: row.get("id"),
        link: link.to_owned(),
        table: row.get("name"),
        kind: row.get("kind"),
        state: match (row.get("parked"), &resolved_at) {
            (true, _) => State::Parked,
            (false, Some(_)) => State::Resolved,
            (false, None) => State::Decided,
        },
        winner: row.get("winner"),
        taken: row.get("taken"),
        kept: row.get("kept"),
        key: row.get("key_values"),
        here: image("here"),
        there: image("there"),
        found_at: row.get("found_at"),
        resolved_at,
    }
}
