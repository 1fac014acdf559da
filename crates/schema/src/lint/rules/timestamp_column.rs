//! A point in time without a zone.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Case;
use crate::lint::statement::{Column, Name};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "timestamp-column",
    severity: Severity::Note,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_column(judge)
}

fn judge(case: Case<'_>, table: &Name, column: &Column) -> Option<Draft> {
    if !(column.is_of(&["timestamp", "timestamp without time zone"])) {
        return None;
    }
    let name = &column.name;
    Some(case.draft(format!("what moment a value of {name} of {table} means depends on who reads it")).suggest(format!("{name} timestamptz")))
}
