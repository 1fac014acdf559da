//! A column of type char(n), whose values are padded.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Case;
use crate::lint::statement::{Column, Name};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "char-column",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_column(judge)
}

fn judge(case: Case<'_>, table: &Name, column: &Column) -> Option<Draft> {
    if !(column.is_of(&["char", "character", "bpchar"])) {
        return None;
    }
    let name = &column.name;
    Some(case.draft(format!("values of {name} of {table} are filled up with blanks, which count in some comparisons and not in others")).suggest(format!("{name} text CHECK (length({name}) <= …)")))
}
