//! The short way to write a batch: straight from the stage, as if nobody else wrote at the target.
//!
//! Comparing and remembering row versions first ([`Stage::pin`]) costs as much as writing, and it is needed only where the target has
//! changes of its own. Where it has none, the rows are written at once, which locks them, and *then* a later statement looks
//! for local changes. A change that was committed before we had its row is visible to that statement, and everything is undone; one
//! that waits for our lock will have seen what we wrote. What the sweep could not write is left to the rounds that compare.

use ponte_schema::Sql;

use super::Stage;
use crate::table::{TableSide, listed, member, qualified};

impl Stage {
    /// Updates, then inserts; no update for a table that is nothing but its key.
    pub fn sweep_upserts(&self, table: &TableSide) -> Vec<Sql> {
        let mut statements = Vec::with_capacity(2);
        if !table.updated_columns().is_empty() {
            statements.push(self.sweep_update(table));
        }
        statements.push(self.sweep_insert(table));
        statements
    }

    /// Deletes the rows that are gone at the source. Goes before the others, so that unique values are free.
    pub fn sweep_delete(&self, table: &TableSide) -> Sql {
        Sql::render(
            include_str!("sweep_delete.sql"),
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("matches", &table.matches_staged_key("t", "s")),
            ],
        )
    }

    fn sweep_update(&self, table: &TableSide) -> Sql {
        Sql::render(
            include_str!("sweep_update.sql"),
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("assignments", &assignments(table)),
                ("matches", &table.matches_staged_key("t", "s")),
                ("differs", &differs(table)),
            ],
        )
    }

    fn sweep_insert(&self, table: &TableSide) -> Sql {
        Sql::render(
            include_str!("sweep_insert.sql"),
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("columns", &listed(&table.all_columns())),
                ("overriding", &overriding(table)),
                ("staged", &qualified("s", &table.all_staged())),
                ("key", &listed(&table.key)),
            ],
        )
    }
}

/// `a = s.c1, b = s.c2`
pub(super) fn assignments(table: &TableSide) -> Sql {
    let updated = table.updated_columns();
    let each = updated.iter().map(|(column, staged)| {
        Sql::render(
            "{column} = {staged}",
            &[("column", column), ("staged", &member("s", staged))],
        )
    });
    Sql::join(", ", each)
}

/// Whether a row `t` is not the staged row `s`, byte by byte.
pub(super) fn differs(table: &TableSide) -> Sql {
    let updated = table.updated_columns();
    if updated.is_empty() {
        return Sql::text("false");
    }
    let row = table.plain_values("t", updated.iter().map(|(column, _)| column));
    let staged = Sql::join(", ", updated.iter().map(|(_, staged)| member("s", staged)));
    Sql::render(
        "ROW({row})::record OPERATOR(pg_catalog.*<>) ROW({staged})::record",
        &[("row", &row), ("staged", &staged)],
    )
}

/// What lets an INSERT write an identity that is GENERATED ALWAYS.
pub(super) fn overriding(table: &TableSide) -> Sql {
    Sql::text(if table.identity_always {
        " OVERRIDING SYSTEM VALUE"
    } else {
        ""
    })
}
