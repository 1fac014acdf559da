//! What a schema lacks once a script has run: things that no single statement says.

use ponte_schema::lint::Aftermath;
use ponte_schema::lint::statement::Name;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::error::{During, Result};
use crate::session::Session;

const CONSTRAINTS: &str = "SELECT k.oid FROM pg_catalog.pg_constraint k";
const UNSERVED: &str = include_str!("sql/unserved_foreign_keys.sql");
const REDUNDANT: &str = include_str!("sql/redundant_indexes.sql");
const KEYLESS: &str = include_str!("sql/keyless_tables.sql");
const POLICIES: &str = include_str!("sql/policies.sql");
const VIEWS: &str = include_str!("sql/views_around_policies.sql");

/// The constraints that are there, by their object ids.
pub(super) async fn constraints(session: &Session) -> Result<Vec<u32>> {
    let rows = ask(session, CONSTRAINTS, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What is lacking of what was not there before: `relations` and `constraints` were.
pub(super) async fn read(session: &Session, relations: &[u32], constraints: &[u32]) -> Result<Aftermath> {
    let unserved = ask(session, UNSERVED, &[&constraints]).await?;
    let redundant = ask(session, REDUNDANT, &[&relations]).await?;
    let keyless = ask(session, KEYLESS, &[&relations]).await?;
    let policies = ask(session, POLICIES, &[]).await?;
    let views = ask(session, VIEWS, &[&relations]).await?;
    let with_policies = |wanted: bool| {
        let rows = policies.iter().filter(move |row| row.get::<_, bool>(2) == wanted);
        rows.map(|row| name(row, 0)).collect()
    };
    Ok(Aftermath {
        foreign_keys_without_index: unserved
            .iter()
            .map(|row| (row.get(2), name(row, 0), row.get(3)))
            .collect(),
        redundant_indexes: redundant
            .iter()
            .map(|row| (row.get(2), name(row, 0), row.get(3)))
            .collect(),
        without_primary_key: keyless.iter().map(|row| name(row, 0)).collect(),
        idle_policies: with_policies(true),
        locked_out: with_policies(false),
        views_around_policies: views.iter().map(|row| (name(row, 0), name(row, 2))).collect(),
    })
}

async fn ask(session: &Session, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
    let rows = session.client().query(sql, parameters).await;
    rows.during(|| "look at what a file has made".to_owned())
}

/// A schema and a name, in two columns.
fn name(row: &Row, at: usize) -> Name {
    let (schema, name): (String, String) = (row.get(at), row.get(at + 1));
    Name {
        spelling: ponte_schema::QualifiedName::new(schema.as_str(), name.as_str()).to_string(),
        schema: Some(schema),
        name,
    }
}
