//! Row-level security that lets nobody in.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "row-security-without-policy",
    severity: Severity::Warning,
    concern: Concern::Clients,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    let Some(after) = file.after() else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    for case in file.cases() {
        let crate::lint::statement::Statement::AlterTable { table, actions } = case.statement else {
            continue;
        };
        let enables = actions
            .iter()
            .any(|action| action.change == TableChange::RowSecurity("ENABLE"));
        if enables && after.locked_out.iter().any(|locked| locked.may_be(table)) {
            drafts.push(
                case.draft(format!(
                    "row-level security is on and {table} has no policy: everybody but its owner sees no row"
                ))
                .suggest(format!("CREATE POLICY … ON {table} … in the same file")),
            );
        }
    }
    drafts
}
