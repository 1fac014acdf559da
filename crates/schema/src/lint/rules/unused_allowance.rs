//! A comment that allows what nobody does.

use super::{Concern, Rule, Severity};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "unused-allowance",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: None,
};
