//! Capture of deletes that also tells whether the row was outside the filter when it went, for tables whose rows stay at the other side when they leave
//! it. Nobody else can say that of a row that is gone.
//!
//! The filter is the user's, so it is evaluated as in a batch, under the path of the role that owns the function. One that cannot be evaluated any
//! more must not keep anybody from deleting rows: such a delete does not travel.

use ponte_schema::sql::Fragment;
use ponte_schema::{Expression, Literal, Sql};

use super::{Event, Rows};
use crate::table::{TableSide, listed, qualified};

/// What the comment on the function for deletes begins with, before the filter that it asks.
pub const TOLD: &str = "Tells whether deleted rows were outside: ";

/// The column of the changelog.
pub(super) fn column(table: &TableSide) -> Sql {
    Sql::render(
        include_str!("kept_column.sql"),
        &[("changelog", &table.changelog_table())],
    )
}

/// What is said of the column where the table has it.
pub(super) fn named(table: &TableSide, text: &'static str) -> Sql {
    Sql::text(if table.keeps { text } else { "" })
}

/// The statement with which a function notes deletes.
pub(super) fn note(
    table: &TableSide,
    event: &Event,
    (alias, rows): (&'static str, &dyn Fragment),
    version: &Sql,
    part: i16,
) -> Sql {
    let from = match event.rows {
        Rows::Record(_) => Sql::default(),
        Rows::Transition(..) | Rows::Table => Sql::render(" FROM {rows} r", &[("rows", rows)]),
    };
    Sql::render(
        include_str!("kept_note.sql"),
        &[
            ("log", &table.log_part(part)),
            ("staged_key", &listed(&table.staged_key())),
            ("row_key", &qualified(alias, &table.key)),
            ("op", &Sql::text(event.op)),
            ("version", version),
            ("inside", &table.inside(alias)),
            ("from", &from),
        ],
    )
}

/// What a function that evaluates the filter needs besides.
pub(super) fn path(table: &TableSide, event: &Event) -> Sql {
    let function = table.capture_function(event.name);
    let mut named = Sql::of(&function);
    named.push(&Sql::text("()"));
    let filter = table.filter.as_ref().map_or("", Expression::as_str);
    Sql::render(
        include_str!("kept_path.sql"),
        &[
            ("function", &function),
            ("named", &Literal::new(named.as_str())),
            ("comment", &Literal::new(format!("{TOLD}{filter}"))),
        ],
    )
}

/// Takes the comment away from a function that asks no filter.
pub(super) fn forget(table: &TableSide, event: &Event) -> Sql {
    Sql::render(
        "COMMENT ON FUNCTION {function}() IS NULL;\n",
        &[("function", &table.capture_function(event.name))],
    )
}

pub(super) fn told_filter(table: &TableSide) -> Sql {
    let mut function = Sql::of(&table.capture_function("delete"));
    function.push(&Sql::text("()"));
    Sql::render(
        "SELECT substr(d, {from}) FROM obj_description(to_regprocedure({function}), 'pg_proc') d WHERE starts_with(d, {comment})",
        &[
            ("from", &i64::try_from(TOLD.len() + 1).unwrap_or(i64::MAX)),
            ("function", &Literal::new(function.as_str())),
            ("comment", &Literal::new(TOLD)),
        ],
    )
}
