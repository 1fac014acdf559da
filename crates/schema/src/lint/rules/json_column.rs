//! A column of type json, whose values cannot be compared.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Case;
use crate::lint::statement::{Column, Name};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "json-column",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_column(judge)
}

fn judge(case: Case<'_>, table: &Name, column: &Column) -> Option<Draft> {
    if !(column.is_of(&["json"])) {
        return None;
    }
    let name = &column.name;
    Some(case.draft(format!("values of {name} of {table} cannot be compared: DISTINCT, GROUP BY and UNION over them fail")).suggest(format!("{name} jsonb")))
}
