//! A column and its values, gone.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "drop-column",
    severity: Severity::Warning,
    concern: Concern::Loss,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::DropColumn(column) = &action.change else {
            return None;
        };
        Some(
            case.draft(format!(
                "the values of {column} are gone for good, and so are the indexes, constraints and statistics that it is part of; clients that still name it fail"
            ))
            .about(table)
            .suggest(format!(
                "release clients that no longer name {column} first; keep its values beside them if they may be needed: CREATE TABLE … AS SELECT … FROM {table};"
            )),
        )
    })
}
