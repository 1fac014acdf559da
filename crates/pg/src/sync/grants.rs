//! What the role of a node needs, as statements: one list, which `init` checks before it makes anything and `ponte sync grants` prints.
//!
//! A role that is a member of a table's owner has what the owner has, so where only that will do, nothing is asked for that comes with it.

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::link::{ApplyAs, LinkSpec, Side};
use ponte_sync::shape::Shape;
use ponte_sync::table::TableSide;
use serde::Serialize;

use super::inspect::{self, LinkedTable};
use super::peer::Peer;
use super::sequence;
use crate::error::Result;

/// Since when the right to replica mode can be granted; on older servers only superusers have it.
const REPLICA_GRANT_SINCE: u32 = 150_000;

/// A statement, and what it is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Without the semicolon.
    pub statement: String,
    /// What needs it.
    pub reason: String,
}

/// What one node's role needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeGrants {
    /// The node.
    pub node: String,
    /// The role.
    pub role: String,
    /// To be run by somebody who may, in this order.
    pub grants: Vec<Grant>,
}

/// A privilege, or several of one kind on one object that are granted together.
pub(super) struct Need {
    kind: &'static str,
    on: QualifiedName,
    privileges: &'static [&'static str],
    /// The statement without the role at its end.
    grant: String,
    pub(super) reason: String,
    /// Whether the session's role has it.
    pub(super) held: bool,
    /// Whether it comes with the membership in an owner.
    implied: bool,
}

impl Need {
    fn new(
        kind: &'static str,
        on: QualifiedName,
        privileges: &'static [&'static str],
        object: &str,
        reason: String,
    ) -> Self {
        Self {
            kind,
            on,
            privileges,
            grant: ["GRANT ", &privileges.join(", "), " ON ", object].concat(),
            reason,
            held: false,
            implied: false,
        }
    }

    /// Whether it is the membership in a table's owner, with which everything else comes.
    pub(super) fn is_membership(&self) -> bool {
        self.kind == "owner"
    }

    /// The statement.
    pub(super) fn statement(&self, role: &Ident) -> String {
        match self.kind {
            "row_security" => ["ALTER ROLE ", &role.to_string(), " BYPASSRLS"].concat(),
            _ => format!("{} TO {role}", self.grant),
        }
    }
}

/// What the roles of both nodes need, or of one. `role` takes the place of the one that is connected.
///
/// # Errors
/// Tables that do not exist or do not fit together.
pub async fn grants(spec: &LinkSpec, peers: &mut [Peer; 2], role: Option<&str>) -> Result<[NodeGrants; 2]> {
    let tables = inspect::survey(spec, peers).await?;
    let [first, second] = peers;
    Ok([
        of_node(spec, first, &tables, Side::First, role).await?,
        of_node(spec, second, &tables, Side::Second, role).await?,
    ])
}

async fn of_node(
    spec: &LinkSpec,
    peer: &mut Peer,
    tables: &[LinkedTable],
    side: Side,
    role: Option<&str>,
) -> Result<NodeGrants> {
    let needs = needs(spec, peer, tables, side).await?;
    let connected = tables.first().map(|t| t.shapes[side.index()].role.clone());
    let role = Ident::new(role.map(str::to_owned).or(connected).unwrap_or_default());
    let grants = needs.iter().filter(|need| !need.implied).map(|need| Grant {
        statement: need.statement(&role),
        reason: need.reason.clone(),
    });
    let mut grants: Vec<Grant> = grants.collect();
    if spec.apply == ApplyAs::Replica && peer.session().server_version_num() >= REPLICA_GRANT_SINCE {
        grants.push(Grant {
            statement: [
                "GRANT SET ON PARAMETER session_replication_role TO ",
                &role.to_string(),
            ]
            .concat(),
            reason: "write rows in replica mode".to_owned(),
        });
    }
    Ok(NodeGrants {
        node: peer.name().to_owned(),
        grants,
        role: role.as_str().to_owned(),
    })
}

