//! Capture of INSERTs and DELETEs that touch many rows: their keys stand in arrays, a row of the changelog for every hundred.
//!
//! What a changed row costs its writer is then an element of an array, and not a row with a number, a time, a transaction and an index
//! entry. The first few rows of a statement are noted one by one: most statements have no more, and for those nothing is cheaper. Nobody reads
//! the arrays but the view of entries, through which everything is read.

use ponte_schema::sql::Fragment;
use ponte_schema::{Ident, Literal, Sql};

use super::{Event, RETURN_IF_APPLYING, Rows};
use crate::rotation::spelled;
use crate::table::{TableSide, listed, member, qualified, renamed};

/// How many rows of a statement are noted one by one.
const FEW: i64 = 3;

/// How many keys stand in one row after that: of eight bytes each, they and their versions are not yet so many that the server would store
/// them out of line.
const MANY: i64 = 100;

/// Room for the arrays, where the table's keys can stand in some.
pub(super) fn columns(table: &TableSide) -> Sql {
    if table.packs {
        Sql::render(
            include_str!("packed_columns.sql"),
            &[("changelog", &spelled(table, 0))],
        )
    } else {
        Sql::default()
    }
}

/// The view of entries, with all columns that the changelog has by now.
pub(super) fn entries(table: &TableSide) -> Sql {
    let comment = format!("Each noted change of {} as an entry of its own.", table.name);
    Sql::render(
        include_str!("entries.sql"),
        &[
            ("changelog", &spelled(table, 0)),
            ("entries", &Literal::new(Sql::of(&table.entries()).as_str())),
            ("comment", &Literal::new(comment)),
        ],
    )
}

/// Whether the rows of an event may be noted in arrays. Not those of an UPDATE: asking whether there are more than a few costs a thirtieth of
/// an UPDATE of one row, and that is what applications do all day.
pub(super) fn fits(table: &TableSide, event: &Event) -> bool {
    let asks_filter = table.keeps && event.op == "D";
    table.packs && !asks_filter && matches!(event.rows, Rows::Transition(..)) && event.name != "update"
}

pub(super) fn function(
    table: &TableSide,
    event: &Event,
    (rows, version): (&dyn Fragment, &Sql),
    part: i16,
) -> Sql {
    let staged = table.staged_key();
    let arrays: Vec<Ident> = staged
        .iter()
        .map(|k| Ident::new(format!("{}s", k.as_str())))
        .collect();
    let packed = staged
        .iter()
        .map(|k| Sql::render("array_agg({key})", &[("key", &member("x", k))]));
    Sql::render(
        include_str!("packed_function.sql"),
        &[
            ("function", &table.capture_function(event.name)),
            ("event", &Sql::text(event.name)),
            ("return_if_applying", &Sql::text(RETURN_IF_APPLYING)),
            ("log", &table.log_part(part)),
            ("staged_key", &listed(&staged)),
            ("row_key", &qualified("r", &table.key)),
            ("named_key", &renamed("r", &table.key, &staged)),
            ("packed_names", &listed(&arrays)),
            ("packed", &Sql::join(", ", packed)),
            ("op", &Sql::text(event.op)),
            ("version", version),
            ("rows", rows),
            ("few", &FEW),
            ("many", &MANY),
            ("few_and_many", &(FEW + MANY)),
        ],
    )
}
