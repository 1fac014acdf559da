//! Columns that CHECKs tie together, and what has been learned about them.

use super::Values;
use super::strategy::Strategy;
use super::{Check, Table, Writer};

/// Columns whose values are judged together.
#[derive(Debug)]
pub(super) struct Group {
    /// Positions in the table's columns.
    pub(super) columns: Vec<usize>,
    /// Positions in the table's checks.
    pub(super) checks: Vec<usize>,
    /// The ways of each column.
    pub(super) ways: Vec<Vec<Strategy>>,
    /// Every row is made anew and judged again, because a column needs values of its own for each row or keys of other tables.
    pub(super) is_judged_per_row: bool,
    /// What the server accepted: which way for each column, and the values.
    pub(super) accepted: Vec<(Vec<usize>, Values)>,
}

/// The columns and checks of each group. Checks of what the server writes are left to the server.
pub(super) fn groups(table: &Table) -> Vec<(Vec<usize>, Vec<usize>)> {
    let ours = |check: &Check| {
        let written = |column: &usize| table.columns[*column].writer == Writer::Plan;
        !check.columns.is_empty() && check.columns.iter().all(written)
    };
    let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for (index, check) in table.checks.iter().enumerate().filter(|(_, check)| ours(check)) {
        let mut merged = (check.columns.clone(), vec![index]);
        groups.retain(|(columns, checks)| {
            let apart = !columns.iter().any(|column| merged.0.contains(column));
            if !apart {
                merged.0.extend(columns);
                merged.1.extend(checks);
            }
            apart
        });
        merged.0.sort_unstable();
        merged.0.dedup();
        merged.1.sort_unstable();
        groups.push(merged);
    }
    groups
}
