//! Capture of updates that also notes which columns changed ([`crate::mask`]), for tables that ask for it.
//!
//! The functions name the table's columns, which the other capture functions avoid: a column that is renamed or dropped must never make a
//! write of the user's fail. So they look whether the table has the columns that they know, and say nothing about columns where
//! it has others.

use ponte_schema::{Literal, Sql};

use super::{Event, RETURN_IF_APPLYING, Rows, version};
use crate::mask::Mask;
use crate::table::{TableSide, listed, qualified};

/// What the comment on a function begins with that notes columns.
const COMMENT: &str = "Notes which of these columns changed: ";

/// What stands in it between all columns and those whose amounts are noted.
pub(super) const AMOUNTS: &str = ", and by how much these: ";

/// The column of the changelog.
pub(super) fn columns(table: &TableSide) -> Sql {
    Sql::render(
        include_str!("masked_columns.sql"),
        &[("changelog", &table.changelog_table())],
    )
}

/// The column for amounts, where the table adds some up.
pub(super) fn delta_column(table: &TableSide) -> Sql {
    match &table.mask {
        Some(mask) if mask.adds() => Sql::render(
            include_str!("delta_column.sql"),
            &[("changelog", &table.changelog_table())],
        ),
        _ => Sql::default(),
    }
}

/// What a function notes, as its comment says it: the columns that it knows, and those whose amounts it notes.
pub(super) fn notes(mask: &Mask) -> String {
    let known = mask.known_columns();
    match mask.added_columns() {
        None => known,
        Some(added) => format!("{known}{AMOUNTS}{added}"),
    }
}

pub(super) fn referencing() -> Sql {
    Sql::text(" REFERENCING OLD TABLE AS ponte_old NEW TABLE AS ponte_new")
}

pub(super) fn function(
    table: &TableSide,
    mask: &Mask,
    event: &Event,
    max_future_seconds: i64,
    part: i16,
) -> Sql {
    let (template, old, new) = match event.rows {
        Rows::Record(record) => (include_str!("masked_row_function.sql"), "OLD", record),
        _ => (include_str!("masked_statement_function.sql"), "o", "r"),
    };
    Sql::render(
        template,
        &[
            ("function", &table.capture_function(event.name)),
            ("log", &table.log_part(part)),
            ("staged_key", &listed(&table.staged_key())),
            ("row_key", &qualified(new, &table.key)),
            ("first_key", &qualified(old, &table.key[..1])),
            ("same_key", &mask.same_key(table, old, new)),
            ("version", &version(table, new, false, max_future_seconds)),
            ("known", &mask.is_known()),
            ("mask", &mask.between(old, new)),
            ("delta", &mask.delta_column()),
            ("amounts", &mask.changed_amounts(old, new)),
            ("return_if_applying", &Sql::text(RETURN_IF_APPLYING)),
            ("comment", &Literal::new(format!("{COMMENT}{}", notes(mask)))),
        ],
    )
}

/// Takes the comment away from a function that notes no columns.
pub(super) fn forget(table: &TableSide) -> Sql {
    Sql::render(
        "COMMENT ON FUNCTION {function}() IS NULL;\n",
        &[("function", &table.capture_function("update"))],
    )
}

pub(super) fn noted_columns(table: &TableSide) -> Sql {
    let mut function = Sql::of(&table.capture_function("update"));
    function.push(&Sql::text("()"));
    Sql::render(
        "SELECT substr(d, {from}) FROM obj_description(to_regprocedure({function}), 'pg_proc') d WHERE starts_with(d, {comment})",
        &[
            ("from", &i64::try_from(COMMENT.len() + 1).unwrap_or(i64::MAX)),
            ("function", &Literal::new(function.as_str())),
            ("comment", &Literal::new(COMMENT)),
        ],
    )
}
