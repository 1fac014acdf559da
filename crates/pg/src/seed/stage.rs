//! A temporary table without constraints, where rows wait to be judged.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use ponte_schema::seed::{Check, Table, Values, copy_row};
use ponte_schema::sql::Fragment;
use ponte_schema::{Expression, Sql};
use tokio_postgres::Client;

use super::one_by_one;
use crate::error::{During, Result};

/// Rows are sent in pieces of this size.
const CHUNK_BYTES: usize = 64 * 1024;
/// How often the rows of one load are gone on with, where those before were refused.
const WINDOWS_MAX: u32 = 512;

/// A statement may fail without the end of the transaction.
const BEFORE: &str = "SAVEPOINT ponte_seed_try";
const BACK: &str = "ROLLBACK TO SAVEPOINT ponte_seed_try";
const AFTER: &str = "RELEASE SAVEPOINT ponte_seed_try";

/// The stage of one table.
pub(super) struct Stage<'a> {
    client: &'a Client,
    table: &'a Table,
    columns: Sql,
    is_empty: bool,
}

impl<'a> Stage<'a> {
    /// Makes it, in place of the one before. Its columns have the types below all domains, so that it takes what a domain would refuse.
    pub(super) async fn create(client: &'a Client, table: &'a Table, columns: &[usize]) -> Result<Self> {
        let declared = columns.iter().map(|column| {
            let column = &table.columns[*column];
            Sql::render(
                "{name} {type}",
                &[("name", &column.name), ("type", &column.base_type)],
            )
        });
        let sql = Sql::render(
            "DROP TABLE IF EXISTS pg_temp.ponte_seed_stage; \
             CREATE TEMPORARY TABLE ponte_seed_stage (ponte_seed_number pg_catalog.int8, {columns}) ON COMMIT DROP",
            &[("columns", &Sql::join(", ", declared))],
        );
        client
            .batch_execute(sql.as_str())
            .await
            .during(|| about("make room to try rows of", table))?;
        Ok(Self {
            client,
            table,
            columns: names(table, columns),
            is_empty: true,
        })
    }

    /// Puts rows there in place of those before; they are numbered in order.
    pub(super) async fn load(&mut self, rows: impl IntoIterator<Item = Values>) -> Result<()> {
        let truncate = "TRUNCATE pg_temp.ponte_seed_stage";
        let doing = || about("try rows of", self.table);
        if !std::mem::take(&mut self.is_empty) {
            self.client.batch_execute(truncate).await.during(doing)?;
        }
        let sql = Sql::render(
            "COPY pg_temp.ponte_seed_stage (ponte_seed_number, {columns}) FROM STDIN",
            &[("columns", &self.columns)],
        );
        let numbered = (0_u64..).zip(rows).map(|(number, mut row)| {
            row.insert(0, Some(number.to_string()));
            row
        });
        copy_in(self.client, &sql, numbered).await.during(doing).map(drop)
    }

    /// The numbers of the rows that satisfy the checks.
    pub(super) async fn judged(&self, checks: &[&Check]) -> Result<Vec<usize>> {
        let sql = Sql::render(
            "SELECT ponte_seed_number FROM pg_temp.ponte_seed_stage WHERE {judgement} ORDER BY 1",
            &[("judgement", &judgement(self.table, checks))],
        );
        let doing = || about("try the CHECKs of", self.table);
        self.client.batch_execute(BEFORE).await.during(doing)?;
        let rows = match self.client.query(sql.as_str(), &[]).await {
            // Of these rows some make an expression fail: they are asked about one by one.
            Err(error) if is_refusal(&error) => {
                self.client.batch_execute(BACK).await.during(doing)?;
                let judgement = judgement(self.table, checks);
                one_by_one::judged(self.client, &judgement).await.during(doing)?
            }
            rows => rows.during(doing)?,
        };
        self.client.batch_execute(AFTER).await.during(doing)?;
        Ok(rows
            .iter()
            .filter_map(|row| usize::try_from(row.get::<_, i64>(0)).ok())
            .collect())
    }

