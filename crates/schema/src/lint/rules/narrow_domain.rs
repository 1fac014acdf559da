//! A condition on a domain, which reads every table that uses it.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "narrow-domain",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::NarrowDomain {
            name,
            text,
            not_valid: false,
        } = case.statement
        else {
            return None;
        };
        // Seen: no table has a column of it.
        let tables: Option<Vec<String>> = case.seen.map(|seen| {
            let taken = seen.blocked().filter(|held| held.taken_now);
            taken.map(|held| held.relation.to_string()).collect()
        });
        if tables.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        let whose = tables.map_or_else(|| format!("every table that uses {name}"), |tables| tables.join(", "));
        Some(
            case.draft(format!("writes to {whose} wait while every row is read"))
                .suggest(if text.to_ascii_lowercase().starts_with("add") {
                    format!("ALTER DOMAIN {name} {text} NOT VALID;\n-- and in another transaction VALIDATE CONSTRAINT, which reads the rows beside the writers")
                } else {
                    format!("ALTER DOMAIN {name} ADD CONSTRAINT {}_not_null CHECK (VALUE IS NOT NULL) NOT VALID;", name.name)
                }),
        )
    })
}
