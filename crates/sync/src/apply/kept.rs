//! What arrives for a row outside the filter, where such rows are left alone: it waits in the quarantine until the row takes part again. Then it is a
//! change like any other, and in conflict with whatever happened to the row here, its coming back included.

use ponte_schema::{Literal, Sql};

use super::{Stage, sweep};
use crate::table::TableSide;

/// The SQLSTATE under which such rows wait: nothing is wrong with them.
pub const OUTSIDE: &str = "02000";

impl Stage {
    /// Marks what arrived for rows outside, in the statement that plans all other rows, so that none is both or neither.
    pub(super) fn mark_outside(&self, table: &TableSide) -> Sql {
        if !table.keeps {
            return Sql::default();
        }
        Sql::render(
            include_str!("mark_outside.sql"),
            &[
                ("stage", &self.stage),
                ("table", &table.name),
                ("matches", &table.matches_staged_key("t", "s")),
                ("inside", &table.inside("t")),
            ],
        )
    }
}

/// Whether a staged row is to be written over the row that is there.
pub(super) fn differs(table: &TableSide) -> Sql {
    let differs = sweep::differs(table);
    if !table.keeps {
        return differs;
    }
    Sql::render(
        "({inside} AND {differs})",
        &[("inside", &table.inside("t")), ("differs", &differs)],
    )
}

/// Which staged rows must not meet one outside unseen: where it is kept, deletes too.
pub(super) fn arrived(table: &TableSide) -> Sql {
    Sql::text(if table.keeps { "" } else { "x.present AND " })
}

/// What waits because its row was outside, and whose row is inside again, or gone: up to `limit` rows.
pub fn back_inside(table: &TableSide, link: &str, limit: i64) -> Sql {
    let keys = table.staged_key();
    let named = (1_i64..).zip(&keys).map(|(number, key)| {
        Sql::render(
            "{name}, q.key_values[{number}]",
            &[("name", &Literal::new(key.as_str())), ("number", &number)],
        )
    });
    Sql::render(
        include_str!("back_inside.sql"),
        &[
            ("changelog", &table.changelog_table()),
            ("named", &Sql::join(", ", named)),
            ("table", &table.name),
            ("link", &Literal::new(link)),
            ("schema_name", &Literal::new(table.name.schema.as_str())),
            ("table_name", &Literal::new(table.name.name.as_str())),
            ("matches", &table.matches_staged_key("t", "w")),
            ("inside", &table.inside("t")),
            ("limit", &limit),
        ],
    )
}
