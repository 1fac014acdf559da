//! Light batches: a handful of rows, carried by a few statements that each session prepares once.
//!
//! A continuous link carries one row at a time, hundreds of times a minute, and what it costs is not the row but everything around it: a
//! stage that is filled by COPY, statements that are planned anew, journeys between two servers. Here one statement
//! at the source says how everything stands, the rows come as parameters, and the target does all that it has to in one journey: the
//! fence, the rows, and a look, in a later statement, whether anything was not as usual. If it was not, nothing has happened, and
//! the batch is carried the ordinary way.
//!
//! It is the sweep of [`crate::apply`] without a stage, and right for the same reason. Only what needs no thought goes this way: see
//! [`carries`], and [`crate::machine`] for what is asked before.

use ponte_schema::{Ident, Sql};

use crate::apply::{assignments, differs, overriding};
use crate::forward::{self, travels};
use crate::link::ApplyAs;
use crate::table::{TableSide, listed, qualified};
use crate::value::Value;

/// So many rows of all tables a light batch may have. Each is a statement of its own.
pub const ROWS_MAX: i64 = 16;

/// Whether rows of a table may travel light between these two sides: columns as they are, all rows, no column with rules of its own.
pub fn carries(source: &TableSide, target: &TableSide) -> bool {
    let plain = |side: &TableSide| {
        let mut values = side.outgoing.key.iter().chain(&side.outgoing.columns);
        values.all(|value| matches!(value, Value::Column(_)))
            && side.outgoing.loose.is_empty()
            && side.filter.is_none()
            && side.mask.is_none()
            && !side.derived
            && !side.outgoing.derived_there
            && side.portable
    };
    plain(source) && plain(target)
}

/// How a node stands: `$1` the link, `$2` the snapshot of it that the other side holds. One row: the snapshot of now, what it has consumed of the
/// other side, what it knows to have arrived there and what it offered, whether something needs more thought than a light batch
/// has, which tables it carries, and how many changes each of these has, counted up to one more than [`ROWS_MAX`].
///
/// A batch of the link that is being applied there needs more thought: it may have compared rows, and has not yet said so.
pub fn glance(tables: &[&TableSide], link: &str, joined: &Sql) -> Sql {
    let pending = tables.iter().map(|table| {
        Sql::render(
            include_str!("light/pending.sql"),
            &[
                ("changelog", &table.entries()),
                ("consumed", &Sql::text("$2")),
                ("travels", &travels(link)),
                ("limit", &(ROWS_MAX + 1)),
            ],
        )
    });
    Sql::render(
        include_str!("light/glance.sql"),
        &[
            ("shared", &forward::shared_tables()),
            ("joined", joined),
            ("pending", &Sql::join(", ", pending)),
        ],
    )
}

/// How many values [`glance`] answers.
pub const STANDING_VALUES: usize = 7;

/// The changed rows of a table since the snapshot `$1`: whether the row is there, whether it was inserted, the newest of all versions
/// where the target's clock has to follow it, then the key and the columns.
pub fn rows(table: &TableSide, link: &str) -> Sql {
    rows_since("$1", table, link)
}

/// Both at once: each changed row of a table after how the node stands. The first of its values is NULL where there is none.
pub fn glance_with_rows(glance: &Sql, table: &TableSide, link: &str) -> Sql {
    Sql::render(
        "SELECT * FROM (\n{glance}) g LEFT JOIN (\n{rows}) r ON true",
        &[("glance", glance), ("rows", &rows_since("$2", table, link))],
    )
}

fn rows_since(consumed: &'static str, table: &TableSide, link: &str) -> Sql {
    let newest = if table.version.is_none() {
        "max(p.version_at) OVER ()"
    } else {
        "NULL::timestamptz"
    };
    Sql::render(
        include_str!("light/rows.sql"),
        &[
            ("consumed", &Sql::text(consumed)),
            ("keys", &qualified("l", &table.staged_key())),
            ("changelog", &table.entries()),
            ("travels", &travels(link)),
            ("newest", &Sql::text(newest)),
            ("shipped_keys", &table.shipped_noted_key("p", "t")),
            ("shipped", &table.shipped("t")),
            ("table", &table.name),
            ("matches", &table.matches_staged_key("t", "p")),
            ("limit", &(ROWS_MAX + 1)),
        ],
    )
}

/// How many values of [`rows`] come before the key.
pub const BEFORE_KEY: usize = 3;

/// Opens a light batch at its target: `$1` the link, `$2` the consumed snapshot that it was read from, `$3` the one that it leads to, `$4` and
/// `$5` how many rows are written and deleted. One row where the fence was taken.
/// `apply` says how rows are written.
pub fn fence(apply: ApplyAs) -> Sql {
    let mut sql = Sql::text(include_str!("light/fence.sql"));
    if apply == ApplyAs::Replica {
        sql.push(&Sql::text(
            ", set_config('session_replication_role', 'replica', true)",
        ));
    }
    sql
}

/// What shows the types of a row's values, the key first. It is prepared and never run.
pub fn row_types(table: &TableSide) -> Sql {
    Sql::render(
        "SELECT {columns} FROM {table} t",
        &[
            ("columns", &qualified("t", &table.all_columns())),
            ("table", &table.name),
        ],
    )
}

