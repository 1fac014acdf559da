//! Whether a node's role may make what a link needs, asked before anything is made.

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::link::{ApplyAs, LinkSpec, Side};

use super::grants::{self, Need};
use super::inspect::{self, LinkedTable};
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// Whose privileges they are.
struct Role {
    node: String,
    name: Ident,
}

impl Role {
    fn lacks(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::SyncUnfit,
            format!("the role of node \"{}\" {what}", self.node),
        )
    }
}

/// Refuses a node whose role lacks something, with the statement that grants it.
pub(super) async fn check(
    spec: &LinkSpec,
    peer: &mut Peer,
    tables: &[LinkedTable],
    side: Side,
) -> Result<()> {
    let role = role(peer).await?;
    for need in grants::needs(spec, peer, tables, side).await? {
        if !need.held {
            return Err(lacking(&role, &need));
        }
    }
    for table in tables {
        let side = &table.sides[side.index()];
        view_is_free(peer, &side.changelog_view(), &side.changelog_table()).await?;
    }
    if spec.apply == ApplyAs::Replica {
        may_replicate(&role, peer).await?;
    }
    Ok(())
}

/// What to say where a link is refused: a role that would have to be a member of a table's owner is told so, and not to get privileges one
/// by one that would not do.
pub(super) async fn refusal(spec: &LinkSpec, peers: &mut [Peer; 2], error: Error) -> Error {
    let Ok(tables) = inspect::survey(spec, peers).await else {
        return error;
    };
    for side in Side::BOTH {
        let peer = &mut peers[side.index()];
        if let Ok(role) = role(peer).await
            && let Ok(needs) = grants::needs(spec, peer, &tables, side).await
            && let Some(need) = needs.iter().find(|need| need.is_membership() && !need.held)
        {
            return lacking(&role, need);
        }
    }
    error
}

fn lacking(role: &Role, need: &Need) -> Error {
    role.lacks(&format!("may not {}", need.reason))
        .hint(need.statement(&role.name))
}

async fn role(peer: &mut Peer) -> Result<Role> {
    let sql = Sql::text(
        "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool, current_user::text",
    );
    let row = peer.row(&sql, &[], "read the role's privileges").await?;
    if row.get(0) {
        return Err(Error::new(
            ErrorKind::SyncUnfit,
            format!(
                "node \"{}\" is read only: a replica, or default_transaction_read_only",
                peer.name()
            ),
        )
        .hint("give the url of the primary server"));
    }
    Ok(Role {
        node: peer.name().to_owned(),
        name: Ident::new(row.get::<_, String>(1)),
    })
}

async fn may_replicate(role: &Role, peer: &mut Peer) -> Result<()> {
    let attempt = Sql::text("SET LOCAL session_replication_role = replica");
    let Err(error) = peer.alone(&attempt, "set session_replication_role").await else {
        return Ok(());
    };
    if error.kind() != ErrorKind::SqlRejected {
        return Err(error);
    }
    Err(role.lacks("may not set session_replication_role").hint(format!(
        "set apply = \"plain\", or on PostgreSQL 15 and later GRANT SET ON PARAMETER session_replication_role TO {}",
        role.name
    )))
}

async fn view_is_free(peer: &mut Peer, view: &QualifiedName, changelog: &QualifiedName) -> Result<()> {
    let sql = Sql::text("SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NULL");
    let (view_text, log_text) = (Sql::of(view), Sql::of(changelog));
    let taken: bool = peer
        .row(
            &sql,
            &[&view_text.as_str(), &log_text.as_str()],
            "look for the changelog view",
        )
        .await?
        .get(0);
    if taken {
        return Err(Error::new(
            ErrorKind::SyncUnfit,
            format!("{view} exists on \"{}\" already and is not ours", peer.name()),
        )
        .hint(format!(
            "rename it, for instance ALTER TABLE {view} RENAME TO {}_old",
            view.name
        )));
    }
    Ok(())
}
