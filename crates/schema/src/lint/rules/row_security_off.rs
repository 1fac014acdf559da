//! Rows that a policy hid and that are seen from now on.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "row-security-off",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| match &action.change {
        TableChange::RowSecurity(word @ ("DISABLE" | "NO FORCE")) => {
            let who = if *word == "DISABLE" { "everybody with a privilege on it" } else { "its owner" };
            Some(
                case.draft(format!("{who} sees all rows of {table} from now on, whatever its policies say"))
                    .suggest("change the policies instead, one by one"),
            )
        }
        _ => None,
    })
}
