//! What a failed `CREATE INDEX CONCURRENTLY` leaves behind: an index that is maintained and never used, and that
//! `IF NOT EXISTS` takes for the real one.

use ponte_schema::migration::ConcurrentIndex;
use ponte_schema::{Literal, QualifiedName, Sql};

use crate::error::{During, Error, ErrorKind, Result};
use crate::session::Session;

/// An index that serves nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidIndex {
    /// The index.
    pub index: QualifiedName,
    /// Its table, in the same schema.
    pub table: String,
}

impl InvalidIndex {
    /// Whether REINDEX CONCURRENTLY left it beside the index that it was to replace, which is not harmed.
    pub fn is_leftover_of_reindex(&self) -> bool {
        let name = self
            .index
            .name
            .as_str()
            .trim_end_matches(|c: char| c.is_ascii_digit());
        name.ends_with("_ccnew") || name.ends_with("_ccold")
    }
}

/// A partition that is neither attached nor detached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDetach {
    /// The partition.
    pub partition: QualifiedName,
    /// The table that it was to leave.
    pub table: QualifiedName,
}

/// The state of an index that a statement is to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Usable,
    Invalid(QualifiedName),
}

/// Looks through the search path that the session has now. An index that somebody else builds at this moment is an error.
pub(super) async fn find(session: &Session, wanted: &ConcurrentIndex) -> Result<Found> {
    let sql = Sql::render(
        include_str!("sql/find_index.sql"),
        &[
            ("table", &Literal::new(&wanted.table)),
            ("index", &Literal::new(&wanted.index)),
        ],
    );
    let row = session.client().query_typed_opt(sql.as_str(), &[]).await;
    let Some(row) = row.during(|| format!("look for the index {}", wanted.index))? else {
        return Ok(Found::Nothing);
    };
    if row.get("usable") {
        return Ok(Found::Usable);
    }
    if let Some(pid) = row.get::<_, Option<i32>>("builder_pid") {
        return Err(Error::new(
            ErrorKind::Migrate(ponte_schema::migration::Problem::Locked),
            format!(
                "cannot build the index {}: another session is building it",
                wanted.index
            ),
        )
        .with("pid", pid)
        .hint("wait until it has finished, and run the migration again"));
    }
    Ok(Found::Invalid(QualifiedName::new(
        row.get::<_, String>("schema"),
        &wanted.index,
    )))
}

/// Drops it without blocking the table's users.
pub(super) async fn drop_invalid(session: &Session, index: &QualifiedName) -> Result<()> {
    let sql = Sql::render("DROP INDEX CONCURRENTLY IF EXISTS {index}", &[("index", index)]);
    let dropped = session.client().batch_execute(sql.as_str()).await;
    dropped.during(|| format!("drop the invalid index {index}"))
}

/// Partitions whose DETACH CONCURRENTLY was cut off.
pub(super) async fn pending_detaches(session: &Session) -> Result<Vec<PendingDetach>> {
    let rows = session
        .client()
        .query_typed(include_str!("sql/pending_detaches.sql"), &[])
        .await;
    let rows = rows.during(|| "look for partitions that are half detached".to_owned())?;
    let pending = |row: &tokio_postgres::Row| {
        let name =
            |schema, name| QualifiedName::new(row.get::<_, String>(schema), row.get::<_, String>(name));
        PendingDetach {
            partition: name("schema", "partition"),
            table: name("table_schema", "table"),
        }
    };
    Ok(rows.iter().map(pending).collect())
}

/// All of a database.
pub(super) async fn invalid_indexes(session: &Session) -> Result<Vec<InvalidIndex>> {
    let rows = session
        .client()
        .query_typed(include_str!("sql/invalid_indexes.sql"), &[])
        .await;
    let rows = rows.during(|| "look for invalid indexes".to_owned())?;
    let invalid = |row: &tokio_postgres::Row| InvalidIndex {
        index: QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("index")),
        table: row.get("table"),
    };
    Ok(rows.iter().map(invalid).collect())
}
