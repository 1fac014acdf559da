//! A materialized view that is filled while its readers wait.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "refresh-view",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| match case.statement {
        Statement::Refresh {
            view,
            concurrently: false,
            empty: false,
        } if !case.makes(view) => Some(
            case.draft(format!("reads of {view} wait until its query has run"))
                .about(view)
                .suggest(format!(
                    "REFRESH MATERIALIZED VIEW CONCURRENTLY {view}; -- needs a unique index of it, on columns and without WHERE"
                )),
        ),
        _ => None,
    })
}
