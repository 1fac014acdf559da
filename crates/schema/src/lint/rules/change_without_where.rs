//! An UPDATE or a DELETE of every row.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "change-without-where",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Change {
            verb,
            table,
            filtered: false,
        } = case.statement
        else {
            return None;
        };
        if case.makes(table) {
            return None;
        }
        let (what, suggestion) = match *verb {
            "UPDATE" => (
                "changes every row of",
                format!("UPDATE {table} SET … WHERE id > … AND id <= …; -- portions of some thousands, each committed on its own, only rows that need it"),
            ),
            _ => (
                "deletes every row of",
                format!("DELETE FROM {table} WHERE …; -- say which rows, in portions of some thousands"),
            ),
        };
        Some(
            case.draft(format!(
                "{what} {table} in one transaction: whoever writes one of them waits until the end, and the table grows by as much again"
            ))
            .about(table)
            .suggest(suggestion),
        )
    })
}
