//! A policy that lets everybody.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "open-policy",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| match case.statement {
        Statement::Policy(policy) if policy.always_true && !policy.reads_only => Some(
            case.draft(format!(
                "the condition of {} is nothing but true: whoever it is for may write any row of {}",
                policy.name, policy.table
            ))
            .suggest("say whose rows are meant, or FOR SELECT where only reading is"),
        ),
        _ => None,
    })
}
