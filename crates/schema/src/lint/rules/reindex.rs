//! An index that is built anew while writes, and reads that would use it, wait.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "reindex",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Reindex {
            what,
            name,
            concurrently: false,
        } = case.statement
        else {
            return None;
        };
        if name.as_ref().is_some_and(|name| case.makes(name)) || case.seen.is_some_and(|seen| !seen.builds()) {
            return None;
        }
        let spelled = name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        let draft = case.draft(
            "writes wait until the index is built anew, and so do reads: planning them takes a lock on each index of the table",
        );
        let draft = match name {
            Some(name) if *what == "TABLE" => draft.about(name),
            _ => draft,
        };
        Some(draft.suggest(format!("REINDEX {what} CONCURRENTLY{spelled};")))
    })
}
