//! A file that says something else than what was applied.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Past;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "edited-file",
    severity: Severity::Error,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    match file.past() {
        Some(Past::Changed) => vec![
            Draft::new(
                0,
                "the file was changed after it had been applied to the database: `ponte migrate up` refuses to go on",
            )
            .suggest("restore the file, and write the change as a new migration: ponte migrate new NAME"),
        ],
        _ => Vec::new(),
    }
}
