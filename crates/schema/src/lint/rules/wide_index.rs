//! An index of many columns.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "wide-index",
    severity: Severity::Note,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| match case.statement {
        Statement::CreateIndex(index) if !index.unique && index.columns > COLUMNS_MAX => Some(
            case.draft(format!(
                "an index of {} columns is large, is paid for with every write, and serves few questions better than one of its first {COLUMNS_MAX}",
                index.columns
            ))
            .suggest("keep the columns that narrow the rows down, and INCLUDE those that are only read"),
        ),
        _ => None,
    })
}

/// More of them rarely narrow anything down.
const COLUMNS_MAX: usize = 3;
