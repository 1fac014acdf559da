//! Reading a batch at its source.
//!
//! Sequence numbers do not commit in order, so no batch is cut by them. The reader takes a snapshot `R` and ships every key
//! whose log row is visible in `R` but not in the snapshot `S` that was consumed before. A writer that stays open delays its
//! own rows and nobody else's. The rows are streamed by COPY; the process never looks into them.

use ponte_schema::{Literal, Sql};

use crate::chunk::Range;
use crate::forward::{Shipped, travels};
use crate::parked;
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
    /// Whether keys are parked there, which then stay.
    pub parked: bool,
    /// Whether the source refuses rows of the target itself: its own changes of their keys wait until that is settled, because the
    /// target could not tell any more that they are in conflict.
    pub holds_back: bool,
}

/// COPY of the changed keys since `consumed`, with their rows.
pub fn copy_pending(
    source: Source<'_>,
    table: &TableSide,
    shipped: Shipped,
    consumed: &Snapshot,
    wire: Wire,
) -> Sql {
    copy_changed(source, table, shipped, (consumed, wire), "LEFT JOIN")
}

/// Whether all that is pending of the table are rows that were added on this very node, and not written again since.
pub fn only_inserted(source: Source<'_>, table: &TableSide, shipped: Shipped, consumed: &Snapshot) -> Sql {
    Sql::render(
        "SELECT NOT EXISTS (SELECT FROM {changelog} l \
         WHERE l.xid BETWEEN '{xmin}'::xid8 AND '18446744073709551615'::xid8 AND NOT pg_visible_in_snapshot(l.xid, {consumed}) AND {travels} \
           AND (l.op <> 'I' OR l.via IS NOT NULL OR l.only_link IS NOT NULL))",
        &[
            ("changelog", &table.changelog_table()),
            ("xmin", &i64::try_from(consumed.xmin()).unwrap_or(i64::MAX)),
            ("consumed", consumed),
            ("travels", &shipped.condition(source.link)),
        ],
    )
}

/// COPY of rows of which that is so.
pub fn copy_inserted(
    source: Source<'_>,
    table: &TableSide,
    shipped: Shipped,
    consumed: &Snapshot,
    wire: Wire,
) -> Sql {
    let keys = table.staged_key();
    Sql::render(
        include_str!("batch/inserted.sql"),
        &[
            ("table", &table.name),
            ("entries", &table.entries()),
            ("keys", &Sql::join(", ", keys.iter().map(|k| member("l", k)))),
            ("xmin", &i64::try_from(consumed.xmin()).unwrap_or(i64::MAX)),
            ("consumed", consumed),
            ("travels", &shipped.condition(source.link)),
            ("shipped_keys", &table.shipped_key("t")),
            ("columns", &table.shipped_columns("t")),
            ("matches", &table.matches_staged_key("t", "p")),
            ("format", &wire.sql()),
        ],
    )
}

/// As [`copy_pending`], without the keys that are gone: what has to be there before other rows can refer to it.
pub fn copy_present(
    source: Source<'_>,
    table: &TableSide,
    shipped: Shipped,
    consumed: &Snapshot,
    wire: Wire,
) -> Sql {
    copy_changed(source, table, shipped, (consumed, wire), "JOIN")
}

fn copy_changed(
    source: Source<'_>,
    table: &TableSide,
    shipped: Shipped,
    (consumed, wire): (&Snapshot, Wire),
    join: &'static str,
) -> Sql {
    let keys = Sql::join(", ", table.staged_key().iter().map(|k| member("l", k)));
    let xmin = Sql::render(
        "{n}",
        &[("n", &i64::try_from(consumed.xmin()).unwrap_or(i64::MAX))],
    );
    let without = if source.parked {
        parked::left_out(table, source.link)
    } else {
        Sql::default()
    };
    Sql::render(
        include_str!("batch/pending.sql"),
        &[
            ("table", &table.name),
            ("changelog", &table.entries()),
            ("keys", &keys),
            ("xmin", &xmin),
            ("consumed", consumed),
            ("travels", &shipped.condition(source.link)),
            ("without", &without),
            ("held_back", &held_back(source, table)),
            ("node", &Literal::new(source.node_id.to_string())),
            ("shipped_keys", &table.shipped_noted_key("p", "t")),
            ("shipped", &table.shipped("t")),
            ("join", &Sql::text(join)),
            ("matches", &table.matches_staged_key("t", "p")),
            ("and_inside", &and_shipped(table)),
            ("format", &wire.sql()),
            ("noted", &noted(source, table, &keys)),
            (
                "mask",
                &table
                    .mask
                    .as_ref()
                    .map(|m| shipped_mask(&m.as_sent("p.changed")))
                    .unwrap_or_default(),
            ),
        ],
    )
}

/// What makes a row outside the filter one that is gone; where it is kept at the other side, such rows are left out, and deletes of such rows.
fn and_shipped(table: &TableSide) -> Sql {
    if !table.keeps {
        return table.and_inside("t");
    }
    Sql::render(
        "\n  WHERE CASE WHEN t.ctid IS NULL THEN p.outside IS NOT TRUE ELSE {inside} END",
        &[("inside", &table.inside("t"))],
    )
}

/// What more the last note of a key, or all of them, say where the table asks for it.
fn noted(source: Source<'_>, table: &TableSide, keys: &Sql) -> Sql {
    let mut noted = Sql::text(if table.keeps { ", l.outside" } else { "" });
    noted.push(&noted_columns(source, table, keys));
    noted
}

