//! A function with its owner's rights that looks up names where its caller says.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "definer-search-path",
    severity: Severity::Warning,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| match case.statement {
        Statement::Function(function) if function.security_definer && !function.sets_search_path => Some(
            case.draft(format!(
                "{} runs with the rights of its owner and finds names on the search path of its caller, who can put others in front",
                function.name
            ))
            .suggest("add to its definition: SET search_path = pg_catalog, pg_temp"),
        ),
        _ => None,
    })
}
