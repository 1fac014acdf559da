//! A file that comes after one with a higher number.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Past;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "late-file",
    severity: Severity::Error,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    match file.past() {
        Some(Past::Late(newest)) => vec![
            Draft::new(
                0,
                format!("{newest}, which comes after this file, is applied to the database already: `ponte migrate up` refuses it"),
            )
            .suggest("give the file the next free number"),
        ],
        _ => Vec::new(),
    }
}
