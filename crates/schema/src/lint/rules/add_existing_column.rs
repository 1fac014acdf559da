//! A column that is there already and is added all the same.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-existing-column",
    severity: Severity::Note,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| match &action.change {
        TableChange::AddColumn {
            column,
            if_not_exists: true,
        } if case.seen.is_some_and(|seen| seen.skipped) => Some(
            case.draft(format!(
                "{} is there already, and everybody at {table} waits for a moment to find out",
                column.name
            ))
            .about(table)
            .suggest("leave it out"),
        ),
        _ => None,
    })
}