/// Updates the row whose key and columns are the parameters, where it differs; `None` for a table that is nothing but its key.
pub fn update(table: &TableSide) -> Option<Sql> {
    (!table.updated_columns().is_empty()).then(|| {
        Sql::render(
            include_str!("light/update.sql"),
            &[
                ("table", &table.name),
                ("assignments", &assignments(table)),
                ("row", &parameters(&table.all_staged())),
                ("matches", &table.matches_staged_key("t", "s")),
                ("differs", &differs(table)),
            ],
        )
    })
}

/// Inserts it, where nobody did.
pub fn insert(table: &TableSide) -> Sql {
    Sql::render(
        include_str!("light/insert.sql"),
        &[
            ("table", &table.name),
            ("columns", &listed(&table.all_columns())),
            ("overriding", &overriding(table)),
            ("row", &parameters(&table.all_staged())),
            ("staged", &qualified("s", &table.all_staged())),
            ("key", &listed(&table.key)),
        ],
    )
}

/// Deletes the row whose key the parameters are.
pub fn delete(table: &TableSide) -> Sql {
    Sql::render(
        include_str!("light/delete.sql"),
        &[
            ("table", &table.name),
            ("row", &parameters(&table.staged_key())),
            ("matches", &table.matches_staged_key("t", "s")),
        ],
    )
}

/// Pushes the target's clock past the version `$1`.
pub fn push_clock() -> Sql {
    Sql::text("UPDATE ponte.clock c SET seen = $1 WHERE $1 > greatest(c.seen, clock_timestamp())")
}

/// Looks, once the rows are written: `$1` the link, `$2` what the source had consumed of the target. One row: whether something was
/// not as usual (triggers wrote, the link was paused or shared, rows were refused), and which tables have changes that the source had not seen.
pub fn look(tables: &[&TableSide], link: &str) -> Sql {
    let each = |template: &'static str| {
        tables.iter().map(move |table| {
            Sql::render(
                template,
                &[("changelog", &table.entries()), ("travels", &travels(link))],
            )
        })
    };
    let captured = each("EXISTS (SELECT FROM {changelog} l WHERE l.xid = pg_current_xact_id())");
    Sql::render(
        include_str!("light/look.sql"),
        &[
            ("captured", &Sql::join(" OR ", captured)),
            ("shared", &forward::shared_tables()),
            ("local", &Sql::join(", ", each(include_str!("light/local.sql")))),
        ],
    )
}

/// Whether the target changed the key that the first parameters are; the next one is what the source had consumed of it.
pub fn changed_here(table: &TableSide, link: &str) -> Sql {
    let seen = Sql::render("${n}", &[("n", &i64::try_from(table.key.len() + 1).unwrap_or(0))]);
    Sql::render(
        include_str!("light/changed_here.sql"),
        &[
            ("row", &parameters(&table.staged_key())),
            ("changelog", &table.entries()),
            ("seen", &seen),
            ("travels", &travels(link)),
            ("same_key", &table.same_staged_key("l", "s")),
        ],
    )
}

/// Tells the source what is on offer, and what has arrived before: `$1` the link, `$2` the snapshot on offer, `$3` the one that arrived, `$4` what
/// the source had consumed as it was read. One row: whether it still is so, for whoever was applying a batch of the link there has
/// said so by now. When the statement is over, what was read is on the disk.
pub fn offer() -> Sql {
    Sql::text(include_str!("light/offer.sql"))
}

/// `$1 AS k1, $2 AS c1, …`
fn parameters(names: &[Ident]) -> Sql {
    Sql::join(
        ", ",
        names
            .iter()
            .zip(1_i64..)
            .map(|(name, number)| Sql::render("${number} AS {name}", &[("number", &number), ("name", name)])),
    )
}

#[cfg(test)]
mod tests {
    use ponte_schema::{Expression, QualifiedName};

    use super::*;
    use crate::table::Outgoing;

    fn side() -> TableSide {
        let (key, columns) = (vec![Ident::new("id")], vec![Ident::new("nome")]);
        TableSide {
            portable: true,
            outgoing: Outgoing::plain(&key, &columns),
            key,
            columns,
            ..TableSide::named(QualifiedName::new("public", "perfis"))
        }
    }

    #[test]
    fn a_row_arrives_as_parameters() {
        let update = update(&side()).unwrap();
        assert!(
            update
                .as_str()
                .contains("FROM (SELECT $1 AS \"k1\", $2 AS \"c1\") s"),
            "{update}"
        );
        assert!(changed_here(&side(), "teste").as_str().contains("$2"));
    }

    #[test]
    fn what_needs_thought_does_not_travel_light() {
        assert!(carries(&side(), &side()));
        let filtered = TableSide {
            filter: Some(Expression::new("nome > 'a'")),
            ..side()
        };
        let derived = TableSide {
            derived: true,
            ..side()
        };
        let in_text = TableSide {
            portable: false,
            ..side()
        };
        for odd in [filtered, derived, in_text] {
            assert!(!carries(&odd, &side()), "{odd:?}");
            assert!(!carries(&side(), &odd), "{odd:?}");
        }
    }
}
