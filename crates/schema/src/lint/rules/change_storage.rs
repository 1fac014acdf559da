//! A table that is written anew in another place or another way.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "change-storage",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::Storage(what) = &action.change else {
            return None;
        };
        if case.seen.is_some_and(|seen| !seen.rewrites()) {
            return None;
        }
        Some(
            case.draft(format!("reads and writes of {table} wait while the table is written anew for SET {what}"))
                .about(table)
                .suggest("run it in a maintenance window, or fill a new table in portions and exchange the two"),
        )
    })
}
