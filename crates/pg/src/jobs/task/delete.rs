//! Retention: deleting what a condition selects, some rows at a time, each batch a transaction of its own.
//!
//! Batches follow the primary key and never look at rows before the last one again: what was deleted there is not gone yet for the
//! server, which would pass over it once more for every batch. How far a run has come is kept with it, so that one whose process was lost
//! goes on from there.

use std::time::Duration;

use ponte_schema::sql::Fragment;
use ponte_schema::{Expression, Ident, Literal, QualifiedName, Sql, TypeName};
use serde::{Deserialize, Serialize};

use super::step::Steps;
use super::{Claim, Done, Terms};
use crate::error::Result;
use crate::jobs::relation;
use crate::jobs::{Problem, problem};
use crate::sync::Peer;

/// Rows to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// The table, which has a primary key.
    pub table: QualifiedName,
    /// Which rows.
    pub condition: Expression,
    /// How many at a time.
    pub batch_rows: u32,
    /// How long to leave the server to others between two batches.
    pub pause: Duration,
}

/// A column of the key.
pub(in crate::jobs) struct KeyColumn {
    name: Ident,
    type_name: TypeName,
}

/// How far a run has come.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Progress {
    deleted: u64,
    /// The key of the last row that was looked at, as texts.
    after: Option<Vec<String>>,
}

impl Delete {
    /// The columns of the primary key; none where there is no such key.
    pub(in crate::jobs) async fn key(&self, peer: &Peer) -> Result<Vec<KeyColumn>> {
        let Some(found) = relation::find(peer, &self.table).await? else {
            return Ok(Vec::new());
        };
        let sql = Sql::text(include_str!("../sql/key.sql"));
        let rows = peer
            .fresh_rows(&sql, &[&found.id], "read the key of a table")
            .await?;
        let column = |row: &tokio_postgres::Row| KeyColumn {
            name: Ident::new(row.get::<_, String>("name")),
            type_name: TypeName::new(row.get::<_, String>("type")),
        };
        Ok(rows.iter().map(column).collect())
    }

    /// The statement that counts the rows.
    pub(in crate::jobs) fn count(&self) -> Sql {
        Sql::render(
            "SELECT count(*) FROM {table} AS t WHERE {condition}",
            &[("table", &self.table), ("condition", &self.condition)],
        )
    }

    /// The statement that deletes the next rows.
    pub(in crate::jobs) fn batch(&self, key: &[KeyColumn], after: Option<&[String]>) -> Sql {
        let columns =
            |how: &dyn Fn(&Ident) -> Sql, separator| Sql::join(separator, key.iter().map(|c| how(&c.name)));
        let named = |template: &'static str| {
            move |name: &Ident| Sql::render(template, &[("c", name as &dyn Fragment)])
        };
        let plain = columns(&named("t.{c}"), ", ");
        let beyond = after.map_or_else(Sql::default, |values| {
            let values = key.iter().zip(values).map(|(column, value)| {
                Sql::render(
                    "{value}::{type}",
                    &[("value", &Literal::new(value)), ("type", &column.type_name)],
                )
            });
            Sql::render(
                " AND ({key}) > ({values})",
                &[("key", &plain), ("values", &Sql::join(", ", values))],
            )
        });
        Sql::render(
            include_str!("../sql/delete_batch.sql"),
            &[
                ("columns", &plain),
                ("table", &self.table),
                ("condition", &self.condition),
                ("after", &beyond),
                ("order", &plain),
                ("rows", &i64::from(self.batch_rows)),
                ("match", &columns(&named("d.{c} = b.{c}"), " AND ")),
                (
                    "last",
                    &Sql::render(
                        "ARRAY[{texts}]",
                        &[("texts", &columns(&named("{c}::pg_catalog.text"), ", "))],
                    ),
                ),
                ("backwards", &columns(&named("{c} DESC"), ", ")),
            ],
        )
    }

    pub(super) async fn perform(&self, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<Done> {
        let key = self.key(peer).await?;
        if key.is_empty() {
            let message = format!(
                "cannot delete from {} in batches: it has no primary key",
                self.table
            );
            return Err(problem(Problem::Unfit, message));
        }
        let before = claim
            .progress
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let mut progress: Progress = before.unwrap_or_default();
        let mut steps = Steps::new(peer, claim, terms);
        loop {
            steps.begin().await?;
            let sql = self.batch(&key, progress.after.as_deref());
            let rows = steps.rows(&sql, "delete the rows of a job").await?;
            let (gone, looked_at, last) = match rows.first() {
                Some(row) => (row.get::<_, i64>(0), row.get::<_, i64>(1), row.get(2)),
                None => (0, 0, None),
            };
            progress.deleted += u64::try_from(gone).unwrap_or(0);
            progress.after = last;
            steps
                .end(&serde_json::to_string(&progress).unwrap_or_default())
                .await?;
            if looked_at < i64::from(self.batch_rows) {
                let rows = Some(progress.deleted);
                return steps.succeed(Done { rows }).await;
            }
            tokio::time::sleep(self.pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_goes_on_after_the_last_key_of_the_one_before() {
        let delete = Delete {
            table: QualifiedName::new("app", "eventos"),
            condition: Expression::new("em < now() - interval '90 days' -- old"),
            batch_rows: 500,
            pause: Duration::ZERO,
        };
        let column = |name: &str, type_name: &str| KeyColumn {
            name: Ident::new(name),
            type_name: TypeName::new(type_name),
        };
        let key = [column("conta", "bigint"), column("Dia", "date")];
        let after = ["7".to_owned(), "2026-11-20".to_owned()];
        let sql = delete.batch(&key, Some(&after));
        let statement: Vec<&str> = sql
            .as_str()
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect();
        assert_eq!(
            statement.join("\n"),
            "WITH batch AS MATERIALIZED (\n    SELECT t.\"conta\", t.\"Dia\" FROM \"app\".\"eventos\" AS t \
             WHERE (em < now() - interval '90 days' -- old\n) AND (t.\"conta\", t.\"Dia\") > ('7'::bigint, '2026-11-20'::date)\n    \
             ORDER BY t.\"conta\", t.\"Dia\" LIMIT 500 FOR UPDATE),\ngone AS (\n    DELETE FROM \"app\".\"eventos\" AS d USING batch AS b \
             WHERE d.\"conta\" = b.\"conta\" AND d.\"Dia\" = b.\"Dia\" RETURNING 1)\nSELECT (SELECT count(*) FROM gone), \
             (SELECT count(*) FROM batch), (SELECT ARRAY[\"conta\"::pg_catalog.text, \"Dia\"::pg_catalog.text] FROM batch \
             ORDER BY \"conta\" DESC, \"Dia\" DESC LIMIT 1)"
        );
    }
}
