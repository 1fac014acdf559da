//! Whether the servers understand what a mapping says: each cast and expression is tried on the side that will evaluate it, over
//! the real table and none of its rows.

use ponte_schema::{Expression, Sql};
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::peer::{Access, Peer};
use crate::error::{Error, ErrorKind, Result};

/// Something of a mapping that a server has to understand, and what it is for.
struct Trial<'a> {
    /// `to fill column slug of table app.contas on "painel"`
    purpose: String,
    sql: Sql,
    /// Where it is an expression, the same without what we put around it.
    alone: Option<Sql>,
    expression: Option<&'a Expression>,
}

/// Tries whatever the mappings of these tables evaluate.
///
/// # Errors
/// The first that a server refuses, with the server's own words.
pub(super) async fn check(spec: &LinkSpec, tables: &[LinkedTable], peers: &mut [Peer; 2]) -> Result<()> {
    for side in Side::BOTH {
        let trials: Vec<Trial<'_>> = tables.iter().flat_map(|t| trials(spec, t, side)).collect();
        if trials.is_empty() {
            continue;
        }
        let peer = &mut peers[side.index()];
        let path = Sql::text("SET LOCAL search_path TO DEFAULT");
        peer.begin(Access::Read, &path, "try the mapping").await?;
        let outcome = try_all(peer, &trials).await;
        peer.roll_back().await;
        outcome?;
    }
    Ok(())
}

async fn try_all(peer: &mut Peer, trials: &[Trial<'_>]) -> Result<()> {
    for trial in trials {
        // Alone it may hold no aggregate and no set, and its brackets have to match.
        for sql in trial.alone.iter().chain([&trial.sql]) {
            let outcome = peer.rows(sql, &[], "try the mapping").await;
            outcome.map_err(|error| refused(peer.name(), trial, error))?;
        }
    }
    Ok(())
}

fn refused(node: &str, trial: &Trial<'_>, error: Error) -> Error {
    let Some(server) = error.server() else {
        return error;
    };
    let said = server.message().to_owned();
    let what = trial
        .expression
        .map_or_else(|| "the cast".to_owned(), |e| format!("`{}`", e.as_str()));
    Error::new(
        ErrorKind::SyncUnfit,
        format!("\"{node}\" cannot evaluate {what} {}: {said}", trial.purpose),
    )
    .hint("correct the mapping in ponte.toml; it sees the columns of that side's row and nothing else")
    .because(error)
}

/// What one side evaluates of its rows.
fn trials<'a>(spec: &LinkSpec, table: &'a LinkedTable, side: Side) -> Vec<Trial<'a>> {
    let (here, there) = (&table.sides[side.index()], &table.sides[side.other().index()]);
    let keys = here.outgoing.key.iter().zip(&there.key);
    let columns = here.outgoing.columns.iter().zip(&there.columns);
    let mut trials: Vec<Trial<'a>> = keys
        .chain(columns)
        .filter(|(value, _)| value.is_changed())
        .map(|(value, column)| Trial {
            purpose: format!(
                "to fill column {column} of table {} on \"{}\"",
                there.name,
                spec.node(side.other())
            ),
            sql: over_no_rows(here, &value.of("t", &here.name.name)),
            alone: value.expression().map(|e| alone(here, e)),
            expression: value.expression(),
        })
        .collect();
    trials.extend(here.filter.as_ref().map(|filter| Trial {
        purpose: format!("to filter table {}", here.name),
        sql: over_no_rows(here, &here.inside("t")),
        alone: Some(alone(here, filter)),
        expression: Some(filter),
    }));
    trials
}

fn over_no_rows(table: &TableSide, value: &Sql) -> Sql {
    Sql::render(
        "SELECT {value} FROM {table} t LIMIT 0",
        &[("value", value), ("table", &table.name)],
    )
}

fn alone(table: &TableSide, expression: &Expression) -> Sql {
    Sql::render(
        "SELECT FROM {table} WHERE {expression} IS NOT NULL LIMIT 0",
        &[("expression", expression), ("table", &table.name)],
    )
}
