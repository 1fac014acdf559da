//! A policy that nobody asks.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "policy-without-row-security",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    let Some(after) = file.after() else {
        return Vec::new();
    };
    file.each(|case| {
        let Statement::Policy(policy) = case.statement else {
            return None;
        };
        let table = &policy.table;
        let is_idle = after.idle_policies.iter().any(|idle| idle.may_be(table));
        is_idle.then(|| {
            case.draft(format!(
                "row-level security of {table} is off, so this policy keeps nobody from any row"
            ))
            .suggest(format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"))
        })
    })
}
