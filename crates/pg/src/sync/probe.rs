//! `ponte sync probe`: a marked row is written on one side, awaited on the other, and taken away again.
//!
//! It is an ordinary row of the user's table, written as an application would, so it proves the whole way: trigger, changelog,
//! batch, apply. Columns that must have a value get one that fits their type, unless the configuration gives one.

use std::time::{Duration, Instant};

use ponte_schema::{Ident, Literal, QualifiedName, Sql};
use ponte_sync::link::Side;
use ponte_sync::shape::{Column, Shape};
use ponte_sync::table::{TableSide, listed, member};

use super::pass::LiveLink;
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// How often the other side is looked at.
const POLL: Duration = Duration::from_millis(2);

/// What to probe with.
#[derive(Debug, Clone)]
pub struct ProbeOptions {
    /// Where the row is written.
    pub from: Side,
    /// The position of the table in the link.
    pub table: usize,
    /// Values from the configuration: column and text form.
    pub values: Vec<(String, String)>,
    /// How long to wait for each of the two ways.
    pub timeout: Duration,
    /// Whether passes are run here; otherwise another process is expected to.
    pub run_passes: bool,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    /// The table.
    pub table: QualifiedName,
    /// From the commit of the row to its being seen on the other side.
    pub arrived_after: Duration,
    /// From the commit of the delete to the row's being gone there.
    pub removed_after: Duration,
}

impl LiveLink {
    /// Sends a marked row and takes it back.
    ///
    /// # Errors
    /// `sync.timeout` where it does not arrive; `sql.rejected` where the table refuses the row, with the column to configure. The
    /// row is taken away again in any case.
    pub async fn probe(&mut self, options: &ProbeOptions) -> Result<ProbeReport> {
        let table = self.tables[options.table].clone();
        let side = &table.sides[options.from.index()];
        let shape = &table.shapes[options.from.index()];
        let insert = insert_marked(side, shape, options)?;
        let key = write_marked(
            &self.peers[options.from.index()],
            &insert,
            side,
            self.spec().name.as_str(),
        )
        .await?;
        let sent = Instant::now();
        let there = one_row(&table.sides[options.from.other().index()], &key);
        let arrived = self.wait_until(options, &there, true, sent).await;
        let delete = delete_row(side, &key);
        self.peers[options.from.index()]
            .script(&delete, "take the probe row away")
            .await?;
        let removed_at = Instant::now();
        let arrived_after = arrived?;
        let removed_after = self.wait_until(options, &there, false, removed_at).await?;
        Ok(ProbeReport {
            table: side.name.clone(),
            arrived_after,
            removed_after,
        })
    }

    async fn wait_until(
        &mut self,
        options: &ProbeOptions,
        there: &Sql,
        present: bool,
        since: Instant,
    ) -> Result<Duration> {
        let target = options.from.other();
        while since.elapsed() < options.timeout {
            if options.run_passes {
                self.pass().await?;
            }
            if self.peers[target.index()]
                .holds(there, "look for the probe row")
                .await?
                == present
            {
                return Ok(since.elapsed());
            }
            tokio::time::sleep(POLL).await;
        }
        let what = if present { "arrive" } else { "disappear" };
        Err(Error::new(
            ErrorKind::SyncTimeout,
            format!(
                "the probe row did not {what} on \"{}\"",
                self.peers[target.index()].name()
            ),
        )
        .with("waited_seconds", options.timeout.as_secs())
        .hint(format!("ponte sync status {}", self.spec.name)))
    }
}

fn insert_marked(side: &TableSide, shape: &Shape, options: &ProbeOptions) -> Result<Sql> {
    if let Some((unknown, _)) = options
        .values
        .iter()
        .find(|(name, _)| shape.column(name).is_none())
    {
        return Err(Error::new(
            ErrorKind::SyncUnfit,
            format!("table {} has no column {unknown}", side.name),
        )
        .hint("correct probe in ponte.toml"));
    }
    let mut columns = Vec::new();
    let mut values = Vec::new();
    for column in shape.written_columns() {
        let configured = options
            .values
            .iter()
            .find(|(name, _)| *name == column.name)
            .map(|(_, v)| v.clone());
        if let Some(value) = configured.or_else(|| fitting_value(column)) {
            columns.push(Ident::new(&column.name));
            values.push(Literal::new(value));
        }
    }
    let row = if columns.is_empty() {
        Sql::text("DEFAULT VALUES")
    } else {
        Sql::render(
            "({columns}) VALUES ({values})",
            &[
                ("columns", &listed(&columns)),
                ("values", &Sql::join(", ", values)),
            ],
        )
    };
    Ok(Sql::render(
        "SET LOCAL search_path TO DEFAULT; INSERT INTO {table} AS t {row} RETURNING {texts}",
        &[("table", &side.name), ("row", &row), ("texts", &key_texts(side))],
    ))
}

fn key_texts(side: &TableSide) -> Sql {
    Sql::join(
        ", ",
        side.key
            .iter()
            .map(|k| Sql::render("{column}::text", &[("column", &member("t", k))])),
    )
}

/// A value for a column that must have one and gets none by itself.
fn fitting_value(column: &Column) -> Option<String> {
    let free = !column.not_null || column.has_default || column.generated;
    let name = column.type_name.split('(').next().unwrap_or_default().trim();
    let value = match name {
        "text" | "character varying" => "ponte probe",
        "character" => "p",
        "uuid" => return (!free).then(|| uuid::Uuid::new_v4().to_string()),
        "boolean" => "false",
        "json" | "jsonb" => "{}",
        "bytea" => "",
        "date" | "timestamp without time zone" | "timestamp with time zone" => "now",
        "interval" => "0",
        _ if name.ends_with("[]") => "{}",
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => "0",
        _ => return None,
    };
    (!free).then(|| value.to_owned())
}

async fn write_marked(peer: &Peer, insert: &Sql, side: &TableSide, link: &str) -> Result<Vec<String>> {
    let row = peer.first_row(insert, "write the probe row").await.map_err(|e| {
        let hint = format!(
            "give the columns that {} needs: probe = {{ column = \"value\" }} at the table in link \"{link}\" of ponte.toml",
            side.name
        );
        e.hint(hint)
    })?;
    let texts = row.map(|values| values.into_iter().map(Option::unwrap_or_default).collect());
    texts.ok_or_else(|| {
        Error::new(
            ErrorKind::SyncUnfit,
            format!("table {} did not take the probe row", side.name),
        )
    })
}

fn matches(side: &TableSide, key: &[String]) -> Sql {
    Sql::join(
        " AND ",
        side.key.iter().zip(key).map(|(column, value)| {
            Sql::render(
                "{column} = {value}",
                &[
                    ("column", &member("t", column)),
                    ("value", &Literal::new(value.as_str())),
                ],
            )
        }),
    )
}

fn one_row(side: &TableSide, key: &[String]) -> Sql {
    Sql::render(
        "SELECT EXISTS (SELECT FROM {table} t WHERE {matches})",
        &[("table", &side.name), ("matches", &matches(side, key))],
    )
}

fn delete_row(side: &TableSide, key: &[String]) -> Sql {
    Sql::render(
        "SET LOCAL search_path TO DEFAULT; DELETE FROM {table} t WHERE {matches}",
        &[("table", &side.name), ("matches", &matches(side, key))],
    )
}
