//! Reading what people want to know about a schema beside what a comparison needs.

use futures_util::future::try_join_all;
use ponte_schema::QualifiedName;
use ponte_schema::docs::{Access, Column, Description, Reference, Size};
use tokio_postgres::Row;

use super::filled;
use crate::error::{During, Result};
use crate::session::Session;

/// Whether sizes are asked for: they differ from day to day, and so would the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// They are.
    Wanted,
    /// They are not.
    LeftOut,
}

/// Reads the description of the session's database.
///
/// # Errors
/// Whatever the server answers.
pub async fn describe(session: &Session, sizes: Sizes) -> Result<Description> {
    let mut queries = vec![
        filled(include_str!("sql/docs_columns.sql"), &[]),
        filled(include_str!("sql/docs_references.sql"), &[]),
        filled(include_str!("sql/docs_access.sql"), &[]),
    ];
    if sizes == Sizes::Wanted {
        queries.push(filled(include_str!("sql/docs_sizes.sql"), &[]));
    }
    let answers = queries
        .iter()
        .map(|sql| session.client().query_typed(sql.as_str(), &[]));
    let answers = try_join_all(answers)
        .await
        .during(|| "read the description of the schema".to_owned())?;
    let mut description = Description::default();
    let rows = |index: usize| answers.get(index).map_or(&[][..], Vec::as_slice);
    for row in rows(0) {
        description
            .columns
            .entry(name(row, 0))
            .or_default()
            .push(column(row));
    }
    description.references = rows(1).iter().map(reference).collect();
    let access = |row: &Row| Access {
        role: row.get(0),
        object: name(row, 1),
        privileges: row.get(3),
    };
    description.access = rows(2).iter().map(access).collect();
    let size = |row: &Row| Size {
        rows: u64::try_from(row.get::<_, i64>(2)).unwrap_or(0),
        bytes: u64::try_from(row.get::<_, i64>(3)).unwrap_or(0),
    };
    description.sizes = rows(3).iter().map(|row| (name(row, 0), size(row))).collect();
    Ok(description)
}

fn name(row: &Row, at: usize) -> QualifiedName {
    QualifiedName::new(row.get::<_, String>(at), row.get::<_, String>(at + 1))
}

fn column(row: &Row) -> Column {
    Column {
        name: row.get(2),
        type_name: row.get(3),
        not_null: row.get(4),
        default: row.get(5),
        in_primary_key: row.get(6),
        comment: row.get(7),
    }
}

fn reference(row: &Row) -> Reference {
    Reference {
        name: row.get(0),
        table: name(row, 1),
        columns: row.get(3),
        target: name(row, 4),
        target_columns: row.get(6),
    }
}
