//! An exclusion constraint, whose index is built while everybody waits.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{ConstraintKind, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-exclude",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| match &action.change {
        TableChange::AddConstraint(constraint) if constraint.kind == ConstraintKind::Exclude => Some(
            case.draft(format!(
                "reads and writes of {table} wait until the index is built, and there is no way to build it beside them"
            ))
            .about(table)
            .suggest("run it in a maintenance window, or have it in a new table that the rows are moved to in portions"),
        ),
        _ => None,
    })
}
