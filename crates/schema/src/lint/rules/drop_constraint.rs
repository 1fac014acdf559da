//! A rule about the rows that nobody keeps any more.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "drop-constraint",
    severity: Severity::Note,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| match &action.change {
        TableChange::DropConstraint(name) => Some(
            case.draft(format!(
                "rows that break {name} can be written to {table} from now on, and adding it again reads them all"
            ))
            .suggest("add what replaces it first, in the same file"),
        ),
        _ => None,
    })
}
