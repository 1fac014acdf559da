//! A comment that allows something and does not say why.

use super::{Concern, Rule, Severity};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "unexplained-allowance",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: None,
};
