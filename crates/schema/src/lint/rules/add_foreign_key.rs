//! A foreign key that looks up every row while writes to both tables wait.

use super::{Concern, Draft, File, Rule, Severity, add_check};
use crate::lint::statement::{ConstraintKind, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-foreign-key",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddConstraint(constraint) = &action.change else {
            return None;
        };
        let ConstraintKind::ForeignKey { references } = &constraint.kind else {
            return None;
        };
        let seen_idle = case.seen.is_some_and(|seen| !seen.checks_references());
        if constraint.not_valid || seen_idle {
            return None;
        }
        Some(
            case.draft(format!(
                "writes to {table} and to {references} wait while every row of {table} is looked up; one without its counterpart makes the statement fail"
            ))
            .about(table)
            .suggest(add_check::in_two_steps(table, constraint, "fkey")),
        )
    })
}
