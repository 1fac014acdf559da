//! Whether a node's role may make what a link needs, asked before anything is made.

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::link::{ApplyAs, Side};
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::peer::Peer;
use super::sequence;
use crate::error::{Error, ErrorKind, Result};

/// Whose privileges they are.
struct Role {
    node: String,
    name: Ident,
    database: Ident,
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
pub(super) async fn check(peer: &mut Peer, tables: &[LinkedTable], side: Side, apply: ApplyAs) -> Result<()> {
    let role = in_database(peer).await?;
    for table in tables {
        over_sequences(&role, table, side)?;
        let side = &table.sides[side.index()];
        view_is_free(peer, &side.changelog_view(), &side.changelog()).await?;
        in_schema(&role, peer, side).await?;
    }
    if apply == ApplyAs::Replica {
        may_replicate(&role, peer).await?;
    }
    Ok(())
}

async fn in_database(peer: &mut Peer) -> Result<Role> {
    let sql = Sql::text(
        "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool, current_user::text, current_database()::text, \
         coalesce(has_schema_privilege(to_regnamespace('ponte'), 'CREATE'), has_database_privilege(current_database(), 'CREATE')), \
         has_database_privilege(current_database(), 'TEMPORARY')",
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
    let role = Role {
        node: peer.name().to_owned(),
        name: Ident::new(row.get::<_, String>(1)),
        database: Ident::new(row.get::<_, String>(2)),
    };
    for (granted, what, privilege) in [
        (row.get::<_, bool>(3), "may not create schema ponte", "CREATE"),
        (row.get(4), "may not create temporary tables", "TEMPORARY"),
    ] {
        if !granted {
            return Err(role.lacks(what).hint(format!(
                "GRANT {privilege} ON DATABASE {} TO {}",
                role.database, role.name
            )));
        }
    }
    Ok(role)
}

fn over_sequences(role: &Role, table: &LinkedTable, side: Side) -> Result<()> {
    let shape = &table.shapes[side.index()];
    let mut sequences = sequence::pairs(table).map(|pair| pair[side.index()]);
    match sequences.find(|s| s.increment == 1) {
        Some(sequence) if !shape.owned => Err(role
            .lacks(&format!("may not alter sequence {}", sequence.qualified_name()))
            .hint(format!(
                "let the owner of {} run ponte sync init",
                shape.qualified_name()
            ))),
        _ => Ok(()),
    }
}

async fn in_schema(role: &Role, peer: &mut Peer, table: &TableSide) -> Result<()> {
    let schema = &table.name.schema;
    let sql = Sql::text("SELECT has_schema_privilege($1::text, 'CREATE')");
    let row = peer
        .row(&sql, &[&schema.as_str()], "read the role's privileges")
        .await?;
    if row.get(0) {
        return Ok(());
    }
    Err(role
        .lacks(&format!(
            "may not create {} beside its table",
            table.changelog_view()
        ))
        .hint(format!("GRANT CREATE ON SCHEMA {schema} TO {}", role.name)))
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
