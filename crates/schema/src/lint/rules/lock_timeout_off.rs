//! A file that waits for locks as long as it takes.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "lock-timeout-off",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Set { setting, value } = case.statement else {
            return None;
        };
        let number = value.trim_matches('\'').trim();
        let is_zero = !number.is_empty() && number.trim_end_matches(char::is_alphabetic).trim().bytes().all(|b| b == b'0');
        (setting == "lock_timeout" && is_zero).then(|| {
            case.draft("a statement that waits for a lock makes everybody wait who comes after it, and now without an end")
                .suggest("leave it out: ponte migrate up gives up after some seconds and tries again")
        })
    })
}
