//! Tables and schemas, gone with their rows.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{DropKind, Statement};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "drop-table",
    severity: Severity::Warning,
    concern: Concern::Loss,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Drop(drop) = case.statement else {
            return None;
        };
        let what = match drop.kind {
            DropKind::Table => "table",
            DropKind::Schema => "schema",
            DropKind::Database => "database",
            _ => return None,
        };
        let name = drop.names.iter().find(|name| !case.makes(name))?;
        // Seen: nothing was there to be dropped.
        let is_table = drop.kind == DropKind::Table;
        if is_table && case.seen.is_some_and(|seen| seen.lock_on(name).is_none()) {
            return None;
        }
        let reach = if drop.cascade { ", with everything that depends on it" } else { "" };
        Some(
            case.draft(format!(
                "the {what} {name} is gone with all its rows{reach}; clients that still use it fail"
            ))
            .about(name)
            .suggest(format!(
                "release clients that no longer use {name}, rename it for a while so that it can come back, and drop it in a later migration"
            )),
        )
    })
}