    /// Takes rows that satisfy the checks into the table, and leaves those that repeat a key or that the table refuses, until `missing` are taken
    /// or all have had their turn.
    pub(super) async fn take(&self, checks: &[&Check], missing: u64) -> Result<Taken> {
        let doing = || about("write rows of", self.table);
        self.client.batch_execute(BEFORE).await.during(doing)?;
        let (rows, refusal) = match self.take_together(checks, missing).await {
            Ok(rows) => (rows, None),
            Err(error) if is_refusal(&error) => {
                self.client.batch_execute(BACK).await.during(doing)?;
                let parts = [
                    ("table", &self.table.name as &dyn Fragment),
                    ("columns", &self.columns),
                    ("judgement", &judgement(self.table, checks)),
                    ("most", &number(missing)),
                ];
                let rows = one_by_one::take(self.client, &parts).await.during(doing)?;
                (rows, Some(error))
            }
            Err(error) => return Err(error).during(doing),
        };
        self.client.batch_execute(AFTER).await.during(doing)?;
        Ok(Taken { rows, refusal })
    }

    async fn take_together(&self, checks: &[&Check], missing: u64) -> Result<u64, tokio_postgres::Error> {
        let (mut from, mut taken) = (0, 0);
        for _ in 0..WINDOWS_MAX {
            let sql = Sql::render(
                include_str!("sql/insert_judged.sql"),
                &[
                    ("table", &self.table.name),
                    ("columns", &self.columns),
                    ("judgement", &judgement(self.table, checks)),
                    ("from", &number(from)),
                    ("most", &number(missing - taken)),
                ],
            );
            let row = self.client.query_one(sql.as_str(), &[]).await?;
            let counted = |column| u64::try_from(row.get::<_, i64>(column)).unwrap_or(0);
            let (tried, written) = (counted(0), counted(1));
            taken += written;
            if taken >= missing || tried < missing - (taken - written) {
                break;
            }
            from += tried;
        }
        Ok(taken)
    }
}

/// What a table took of a load.
pub(super) struct Taken {
    /// How many rows.
    pub(super) rows: u64,
    /// What it said when it was given all of them, where it refused some by more than a key that is there already.
    pub(super) refusal: Option<tokio_postgres::Error>,
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Whether it is about a row: its values, a constraint, a trigger that raises, a view's condition.
pub(super) fn is_refusal(error: &tokio_postgres::Error) -> bool {
    const CLASSES: [&str; 6] = ["21", "22", "23", "27", "44", "P0"];
    error
        .code()
        .and_then(|code| code.code().get(..2))
        .is_some_and(|class| CLASSES.contains(&class))
}

/// What has to be true of a row, as a CHECK means it: unknown is as good as true.
fn judgement(table: &Table, checks: &[&Check]) -> Sql {
    let one = |check: &&Check| {
        let expression = Expression::new(&check.expression);
        let Some(column) = check.columns.first().filter(|_| check.of_domain) else {
            return Sql::render("{expression} IS NOT FALSE", &[("expression", &expression)]);
        };
        Sql::render(
            "(SELECT {expression} FROM (SELECT ponte_seed_stage.{column} AS value) AS ponte_seed_value) IS NOT FALSE",
            &[
                ("expression", &expression),
                ("column", &table.columns[*column].name),
            ],
        )
    };
    if checks.is_empty() {
        return Sql::text("true");
    }
    Sql::join(" AND ", checks.iter().map(one))
}

/// Names of columns, for a list.
pub(super) fn names(table: &Table, columns: &[usize]) -> Sql {
    Sql::join(
        ", ",
        columns.iter().map(|column| table.columns[*column].name.clone()),
    )
}

/// Sends rows and says how many there were.
pub(super) async fn copy_in(
    client: &Client,
    sql: &Sql,
    rows: impl IntoIterator<Item = Values>,
) -> Result<u64, tokio_postgres::Error> {
    let mut sink = pin!(client.copy_in::<_, Bytes>(sql.as_str()).await?);
    let mut chunk = Vec::with_capacity(CHUNK_BYTES + 1024);
    for row in rows {
        copy_row(&row, &mut chunk);
        if chunk.len() >= CHUNK_BYTES {
            sink.feed(BytesMut::from(chunk.as_slice()).freeze()).await?;
            chunk.clear();
        }
    }
    if !chunk.is_empty() {
        sink.feed(Bytes::from(chunk)).await?;
    }
    sink.finish().await
}

/// «verb the table».
pub(super) fn about(what: &str, table: &Table) -> String {
    format!("{what} {}", table.name)
}
