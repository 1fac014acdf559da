//! Which tables a link carries, as its two databases remember it, and what happens where `ponte.toml` names others.
//!
//! How far a link has come is one snapshot for all of its tables. A table that comes later has its capture and its first contact
//! while the others go on, and what is noted about it meanwhile counts as carried although nobody carries it. So it is recorded as not
//! *joined* yet, and passes leave it alone. The transaction that joins it notes everything again that was noted since its capture began; from
//! then on it is pending like any other change. A process that does not know of the table finds it in the snapshot of its next batch,
//! and stops before that batch is consumed.

mod change;

use ponte_schema::{Ident, QualifiedName, Sql};
use ponte_sync::link::{LinkSpec, Side};

use super::inspect::LinkedTable;
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

pub(super) use change::change;

/// The tables that come to a link and leave it, so that it carries what is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Tables that are not joined on both sides, as positions among those that are asked for.
    pub joining: Vec<usize>,
    /// Tables that each side records and nobody asks for.
    pub leaving: [Vec<QualifiedName>; 2],
}

impl Change {
    /// Whether the link carries what is asked for.
    pub fn is_empty(&self) -> bool {
        self.joining.is_empty() && self.leaving.iter().all(Vec::is_empty)
    }

    /// The tables that leave, by the names of the sides that record them.
    pub fn leaving_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.leaving.iter().flatten().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// A table of a link as one side records it.
struct Recorded {
    name: QualifiedName,
    key: Vec<String>,
    joined: bool,
}

async fn recorded(link: &str, peer: &mut Peer) -> Result<Vec<Recorded>> {
    let sql = Sql::text(
        "SELECT table_schema, table_name, key_columns, coalesce((to_jsonb(t) ->> 'joined')::boolean, true) \
         FROM ponte.link_table t WHERE link = $1 ORDER BY 1, 2",
    );
    let rows = peer.rows(&sql, &[&link], "read the link's tables").await?;
    let table = |row: &tokio_postgres::Row| Recorded {
        name: QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        key: row.get(2),
        joined: row.get(3),
    };
    Ok(rows.iter().map(table).collect())
}

/// What has to change so that a link that is complete on both sides carries these tables.
pub(super) async fn plan(spec: &LinkSpec, peers: &mut [Peer; 2], tables: &[LinkedTable]) -> Result<Change> {
    let mut change = Change::default();
    let mut joined = [vec![false; tables.len()], vec![false; tables.len()]];
    for side in Side::BOTH {
        let i = side.index();
        for record in recorded(&spec.name, &mut peers[i]).await? {
            match tables.iter().position(|t| t.sides[i].name == record.name) {
                Some(position) => joined[i][position] = record.joined,
                None => change.leaving[i].push(record.name),
            }
        }
    }
    change.joining = (0..tables.len())
        .filter(|t| !joined.iter().all(|side| side[*t]))
        .collect();
    Ok(change)
}

/// Refuses tables that a side records with other keys, and, where the link is not complete yet, any difference.
pub(super) async fn same_keys(
    spec: &LinkSpec,
    side: Side,
    peer: &mut Peer,
    (tables, ready): (&[LinkedTable], bool),
) -> Result<()> {
    let mut recorded = recorded(&spec.name, peer).await?;
    let mut wanted: Vec<(&QualifiedName, Vec<&str>)> = tables
        .iter()
        .map(|t| &t.sides[side.index()])
        .map(|t| (&t.name, t.key.iter().map(Ident::as_str).collect()))
        .collect();
    if ready {
        recorded.retain(|record| wanted.iter().any(|(name, _)| **name == record.name));
        wanted.retain(|(name, _)| recorded.iter().any(|record| record.name == **name));
    }
    let same = |record: &Recorded| {
        let known = wanted.iter().find(|(name, _)| **name == record.name);
        known.is_some_and(|(_, key)| record.key == *key)
    };
    if recorded.len() == wanted.len() && recorded.iter().all(same) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SyncAlreadyLinked,
        format!(
            "link \"{}\" exists on \"{}\" already, with other tables or keys",
            spec.name,
            peer.name()
        ),
    )
    .hint(format!(
        "ponte sync drop {0}, then ponte sync init {0}",
        spec.name
    )))
}

/// Refuses to go on where a side carries other tables than are asked for: what is not carried any more would count as carried, and
/// what never made first contact would be overwritten.
pub(crate) async fn confirm(spec: &LinkSpec, side: Side, peer: &mut Peer) -> Result<()> {
    let recorded = recorded(&spec.name, peer).await?;
    let wanted: Vec<&QualifiedName> = spec.tables.iter().map(|t| t.name(side)).collect();
    for table in &wanted {
        if !recorded.iter().any(|r| r.joined && r.name == **table) {
            return Err(Error::new(
                ErrorKind::SyncNotReady,
                format!(
                    "table {table} of link \"{}\" has not made first contact on \"{}\"",
                    spec.name,
                    peer.name()
                ),
            )
            .hint(format!(
                "ponte sync init {}, which brings it in while the other tables go on",
                spec.name
            )));
        }
    }
    let forgotten = recorded.iter().find(|r| r.joined && !wanted.contains(&&r.name));
    let Some(Recorded { name, .. }) = forgotten else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::SyncNotReady,
        format!(
            "link \"{}\" carries table {name} on \"{}\", which ponte.toml does not name",
            spec.name,
            peer.name()
        ),
    )
    .hint(format!(
        "name the table in ponte.toml, or ponte sync init {}, which takes its capture away and leaves its rows",
        spec.name
    )))
}

/// The joined tables of the link `$1`, as quoted names; an expression.
pub(super) fn joined_tables() -> Sql {
    Sql::text(include_str!("members/joined.sql"))
}

/// Refuses to consume a snapshot in which the source carries other tables than this process does.
pub(super) fn same_in_snapshot(
    spec: &LinkSpec,
    source: Side,
    tables: &[LinkedTable],
    joined: &[String],
) -> Result<()> {
    let ours = |name: &String| {
        let mut sides = tables.iter().map(|t| &t.sides[source.index()].name);
        sides.any(|table| Sql::of(table).as_str() == name)
    };
    if joined.len() == tables.len() && joined.iter().all(ours) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SyncOvertaken,
        format!(
            "the tables of link \"{}\" were changed on \"{}\" meanwhile",
            spec.name,
            spec.node(source)
        ),
    )
    .hint("start ponte sync run again with the ponte.toml that names them"))
}
