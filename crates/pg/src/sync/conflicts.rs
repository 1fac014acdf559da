//! Reading `ponte.conflict`, where both images of every row are kept that was changed on both sides.

use ponte_schema::Sql;
use serde::Serialize;

use super::install::has_metadata;
use super::peer::Peer;
use crate::error::Result;

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
    /// The node whose row stayed.
    pub winner: String,
    /// The key's values as text.
    pub key: Vec<String>,
    /// The row of `node` at that moment.
    pub here: Image,
    /// The row that arrived.
    pub there: Image,
    /// When it was found, in RFC 3339.
    pub found_at: String,
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
    if !has_metadata(peer).await? {
        return Ok(Vec::new());
    }
    let sql = Sql::text(include_str!("conflicts.sql"));
    let rows = peer.rows(&sql, &[&link, &limit], "read the conflicts").await?;
    let node = peer.name().to_owned();
    Ok(rows
        .iter()
        .map(|row| {
            let columns: Vec<String> = row.get("columns");
            let image = |prefix: &str| Image {
                node: row.get(prefix),
                version_at: row.get(format!("{prefix}_version_at").as_str()),
                row: row
                    .get::<_, Option<Vec<Option<String>>>>(format!("{prefix}_image").as_str())
                    .map(|values| columns.iter().cloned().zip(values).collect()),
            };
            Conflict {
                node: node.clone(),
                id: row.get("id"),
                link: link.to_owned(),
                table: row.get("name"),
                kind: row.get("kind"),
                winner: row.get("winner"),
                key: row.get("key_values"),
                here: image("here"),
                there: image("there"),
                found_at: row.get("found_at"),
            }
        })
        .collect())
}
