//! What stands in the tables of a shadow, as keys and checksums, and what of it is gone at a later look.
//!
//! A row is known by its primary key; where a table has none, its columns are compared each for itself. A value counts as lost where it
//! was not NULL and is not there any more. A time that has become another one is not lost: triggers that note the last change do that.

use std::collections::BTreeMap;

use ponte_schema::{Ident, Literal, QualifiedName, Sql};
use tokio_postgres::Row;

use super::Replay;
use crate::catalog::OURS;
use crate::error::{During, Result};
use crate::session::Session;

/// The rows of all tables at one moment.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    tables: BTreeMap<QualifiedName, TableRows>,
}

#[derive(Debug, Clone, Default)]
struct TableRows {
    columns: Vec<Column>,
    /// The checksums of the values, by the printed key.
    rows: BTreeMap<String, Vec<Vec<Option<i64>>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    is_time: bool,
}

/// What a table has lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRows {
    /// The table.
    pub table: QualifiedName,
    /// How many rows it had.
    pub of_rows: u64,
    /// How many of them are gone.
    pub rows: u64,
    /// Columns of the rows that are left, with how many values are gone.
    pub values: Vec<(String, u64)>,
    /// The primary key of a row that shows it, where the table has one.
    pub example: Option<String>,
}

impl Rows {
    /// The tables, and whether they are empty.
    pub fn tables(&self) -> impl Iterator<Item = (&QualifiedName, bool)> {
        self.tables
            .iter()
            .map(|(name, table)| (name, table.rows.is_empty()))
    }

    /// Only the tables and columns that `other` has too.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let tables = self.tables.iter().filter_map(|(name, table)| {
            let known = &other.tables.get(name)?.columns;
            Some((name.clone(), table.only(known)))
        });
        Self {
            tables: tables.collect(),
        }
    }

    /// What is gone in `later`. A table that is gone as a whole is not told: that is a difference of the schema.
    pub fn lost_in(&self, later: &Self) -> Vec<LostRows> {
        let both = self
            .tables
            .iter()
            .filter_map(|(name, table)| Some((name, table, later.tables.get(name)?)));
        both.filter_map(|(name, before, after)| before.lost_in(name, after))
            .collect()
    }
}

impl TableRows {
    fn only(&self, known: &[Column]) -> Self {
        let kept: Vec<usize> = (0..self.columns.len())
            .filter(|at| known.iter().any(|column| column.name == self.columns[*at].name))
            .collect();
        let row = |row: &Vec<Option<i64>>| kept.iter().map(|at| row[*at]).collect();
        Self {
            columns: kept.iter().map(|at| self.columns[*at].clone()).collect(),
            rows: self
                .rows
                .iter()
                .map(|(key, rows)| (key.clone(), rows.iter().map(row).collect()))
                .collect(),
        }
    }

    fn lost_in(&self, name: &QualifiedName, later: &Self) -> Option<LostRows> {
        let (mut rows, mut values, mut example) = (0, vec![0; self.columns.len()], None);
        let place = |column: &Column| later.columns.iter().position(|c| c.name == column.name);
        let places: Vec<Option<usize>> = self.columns.iter().map(place).collect();
        for (key, before) in &self.rows {
            let after = later.rows.get(key).map_or(&[] as &[_], Vec::as_slice);
            let gone = before.len().saturating_sub(after.len());
            rows += gone as u64;
            let mut shows = gone > 0;
            if gone == 0 {
                for (at, column) in self.columns.iter().enumerate() {
                    let was = before.iter().filter_map(|row| row[at]).collect();
                    let is = after.iter().filter_map(|row| row[places[at]?]).collect();
                    let lost = missing(was, is, column.is_time);
                    values[at] += lost;
                    shows |= lost > 0;
                }
            }
            if shows && example.is_none() && !key.is_empty() {
                example = Some(key.clone());
            }
        }
        let named = self.columns.iter().map(|column| column.name.clone());
        let values: Vec<(String, u64)> = named.zip(values).filter(|(_, lost)| *lost > 0).collect();
        (rows > 0 || !values.is_empty()).then(|| LostRows {
            table: name.clone(),
            of_rows: self.rows.values().map(|rows| rows.len() as u64).sum(),
            rows,
            values,
            example,
        })
    }
}

/// How many of these values are not among those; of times only their number counts.
fn missing(was: Vec<i64>, is: Vec<i64>, is_time: bool) -> u64 {
    if is_time {
        return was.len().saturating_sub(is.len()) as u64;
    }
    let mut left = is;
    let mut lost = 0;
    for value in was {
        match left.iter().position(|other| *other == value) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => lost += 1,
        }
    }
    lost
}

