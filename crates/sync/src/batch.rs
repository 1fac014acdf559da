//! Reading a batch at its source.
//!
//! Sequence numbers do not commit in order, so no batch is cut by them. The reader takes a snapshot `R` and ships every key
//! whose log row is visible in `R` but not in the snapshot `S` that was consumed before. A writer that stays open delays its
//! own rows and nobody else's. The rows are streamed by COPY; the process never looks into them.

use ponte_schema::{Literal, Sql};

use crate::chunk::Range;
use crate::snapshot::Snapshot;
use crate::table::{TableSide, member};

/// How rows travel between the two COPY commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// The types' binary form, where it means the same on both servers.
    Binary,
    /// The types' text form, under pinned output settings.
    Text,
}

impl Wire {
    /// Binary where both sides allow it.
    pub fn between(source: &TableSide, target: &TableSide) -> Self {
        if source.portable && target.portable {
            Self::Binary
        } else {
            Self::Text
        }
    }

    pub(crate) fn sql(self) -> Sql {
        Sql::text(match self {
            Self::Binary => "binary",
            Self::Text => "text",
        })
    }
}

/// What every statement that reads at the source needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The link.
    pub link: &'a str,
    /// The source's `ponte.node` id, the last part of a version.
    pub node_id: uuid::Uuid,
}

/// COPY of the changed keys since `consumed`, with their rows.
pub fn copy_pending(source: Source<'_>, table: &TableSide, consumed: &Snapshot, wire: Wire) -> Sql {
    copy_changed(source, table, consumed, wire, "LEFT JOIN")
}

/// The same without the keys that are gone: what has to be there before other rows can refer to it.
pub fn copy_present(source: Source<'_>, table: &TableSide, consumed: &Snapshot, wire: Wire) -> Sql {
    copy_changed(source, table, consumed, wire, "JOIN")
}

fn copy_changed(
    source: Source<'_>,
    table: &TableSide,
    consumed: &Snapshot,
    wire: Wire,
    join: &'static str,
) -> Sql {
    let keys = Sql::join(", ", table.staged_key().iter().map(|k| member("l", k)));
    let xmin = Sql::render(
        "{n}",
        &[("n", &i64::try_from(consumed.xmin()).unwrap_or(i64::MAX))],
    );
    Sql::render(
        include_str!("batch/pending.sql"),
        &[
            ("table", &table.name),
            ("changelog", &table.changelog()),
            ("keys", &keys),
            ("xmin", &xmin),
            ("consumed", consumed),
            ("link", &Literal::new(source.link)),
            ("node", &Literal::new(source.node_id.to_string())),
            ("shipped_keys", &table.shipped_staged_key("p")),
            ("shipped", &table.shipped("t")),
            ("join", &Sql::text(join)),
            ("matches", &table.matches_staged_key("t", "p")),
            ("and_inside", &table.and_inside("t")),
            ("format", &wire.sql()),
        ],
    )
}

/// COPY of all rows of a range, in the same form.
pub fn copy_all(source: Source<'_>, table: &TableSide, range: &Range, wire: Wire) -> Sql {
    Sql::render(
        include_str!("batch/all.sql"),
        &[
            ("table", &table.name),
            ("version", &table.version_of("t")),
            ("node", &Literal::new(source.node_id.to_string())),
            ("shipped_keys", &table.shipped_key("t")),
            ("shipped", &table.shipped("t")),
            ("range", &range.holds("t", &table.key)),
            ("and_inside", &table.and_inside("t")),
            ("format", &wire.sql()),
        ],
    )
}

/// COPY of all rows of a range as they are, for a target that holds none.
pub fn copy_rows(table: &TableSide, range: &Range, wire: Wire) -> Sql {
    Sql::render(
        "COPY (SELECT {keys}{columns} FROM {table} t WHERE {range}{and_inside}) TO STDOUT (FORMAT {format})",
        &[
            ("range", &range.holds("t", &table.key)),
            ("and_inside", &table.and_inside("t")),
            ("keys", &table.shipped_key("t")),
            ("columns", &table.shipped_columns("t")),
            ("table", &table.name),
            ("format", &wire.sql()),
        ],
    )
}

/// One row: one count per table, each counted up to `limit`, and the snapshot in which that is so; `$1` is the consumed snapshot as text.
pub fn count_pending(tables: &[&TableSide], link: &str, limit: i64) -> Sql {
    let counts = tables.iter().map(|table| {
        Sql::render(
            "({count})",
            &[(
                "count",
                &Sql::render(
                    include_str!("batch/count.sql"),
                    &[
                        ("changelog", &table.changelog()),
                        ("link", &Literal::new(link)),
                        ("limit", &limit),
                    ],
                ),
            )],
        )
    });
    Sql::render(
        "SELECT ARRAY[{counts}]::bigint[], pg_current_snapshot()::text",
        &[("counts", &Sql::join(", ", counts))],
    )
}

/// How many changes are pending since the snapshot `$1`, and the age of the oldest in seconds.
pub fn pending_age(table: &TableSide, link: &str) -> Sql {
    Sql::render(
        include_str!("batch/pending_age.sql"),
        &[("changelog", &table.changelog()), ("link", &Literal::new(link))],
    )
}
