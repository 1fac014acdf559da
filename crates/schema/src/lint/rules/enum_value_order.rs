//! A value at the end of an enum.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "enum-value-order",
    severity: Severity::Note,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| match case.statement {
        Statement::AddEnumValue { name, placed: false } => Some(
            case.draft(format!("the value comes after all others of {name}, also in ORDER BY, and can never be removed"))
                .suggest("say BEFORE or AFTER which, where the order means something"),
        ),
        _ => None,
    })
}
