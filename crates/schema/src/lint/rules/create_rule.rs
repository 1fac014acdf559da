//! A rule that rewrites statements.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "create-rule",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| match case.statement {
        Statement::CreateRule { table } => Some(
            case.draft(format!(
                "statements on {table} become others: expressions are evaluated several times, COPY goes past it, counts of rows are wrong"
            ))
            .suggest("a trigger, or an updatable view, does what is meant"),
        ),
        _ => None,
    })
}