/// The columns that the pending changes of a key touched.
fn noted_columns(source: Source<'_>, table: &TableSide, keys: &Sql) -> Sql {
    let Some(mask) = &table.mask else {
        return Sql::default();
    };
    let over = Sql::render(
        "(PARTITION BY {keys} ORDER BY l.seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        &[("keys", keys)],
    );
    Sql::render(
        ",\n           {united} AS changed{sums}",
        &[
            ("united", &mask.united(source.link, &over)),
            ("sums", &mask.pending_sums(source.link, &over)),
        ],
    )
}

/// What stands at the end of a staged row.
fn shipped_mask(mask: &Sql) -> Sql {
    Sql::render(", ({mask})::varbit", &[("mask", mask)])
}

fn held_back(source: Source<'_>, table: &TableSide) -> Sql {
    if !source.holds_back {
        return Sql::default();
    }
    let key_texts = table.staged_key();
    let key_texts = key_texts
        .iter()
        .map(|k| Sql::render("{key}::text", &[("key", &member("l", k))]));
    Sql::render(
        "\n      AND NOT EXISTS (SELECT FROM ponte.quarantine q WHERE q.link = {link} AND q.table_schema = {schema_name} \
         AND q.table_name = {table_name} AND q.key_values = ARRAY[{key_texts}]::text[])",
        &[
            ("link", &Literal::new(source.link)),
            ("schema_name", &Literal::new(table.name.schema.as_str())),
            ("table_name", &Literal::new(table.name.name.as_str())),
            ("key_texts", &Sql::join(", ", key_texts)),
        ],
    )
}

/// COPY of rows that the target refused earlier, in the same form. `entries` is a JSON array of objects with the staged names of the key, in the
/// target's form, and `version_at`, `changed_at`, `version_node`.
pub fn copy_retried(
    source: Source<'_>,
    table: &TableSide,
    consumed: &Snapshot,
    entries: &str,
    wire: Wire,
) -> Sql {
    Sql::render(
        include_str!("batch/retried.sql"),
        &[
            ("table", &table.name),
            ("changelog", &table.changelog_table()),
            ("entries_of", &table.entries()),
            ("entries", &Literal::new(entries)),
            ("keys", &keys_from_there(table)),
            ("xmin", &i64::try_from(consumed.xmin()).unwrap_or(i64::MAX)),
            ("consumed", consumed),
            ("link", &Literal::new(source.link)),
            ("node", &Literal::new(source.node_id.to_string())),
            ("shipped_keys", &table.shipped_noted_key("p", "t")),
            ("shipped", &table.shipped("t")),
            ("and_inside", &table.and_there("t")),
            ("kept", &or_kept(table)),
            ("matches", &table.matches_staged_key("t", "p")),
            ("same_key", &table.same_staged_key("l", "p")),
            ("format", &wire.sql()),
            // The quarantine knows it.
            (
                "mask",
                &table
                    .mask
                    .as_ref()
                    .map(|m| shipped_mask(&m.nothing_sent()))
                    .unwrap_or_default(),
            ),
        ],
    )
}

/// Leaves out rows that are outside the filter where those are kept at the other side.
fn or_kept(table: &TableSide) -> Sql {
    if !table.keeps {
        return Sql::default();
    }
    Sql::render(
        "\n    AND (t.ctid IS NULL OR {inside})",
        &[("inside", &table.inside("t"))],
    )
}

/// `, 'k1', e.entry -> 'k1'`, each in this side's form.
fn keys_from_there(table: &TableSide) -> Sql {
    let keys = table.staged_key();
    keys.iter()
        .enumerate()
        .fold(Sql::default(), |mut sql, (position, key)| {
            let name = Literal::new(key.as_str());
            let text = Sql::render("(e.entry ->> {name})", &[("name", &name)]);
            sql.push(&Sql::render(
                ", {name}, {value}",
                &[("name", &name), ("value", &table.key_from_there(position, text))],
            ));
            sql
        })
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
            (
                "mask",
                &table
                    .mask
                    .as_ref()
                    .map(|_| shipped_mask(&Sql::text("NULL")))
                    .unwrap_or_default(),
            ),
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

/// One row: what is pending, table by table, and all that was logged, also what this link does not ship, each counted up to
/// `limit`; and the snapshot in which that is so. `$1` is the consumed snapshot as text.
pub fn count_pending(tables: &[(&TableSide, Shipped)], link: &str, limit: i64) -> Sql {
    let count = |table: &TableSide, condition: Sql| {
        Sql::render(
            include_str!("batch/count.sql"),
            &[
                ("changelog", &table.entries()),
                ("travels", &condition),
                ("limit", &limit),
            ],
        )
    };
    let pending = tables
        .iter()
        .map(|(t, shipped)| count(t, shipped.condition(link)));
    let logged = tables.iter().map(|(t, _)| count(t, Sql::text("true")));
    Sql::render(
        "SELECT ARRAY[{pending}]::bigint[], ARRAY[{logged}]::bigint[], pg_current_snapshot()::text",
        &[
            ("pending", &Sql::join(", ", pending)),
            ("logged", &Sql::join(", ", logged)),
        ],
    )
}

/// How many changes are pending since the snapshot `$1`, and the age of the oldest in seconds.
pub fn pending_age(table: &TableSide, link: &str) -> Sql {
    Sql::render(
        include_str!("batch/pending_age.sql"),
        &[("changelog", &table.entries()), ("travels", &travels(link))],
    )
}
