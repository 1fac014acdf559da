//! Which database a node's identity was given to.
//!
//! `ponte.node` is copied with everything else: by CREATE DATABASE … TEMPLATE, by a dump, by a base backup. A copy that went on
//! under the identity of its original would ship its own changes in the original's name. So the identity is bound to the
//! server's system identifier and the database's oid, and only a person can say whether the original moved or was copied.

use ponte_schema::Sql;
use uuid::Uuid;

use super::install::{drop_link, has_metadata};
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// Where a database is: what it shares with no other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The cluster's, which a dump leaves behind; `None` where the role may not ask.
    pub system_identifier: Option<i64>,
    /// The database's, which a copy within the cluster does not take along.
    pub database_oid: u32,
}

impl Place {
    /// Whether both may be the same; what is not known does not count.
    fn may_be(self, other: Self) -> bool {
        let same_system = match (self.system_identifier, other.system_identifier) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        same_system && self.database_oid == other.database_oid
    }
}

/// A node's identity and where it was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// `ponte.node`'s id.
    pub id: Uuid,
    /// Where that was; `None` where an older release gave it out.
    pub given_at: Option<Place>,
    /// Where the database is now.
    pub found_at: Place,
}

impl Identity {
    /// Whether it is still where it was given out.
    pub fn at_home(&self) -> bool {
        self.given_at.is_none_or(|place| place.may_be(self.found_at))
    }
}

/// Reads the identity of a node; `None` where it has none.
///
/// # Errors
/// What the server refuses.
pub async fn identity(peer: &mut Peer) -> Result<Option<Identity>> {
    if !has_metadata(peer).await? {
        return Ok(None);
    }
    let found_at = place(peer).await?;
    // An installation by an earlier release knows neither place before its next `init`.
    let sql = Sql::text(
        "SELECT id, (to_jsonb(n) ->> 'system_identifier')::bigint, (to_jsonb(n) ->> 'database_oid')::oid FROM ponte.node n",
    );
    let rows = peer.fresh_rows(&sql, &[], "read the node's id").await?;
    Ok(rows.first().map(|row| Identity {
        id: row.get(0),
        given_at: row.get::<_, Option<u32>>(2).map(|database_oid| Place {
            system_identifier: row.get(1),
            database_oid,
        }),
        found_at,
    }))
}

async fn place(peer: &mut Peer) -> Result<Place> {
    let what = "read where the database is";
    let sql = Sql::text(
        "SELECT d.oid, has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') \
         FROM pg_database d WHERE d.datname = current_database()",
    );
    let row = peer.row(&sql, &[], what).await?;
    let system_identifier = if row.get(1) {
        let sql = Sql::text("SELECT system_identifier FROM pg_control_system()");
        Some(peer.row(&sql, &[], what).await?.get(0))
    } else {
        None
    };
    Ok(Place {
        system_identifier,
        database_oid: row.get(0),
    })
}

/// Makes sure that a node is the one that its identity was given to, and remembers its id. `None` where it has none. An identity that
/// knows no place yet is bound to this one.
///
/// # Errors
/// `sync.identity` where the database is a copy, or was moved.
pub(super) async fn confirm(peer: &mut Peer) -> Result<Option<Uuid>> {
    let Some(identity) = recognise(peer).await? else {
        return Ok(None);
    };
    if identity.given_at.is_none() {
        settle(peer).await?;
    }
    Ok(Some(identity.id))
}

/// The same, writing nothing.
///
/// # Errors
/// As [`confirm`].
pub(super) async fn recognise(peer: &mut Peer) -> Result<Option<Identity>> {
    let Some(identity) = identity(peer).await? else {
        return Ok(None);
    };
    if !identity.at_home() {
        return Err(Error::new(
            ErrorKind::SyncIdentity,
            format!(
                "node \"{0}\" carries an identity that was given to another database: \"{0}\" is a copy of it, or it was moved",
                peer.name()
            ),
        )
        .hint(format!(
            "ponte sync identity {0} --copy if the original lives on, --moved if this is the original now",
            peer.name()
        )));
    }
    peer.set_id(identity.id);
    Ok(Some(identity))
}

/// Binds the identity to the place where the database is now.
///
/// # Errors
/// What the server refuses.
pub async fn settle(peer: &mut Peer) -> Result<()> {
    let here = place(peer).await?;
    let sql = Sql::text("UPDATE ponte.node SET system_identifier = $1, database_oid = $2");
    peer.rows(
        &sql,
        &[&here.system_identifier, &here.database_oid],
        "bind the node's id",
    )
    .await
    .map(drop)
}

/// Makes a copied database a node of its own: the links that it was copied with belong to the original, so they go; answers
/// which. Rows stay.
///
/// # Errors
/// What the server refuses.
pub async fn renew(peer: &mut Peer) -> Result<Vec<String>> {
    let sql = Sql::text("SELECT link FROM ponte.link ORDER BY 1");
    let rows = peer.rows(&sql, &[], "read the links").await?;
    let links: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for link in &links {
        drop_link(link, peer).await?;
    }
    // The last link takes the bookkeeping with it, and the identity.
    if has_metadata(peer).await? {
        let sql = Sql::text("UPDATE ponte.node SET id = gen_random_uuid()");
        peer.rows(&sql, &[], "give the node a new id").await?;
        settle(peer).await?;
    }
    Ok(links)
}
