//! A privilege for more people, or of more kinds, than anybody has counted.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "broad-grant",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Grant {
            privileges,
            to,
            with_option,
        } = case.statement
        else {
            return None;
        };
        if to.iter().any(|role| role == "public") {
            return Some(
                case.draft("every role there is, and every one there will be, gets this privilege")
                    .suggest("grant it to a role, and that role to those who need it"),
            );
        }
        if *with_option {
            return Some(
                case.draft("whoever gets this can hand it on, and taking it back takes CASCADE")
                    .suggest("leave out WITH GRANT OPTION and WITH ADMIN OPTION"),
            );
        }
        privileges.first().is_some_and(|first| first == "all").then(|| {
            case.draft("ALL includes what hardly any client needs, such as TRUNCATE, TRIGGER and REFERENCES")
                .weighs(Severity::Note)
                .suggest("name the privileges: SELECT, INSERT, UPDATE, DELETE")
        })
    })
}