/// Everything that the sync of these tables takes on one side.
pub(super) async fn needs(
    spec: &LinkSpec,
    peer: &mut Peer,
    tables: &[LinkedTable],
    side: Side,
) -> Result<Vec<Need>> {
    let database = database(peer).await?;
    let mut needs = Vec::new();
    for (privilege, reason) in [
        (&["CONNECT"], "connect"),
        (&["CREATE"], "create schema ponte"),
        (&["TEMPORARY"], "create temporary tables"),
    ] {
        let nothing = QualifiedName::new("", "");
        let object = format!("DATABASE {database}");
        needs.push(Need::new(
            "database",
            nothing,
            privilege,
            &object,
            reason.to_owned(),
        ));
    }
    for linked in tables {
        of_table(spec, linked, side, &mut needs);
        let table = &linked.sides[side.index()];
        let written = table.all_columns();
        of_sequences(peer, &table.name, &written, &mut needs).await?;
        if let Some(log) = &linked.extras[side.index()].log {
            of_log(&log.table, &mut needs);
            let written: Vec<Ident> = log.columns.iter().map(|(c, _)| c.clone()).collect();
            of_sequences(peer, &log.table, &written, &mut needs).await?;
        }
    }
    of_references(spec, tables, side, &mut needs);
    let mut seen = std::collections::HashSet::new();
    needs.retain(|need| seen.insert((need.kind, need.grant.clone())));
    look_up(peer, tables, side, &mut needs).await?;
    Ok(needs)
}

async fn database(peer: &mut Peer) -> Result<Ident> {
    let sql = Sql::text("SELECT current_database()::text");
    let row = peer.row(&sql, &[], "read the role's privileges").await?;
    Ok(Ident::new(row.get::<_, String>(0)))
}

fn on_schema(table: &QualifiedName, privilege: &'static [&'static str], reason: String) -> Need {
    let object = format!("SCHEMA {}", table.schema);
    let schema = QualifiedName::new(table.schema.as_str(), "");
    Need::new("schema", schema, privilege, &object, reason)
}

fn of_table(spec: &LinkSpec, linked: &LinkedTable, side: Side, needs: &mut Vec<Need>) {
    let (table, shape): (&TableSide, &Shape) = (&linked.sides[side.index()], &linked.shapes[side.index()]);
    let name = &table.name;
    if let Some(reason) = ownership(spec, linked, side) {
        let grant = if shape.owned_by_superuser {
            ["ALTER TABLE ", &name.to_string(), " OWNER"].concat()
        } else {
            ["GRANT ", &Ident::new(&shape.owner).to_string()].concat()
        };
        needs.push(Need {
            grant,
            ..Need::new("owner", name.clone(), &["MEMBER"], "", reason)
        });
    }
    needs.push(on_schema(
        name,
        &["USAGE"],
        format!("look into schema {}", name.schema),
    ));
    let view = format!("create {} beside its table", table.changelog_view());
    needs.push(on_schema(name, &["CREATE"], view));
    let all: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "TRIGGER"];
    let reason = format!("carry rows of {name}, and capture its changes");
    needs.push(Need::new("table", name.clone(), all, &name.to_string(), reason));
    if shape.row_secured {
        let reason = format!("see all rows of {name}");
        needs.push(Need::new(
            "row_security",
            name.clone(),
            &["BYPASSRLS"],
            "",
            reason,
        ));
    }
}

/// What only the owner of a table can do for the sync, where there is anything.
fn ownership(spec: &LinkSpec, linked: &LinkedTable, side: Side) -> Option<String> {
    let shape = &linked.shapes[side.index()];
    let mut sequences = sequence::pairs(linked).map(|pair| pair[side.index()]);
    if let Some(sequence) = sequences.find(|s| s.increment == 1) {
        return Some(format!("alter sequence {}", sequence.qualified_name()));
    }
    let rewrites =
        |t: &&ponte_sync::shape::Trigger| t.rewrites_rows && t.fires.when(spec.apply) && !t.guarded;
    if let Some(trigger) = shape.triggers.iter().find(rewrites) {
        return Some(format!(
            "guard trigger {} of {}",
            trigger.name,
            shape.qualified_name()
        ));
    }
    shape
        .subscribed
        .then(|| format!("capture what a subscription writes to {}", shape.qualified_name()))
}

