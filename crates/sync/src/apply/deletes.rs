//! How much a staged batch would delete, counted only as far as it matters.

use ponte_schema::Sql;

use super::Stage;
use crate::table::TableSide;

impl Stage {
    /// How many deletes are staged.
    pub fn count_deletes(&self) -> Sql {
        Sql::render(
            "SELECT count(*) FROM {stage} s WHERE NOT s.present",
            &[("stage", &self.stage)],
        )
    }

    /// How many rows of the table the staged deletes would hit.
    pub fn count_rows_to_delete(&self, table: &TableSide) -> Sql {
        Sql::render(
            "SELECT count(*) FROM {stage} s WHERE NOT s.present AND EXISTS (SELECT FROM {table} t WHERE {matches})",
            &[
                ("stage", &self.stage),
                ("table", &table.name),
                ("matches", &table.matches_staged_key("t", "s")),
            ],
        )
    }
}

/// How many rows a table has, counted up to `most`.
pub fn count_rows(table: &TableSide, most: i64) -> Sql {
    Sql::render(
        "SELECT count(*) FROM (SELECT FROM {table} LIMIT {most}) t",
        &[("table", &table.name), ("most", &most)],
    )
}
