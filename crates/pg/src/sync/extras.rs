//! Whether the user's hooks and logs would work, asked before rows depend on them: each is planned by the server that will run it, over the
//! real tables, and not run.

use ponte_schema::{Ident, Sql};
use ponte_sync::apply::{Direction, Stage, StageLife};
use ponte_sync::extras::LogSpec;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::table::TableSide;

use super::inspect::LinkedTable;
use super::peer::{Access, Peer};
use crate::error::{Error, ErrorKind, Result, server};

/// Refuses hooks and logs that a server does not understand or that the role may not use.
///
/// # Errors
/// The first of them, with its remedy.
pub(super) async fn check(spec: &LinkSpec, tables: &[LinkedTable], peers: &mut [Peer; 2]) -> Result<()> {
    for side in Side::BOTH {
        let peer = &mut peers[side.index()];
        for (position, table) in tables.iter().enumerate() {
            if table.extras[side.index()].is_empty() {
                continue;
            }
            if let Some(log) = &table.extras[side.index()].log {
                check_log_table(spec, peer, side, log).await?;
            }
            let path = Sql::text("SET LOCAL search_path TO DEFAULT");
            peer.begin(Access::Write, &path, "try hooks and logs").await?;
            let outcome = explain(spec, peer, side, (position, table)).await;
            peer.roll_back().await;
            outcome?;
        }
    }
    Ok(())
}

/// Has the server plan everything that belongs to one table. Makes temporary tables, which the caller takes back.
async fn explain(
    spec: &LinkSpec,
    peer: &mut Peer,
    side: Side,
    (position, linked): (usize, &LinkedTable),
) -> Result<()> {
    let (table, extras) = (&linked.sides[side.index()], &linked.extras[side.index()]);
    key_is_free(table, peer)?;
    let (stage, life) = (Stage::new(position), StageLife::Transaction);
    for sql in [
        stage.create(table, life),
        stage.create_notes(table, life),
        stage.create_applied(table, life),
    ] {
        peer.script(&sql, "try hooks and logs").await?;
    }
    let direction = Direction {
        link: &spec.name,
        here: spec.node(side),
        here_id: peer.id(),
        there: spec.node(side.other()),
    };
    for (name, hook) in extras.hooks() {
        let explain = stage.explain_command(hook);
        let what = format!("run the hook `{name}` of table {}", table.name);
        plan(
            peer,
            &explain,
            &what,
            "see what it may use with ponte explain sync.hook",
        )
        .await?;
    }
    if let Some(log) = &extras.log {
        let explain = stage.explain_log(table, direction, log);
        let what = format!(
            "write to log table {} what becomes of rows of {}",
            log.table, table.name
        );
        plan(
            peer,
            &explain,
            &what,
            "correct log in ponte.toml; its expressions see the fields of an entry and nothing else",
        )
        .await?;
    }
    Ok(())
}

async fn plan(peer: &Peer, explain: &Sql, what: &str, hint: &str) -> Result<()> {
    let Err(error) = peer.value(explain, "try hooks and logs").await else {
        return Ok(());
    };
    let Some(said) = error.server().map(server::message).map(str::to_owned) else {
        return Err(error);
    };
    let message = format!("\"{}\" cannot {what}: {said}", peer.name());
    let denied = error.server().is_some_and(|db| db.code().code() == "42501");
    let hint = if denied {
        "GRANT the role what it names, or leave that out"
    } else {
        hint
    };
    Err(Error::new(ErrorKind::SyncUnfit, message)
        .hint(hint)
        .because(error))
}

/// The relation that hooks read has the names of the key, and one name more.
fn key_is_free(table: &TableSide, peer: &Peer) -> Result<()> {
    if table.key.iter().all(|k| k.as_str() != "operation") {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SyncUnfit,
        format!(
            "a key column of table {} on \"{}\" is called operation, as a column of what hooks read",
            table.name,
            peer.name()
        ),
    )
    .hint("rename the column, or do without before and after"))
}

async fn check_log_table(spec: &LinkSpec, peer: &mut Peer, side: Side, log: &LogSpec) -> Result<()> {
    let (name, node) = (&log.table, peer.name().to_owned());
    let refuse = |what: String, remedy: String| Err(Error::new(ErrorKind::SyncUnfit, what).hint(remedy));
    if spec.tables.iter().any(|t| t.name(side) == name) {
        return refuse(
            format!(
                "table {name} on \"{node}\" is carried by link \"{}\" and cannot be its log",
                spec.name
            ),
            "name another table in log_table, or take this one out of the link".to_owned(),
        );
    }
    let columns: Vec<&str> = log.columns.iter().map(|(c, _)| c.as_str()).collect();
    let sql = Sql::text(include_str!("extras/log_table.sql"));
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&name.schema.as_str(), &name.name.as_str(), &columns];
    let rows = peer.rows(&sql, &params, "look at the log table").await?;
    let Some(row) = rows.first() else {
        return refuse(
            format!("log table {name} does not exist on \"{node}\""),
            format!("CREATE TABLE {name} (...), or correct log_table in ponte.toml"),
        );
    };
    let (unknown, unfilled): (Vec<String>, Vec<String>) = (row.get(0), row.get(1));
    if let Some(column) = unknown.first() {
        return refuse(
            format!("log table {name} on \"{node}\" has no column {column}"),
            "correct log in ponte.toml".to_owned(),
        );
    }
    if let Some(column) = unfilled.first() {
        return refuse(
            format!("column {column} of log table {name} on \"{node}\" needs a value and log gives it none"),
            format!(
                "add {column} = \"expression\" to log, or ALTER TABLE {name} ALTER COLUMN {} DROP NOT NULL",
                Ident::new(column)
            ),
        );
    }
    Ok(())
}
