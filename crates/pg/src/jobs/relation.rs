//! What a name of the configuration stands for in the database.

use ponte_schema::{QualifiedName, Sql};

use crate::error::Result;
use crate::sync::Peer;

/// A relation of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    /// Its number in the catalog.
    pub(super) id: i64,
    /// What it is, by the catalog's letter.
    pub(super) kind: String,
    /// Whether this role has its owner's rights.
    pub(super) owned: bool,
}

/// The relation of that name.
pub(super) async fn find(peer: &Peer, name: &QualifiedName) -> Result<Option<Relation>> {
    let sql = Sql::text(include_str!("sql/relation.sql"));
    let (schema, name) = (name.schema.as_str(), name.name.as_str());
    let rows = peer
        .fresh_rows(&sql, &[&schema, &name], "look for what a job names")
        .await?;
    Ok(rows.first().map(|row| Relation {
        id: row.get("id"),
        kind: row.get("kind"),
        owned: row.get("owned"),
    }))
}
