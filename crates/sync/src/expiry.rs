//! Bookkeeping that ends: what nobody waits for any more is forgotten some at a time, and what is worth telling is counted before.

use ponte_schema::{Literal, Sql};

use crate::rotation::of_table;
use crate::table::TableSide;

/// Conflicts that are forgotten at a time.
pub const CONFLICTS_AT_A_TIME: u64 = 1000;

/// Forgets decided conflicts: `$1` link, `$2` seconds.
pub fn conflicts() -> Sql {
    Sql::text(include_str!("expiry/conflicts.sql"))
}

/// Forgets what a link has finished.
pub fn finished(link: &str) -> Sql {
    Sql::render(
        include_str!("expiry/finished.sql"),
        &[("link", &Literal::new(link))],
    )
}

/// Notes what a link asks for: `$1` link, `$2` schemas, `$3` names, `$4` seconds.
pub fn retention() -> Sql {
    Sql::text(include_str!("expiry/retention.sql"))
}

/// Counts versions that were cut back; `None` for a table whose versions come from a clock of ours.
pub fn future_versions(table: &TableSide, max_future_seconds: i64) -> Option<Sql> {
    table.version.as_ref()?;
    Some(of_table(
        include_str!("expiry/future.sql"),
        table,
        &[
            ("changelog", &table.entries()),
            ("table", &table.name),
            ("version", &table.version_of("t")),
            ("matches", &table.matches_staged_key("t", "l")),
            ("future", &max_future_seconds),
        ],
    ))
}
