//! Whether the functions that decide conflicts are there, and are the same at both nodes: which of the two asks is chance.

use ponte_schema::Sql;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// What a node says about a function.
struct Found {
    /// Whether it is one that can be asked about rows of the table.
    answers_rows: bool,
    immutable: bool,
    allowed: bool,
    /// A hash of its definition.
    definition: String,
}

/// Refuses functions that are missing, that are not the same at both nodes, or whose answer may change.
///
/// # Errors
/// The first of them, with its remedy.
pub(super) async fn check(spec: &LinkSpec, tables: &[LinkedTable], peers: &mut [Peer; 2]) -> Result<()> {
    for table in tables.iter().filter(|t| t.sides[0].decider.is_some()) {
        let mut definitions = Vec::with_capacity(2);
        for side in Side::BOTH {
            let peer = &mut peers[side.index()];
            definitions.push(fit(spec, &table.sides[side.index()], peer).await?);
        }
        if definitions[0] != definitions[1] {
            return Err(refused(
                spec,
                &table.sides[0],
                &format!(
                    "is not the same on \"{}\" and \"{}\"",
                    spec.nodes[0], spec.nodes[1]
                ),
                "bring both to one definition with a migration",
            ));
        }
    }
    Ok(())
}

/// The definition of a function that may decide.
async fn fit(spec: &LinkSpec, table: &TableSide, peer: &mut Peer) -> Result<String> {
    let node = peer.name().to_owned();
    let function = named(table);
    let Some(found) = look(table, peer).await? else {
        return Err(refused(
            spec,
            table,
            &format!("does not exist on \"{node}\" for two rows of the table and two versions"),
            &format!(
                "add {function}(a {0}, b {0}, a_version timestamptz, b_version timestamptz) RETURNS {0} IMMUTABLE there with a migration",
                table.name
            ),
        ));
    };
    let refuse = |why: &str, remedy: &str| Err(refused(spec, table, &format!("on \"{node}\" {why}"), remedy));
    if !found.answers_rows {
        return refuse(
            "does not answer one row of the table",
            "declare it RETURNS with the type of the table's rows",
        );
    }
    if !found.immutable {
        return refuse(
            "is not IMMUTABLE: what it answers may depend on the node and the moment",
            "ALTER FUNCTION ... IMMUTABLE, once it reads nothing but its arguments",
        );
    }
    if !found.allowed {
        return refuse(
            "may not be called by the sync's role",
            "GRANT EXECUTE ON FUNCTION ... TO the role",
        );
    }
    Ok(found.definition)
}

async fn look(table: &TableSide, peer: &mut Peer) -> Result<Option<Found>> {
    let Some(decider) = &table.decider else {
        return Ok(None);
    };
    let sql = Sql::render(
        include_str!("deciders.sql"),
        &[("signature", &decider.signature(table))],
    );
    let rows = peer.rows(&sql, &[], "look at a function that decides").await?;
    Ok(rows.first().map(|row| Found {
        answers_rows: row.get(0),
        immutable: row.get(1),
        allowed: row.get(2),
        definition: row.get(3),
    }))
}

fn named(table: &TableSide) -> String {
    let function = table.decider.as_ref().map(|d| d.function.to_string());
    function.unwrap_or_default()
}

fn refused(spec: &LinkSpec, table: &TableSide, why: &str, remedy: &str) -> Error {
    let function = named(table);
    Error::new(
        ErrorKind::SyncUnfit,
        format!(
            "cannot sync link \"{}\": function {function}, which decides conflicts of table {}, {why}",
            spec.name, table.name
        ),
    )
    .hint(remedy)
}