impl Replay {
    /// What stands in the tables now.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn rows(&self) -> Result<Rows> {
        read(&self.session).await
    }

    /// The table that a statement calls so, if it is there.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn named(&self, relation: &str) -> Result<Option<QualifiedName>> {
        let sql = Sql::render(
            include_str!("named.sql"),
            &[("relation", &Literal::new(relation))],
        );
        let row = self.session.client().query_typed_opt(sql.as_str(), &[]).await;
        let row = row.during(|| format!("look for {relation}"))?;
        Ok(row.map(|row| QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1))))
    }

    /// A row of a table, as text: one in which the column is NULL where that is asked for and the column exists.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn some_row(
        &self,
        table: &QualifiedName,
        empty_column: Option<&str>,
    ) -> Result<Option<String>> {
        let column = empty_column.map(Ident::new);
        let condition = match column {
            Some(column) => Sql::render("{column} IS NULL", &[("column", &column)]),
            None => Sql::text("true"),
        };
        let sql = Sql::render(
            "SELECT ponte_row::pg_catalog.text FROM {table} AS ponte_row WHERE {condition} LIMIT 1",
            &[("table", table), ("condition", &condition)],
        );
        let row = self.session.client().query_typed_opt(sql.as_str(), &[]).await;
        let row = row.during(|| format!("look at a row of {table}"))?;
        Ok(row.and_then(|row| row.get(0)))
    }
}

async fn read(session: &Session) -> Result<Rows> {
    let doing = || "look at the rows of a shadow".to_owned();
    let client = session.client();
    let sql = Sql::render(include_str!("tables.sql"), &[("ours", &Sql::text(OURS))]);
    let found = client.query_typed(sql.as_str(), &[]).await.during(doing)?;
    let mut rows = Rows::default();
    let mut selects = Vec::new();
    for (number, row) in (0_i64..).zip(&found) {
        let (name, columns) = (
            QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
            columns_of(row),
        );
        let key: Vec<String> = row.get(4);
        selects.push(select(number, &name, &columns, &key));
        let table = TableRows {
            columns,
            ..TableRows::default()
        };
        rows.tables.insert(name, table);
    }
    if selects.is_empty() {
        return Ok(rows);
    }
    let sql = Sql::join(" UNION ALL ", selects);
    let values = client.query_typed(sql.as_str(), &[]).await.during(doing)?;
    let names: Vec<QualifiedName> = found
        .iter()
        .map(|row| QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)))
        .collect();
    for value in values {
        let table = usize::try_from(value.get::<_, i64>(0))
            .ok()
            .and_then(|at| names.get(at));
        if let Some(table) = table.and_then(|name| rows.tables.get_mut(name)) {
            table.rows.entry(value.get(1)).or_default().push(value.get(2));
        }
    }
    Ok(rows)
}

fn columns_of(row: &Row) -> Vec<Column> {
    let names: Vec<String> = row.get(2);
    let times: Vec<bool> = row.get(3);
    let column = |(name, is_time)| Column { name, is_time };
    names.into_iter().zip(times).map(column).collect()
}

/// Reads one table: its number, the key as text, and a checksum of each value.
fn select(number: i64, name: &QualifiedName, columns: &[Column], key: &[String]) -> Sql {
    let checksum = |column: &Column| {
        Sql::render(
            "pg_catalog.hashtextextended({column}::pg_catalog.text COLLATE pg_catalog.\"C\", 0)",
            &[("column", &Ident::new(&column.name))],
        )
    };
    let key = if key.is_empty() {
        Sql::text("''::pg_catalog.text")
    } else {
        let columns = Sql::join(", ", key.iter().map(Ident::new));
        Sql::render("ROW({columns})::pg_catalog.text", &[("columns", &columns)])
    };
    Sql::render(
        "SELECT {number}::pg_catalog.int8, {key}, ARRAY[{checksums}]::pg_catalog.int8[] FROM {table}",
        &[
            ("number", &number),
            ("key", &key),
            ("checksums", &Sql::join(", ", columns.iter().map(checksum))),
            ("table", name),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_became_another_is_not_lost_and_another_value_is() {
        assert_eq!(missing(vec![1, 2], vec![2, 3], false), 1);
        assert_eq!(missing(vec![1, 2], vec![2, 3], true), 0);
        assert_eq!(missing(vec![1, 2], vec![3], true), 1);
        assert_eq!(missing(vec![1, 1], vec![1], false), 1);
        assert_eq!(missing(vec![], vec![1], false), 0);
    }
}
