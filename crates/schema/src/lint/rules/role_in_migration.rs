//! A role, which belongs to the whole server, made by the migration of one database.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "role-in-migration",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Role { verb, name, password } = case.statement else {
            return None;
        };
        if *password {
            return Some(
                case.draft(format!("the password of {name} stands in a file that everybody keeps, and in the server's log"))
                    .weighs(Severity::Error)
                    .suggest("set it outside of migrations: psql's \\password"),
            );
        }
        Some(
            case.draft(format!(
                "{verb} ROLE changes the whole server, not this database: a second database with the same migrations fails on it"
            ))
            .suggest("make roles where servers are made: ponte db create"),
        )
    })
}
