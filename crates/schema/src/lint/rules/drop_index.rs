//! An index that is dropped while reads and writes wait.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Case;
use crate::lint::statement::{DropKind, Name, Statement};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "drop-index",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Drop(drop) = case.statement else {
            return None;
        };
        if drop.kind != DropKind::Index || drop.concurrently {
            return None;
        }
        // Seen: the table whose index it was. An index of a new table, or none at all, disturbs nobody.
        let table = match case.seen {
            Some(seen) => Some(seen.blocked().find(|held| held.taken_now)?.relation.to_string()),
            None if drop.names.iter().all(|name| is_made_before(&case, name)) => return None,
            None => None,
        };
        let names: Vec<&str> = drop.names.iter().map(|name| name.spelling.as_str()).collect();
        let exists = if drop.if_exists { "IF EXISTS " } else { "" };
        let statements: Vec<String> = names
            .iter()
            .map(|name| format!("DROP INDEX CONCURRENTLY {exists}{name};"))
            .collect();
        let table = table.unwrap_or_else(|| "its table".to_owned());
        Some(
            case.draft(format!("reads and writes of {table} wait while the index is dropped, and for whatever is before it in the queue"))
                .suggest(statements.join("\n")),
        )
    })
}

/// Whether a statement before it makes the index.
fn is_made_before(case: &Case<'_>, index: &Name) -> bool {
    case.file.cases().take(case.index).any(|earlier| match earlier.statement {
        Statement::CreateIndex(made) => made.name.as_ref().is_some_and(|name| name.name == index.name),
        _ => false,
    })
}