fn of_log(log: &QualifiedName, needs: &mut Vec<Need>) {
    needs.push(on_schema(
        log,
        &["USAGE"],
        format!("look into schema {}", log.schema),
    ));
    let reason = format!("add rows to log table {log}");
    needs.push(Need::new(
        "insert",
        log.clone(),
        &["INSERT"],
        &log.to_string(),
        reason,
    ));
}

async fn of_sequences(
    peer: &mut Peer,
    table: &QualifiedName,
    written: &[Ident],
    needs: &mut Vec<Need>,
) -> Result<()> {
    let columns: Vec<&str> = written.iter().map(Ident::as_str).collect();
    let sql = Sql::text(include_str!("grants/sequences.sql"));
    let (schema, name) = (table.schema.as_str(), table.name.as_str());
    let rows = peer
        .rows(&sql, &[&schema, &name, &columns], "look at sequences")
        .await?;
    for row in rows {
        let sequence = QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        let object = format!("SEQUENCE {sequence}");
        let reason = format!("use sequence {sequence} for new rows of {table}");
        needs.push(Need::new("sequence", sequence, &["USAGE"], &object, reason));
    }
    Ok(())
}

/// Tables outside the link at the other end of a foreign key.
fn of_references(spec: &LinkSpec, tables: &[LinkedTable], side: Side, needs: &mut Vec<Need>) {
    let linked = |name: &QualifiedName| tables.iter().any(|t| t.sides[side.index()].name == *name);
    for key in inspect::foreign_keys(tables, side) {
        let (child, parent) = (key.child_name(), key.parent_name());
        let replica = spec.apply == ApplyAs::Replica;
        if !linked(&parent) {
            let privileges: &[&str] = if replica {
                &["SELECT", "UPDATE"]
            } else {
                &["SELECT"]
            };
            needs.push(on_schema(
                &parent,
                &["USAGE"],
                format!("look into schema {}", parent.schema),
            ));
            let reason = format!("look for the rows of {parent} that rows of {child} refer to");
            needs.push(Need::new(
                "table",
                parent.clone(),
                privileges,
                &parent.to_string(),
                reason,
            ));
        }
        if !linked(&child) && replica {
            needs.push(on_schema(
                &child,
                &["USAGE"],
                format!("look into schema {}", child.schema),
            ));
            let reason = format!("look for rows of {child} that refer to rows of {parent}");
            needs.push(Need::new(
                "table",
                child.clone(),
                &["SELECT"],
                &child.to_string(),
                reason,
            ));
        }
    }
}

/// Finds out what is held, and what comes with the memberships among the needs.
async fn look_up(peer: &mut Peer, tables: &[LinkedTable], side: Side, needs: &mut [Need]) -> Result<()> {
    let owners: Vec<&str> = needs
        .iter()
        .filter(|need| need.kind == "owner")
        .filter_map(|need| {
            tables
                .iter()
                .map(|t| &t.shapes[side.index()])
                .find(|s| s.qualified_name() == need.on)
        })
        .map(|shape| shape.owner.as_str())
        .collect();
    let single = || {
        needs
            .iter()
            .flat_map(|need| need.privileges.iter().map(move |p| (need, *p)))
    };
    let kinds: Vec<&str> = single().map(|(need, _)| need.kind).collect();
    let schemas: Vec<&str> = single().map(|(need, _)| need.on.schema.as_str()).collect();
    let names: Vec<&str> = single().map(|(need, _)| need.on.name.as_str()).collect();
    let privileges: Vec<&str> = single().map(|(_, privilege)| privilege).collect();
    let sql = Sql::text(include_str!("grants/held.sql"));
    let rows = peer
        .rows(
            &sql,
            &[&kinds, &schemas, &names, &privileges, &owners],
            "read the role's privileges",
        )
        .await?;
    let mut answers = rows
        .iter()
        .map(|row| (row.get::<_, bool>(0), row.get::<_, bool>(1)));
    for need in needs {
        let own: Vec<(bool, bool)> = answers.by_ref().take(need.privileges.len()).collect();
        need.held = own.iter().all(|(held, _)| *held);
        need.implied = need.kind != "owner" && own.iter().all(|(_, implied)| *implied);
    }
    Ok(())
}
