//! Keys that one side tells apart and the other does not: of two rows there, only one could be here.

use ponte_schema::Ident;

use super::Tables;
use crate::link::Side;
use crate::shape::{Column, Problem};

/// Key columns whose sides disagree on which texts are equal.
pub(super) fn told_apart_on_one_side(tables: &Tables<'_>) -> Vec<Problem> {
    let columns = |side: Side| tables.key(side).iter().map(move |name| tables.column(side, name));
    let pairs = columns(Side::First).zip(columns(Side::Second));
    pairs
        .filter_map(|(first, second)| problem(tables, [first?, second?]))
        .collect()
}

fn problem(tables: &Tables<'_>, columns: [&Column; 2]) -> Option<Problem> {
    let [first, second] = columns.map(|c| c.folds.as_deref());
    if first == second {
        return None;
    }
    let side = if first.is_some() {
        Side::First
    } else {
        Side::Second
    };
    let column = columns[side.index()];
    let folds = column.folds.as_deref().unwrap_or_default();
    let table = tables.spec.name(side);
    Some(Problem::new(
        format!(
            "key column {} of table {table} takes texts for equal on \"{}\" ({folds}) that \"{}\" tells apart",
            column.name,
            tables.node(side),
            tables.node(side.other())
        ),
        format!(
            "ALTER TABLE {table} ALTER {} TYPE text COLLATE \"C\" there, or give the key the same type and collation on both sides",
            Ident::new(&column.name)
        ),
    ))
}
