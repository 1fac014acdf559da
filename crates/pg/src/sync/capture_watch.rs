//! Whether capture was on the whole time.
//!
//! A trigger that was switched off, and on again before anybody looked, leaves no other trace than a new version of its catalog row;
//! what was written in between was noted nowhere. So the marks of the triggers and their functions are remembered in
//! `ponte.link_table`, and a link that finds others stops. Only a comparison of all rows can say what was missed.

use ponte_schema::Sql;
use ponte_sync::link::{LinkSpec, Side};
use tokio_postgres::types::ToSql;

use super::inspect::LinkedTable;
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// Compares the marks of all tables with the remembered ones; remembers those that it sees for the first time.
pub(super) async fn confirm(spec: &LinkSpec, peers: &mut [Peer; 2], tables: &[LinkedTable]) -> Result<()> {
    let sql =
        Sql::text("SELECT table_schema, table_name, capture_marks FROM ponte.link_table WHERE link = $1");
    let what = "read the marks of capture";
    let [first, second] = &*peers;
    let params: [&(dyn ToSql + Sync); 1] = [&spec.name];
    let (first, second) = tokio::try_join!(
        first.fresh_rows(&sql, &params, what),
        second.fresh_rows(&sql, &params, what)
    )?;
    for (side, rows) in Side::BOTH.into_iter().zip([first, second]) {
        let peer = &mut peers[side.index()];
        for row in &rows {
            let (schema, name): (&str, &str) = (row.get(0), row.get(1));
            let shapes = tables.iter().map(|t| &t.shapes[side.index()]);
            let Some(shape) = shapes.into_iter().find(|s| s.schema == schema && s.name == name) else {
                continue;
            };
            let remembered: Option<&str> = row.get(2);
            match remembered {
                None => remember(&spec.name, peer, schema, name, shape.capture_marks.as_deref()).await?,
                known if known == shape.capture_marks.as_deref() => {}
                Some(_) => return Err(was_off(spec, peer.name(), &shape.qualified_name().to_string())),
            }
        }
    }
    Ok(())
}

async fn remember(link: &str, peer: &mut Peer, schema: &str, name: &str, marks: Option<&str>) -> Result<()> {
    let sql = Sql::text(
        "UPDATE ponte.link_table SET capture_marks = $4 WHERE link = $1 AND table_schema = $2 AND table_name = $3",
    );
    peer.rows(
        &sql,
        &[&link, &schema, &name, &marks],
        "remember the marks of capture",
    )
    .await
    .map(drop)
}

/// Trusts capture as it is from now on.
pub(super) async fn forget(link: &str, peer: &mut Peer) -> Result<()> {
    let sql = Sql::text("UPDATE ponte.link_table SET capture_marks = NULL WHERE link = $1");
    peer.rows(&sql, &[&link], "forget the marks of capture")
        .await
        .map(drop)
}

fn was_off(spec: &LinkSpec, node: &str, table: &str) -> Error {
    Error::new(
        ErrorKind::SyncCaptureGap,
        format!(
            "capture of table {table} on \"{node}\" was switched off and on again, or replaced: changes may have been missed"
        ),
    )
    .hint(format!("ponte sync reconcile {}, which compares all rows", spec.name))
}
