//! NOT NULL on a column, which reads every row while everybody waits.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Case;
use crate::lint::statement::{ColumnChange, ConstraintKind, Name, Statement, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "set-not-null",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AlterColumn {
            column,
            change: ColumnChange::SetNotNull,
        } = &action.change
        else {
            return None;
        };
        let is_proven = match case.seen {
            Some(seen) => !seen.scans() && !seen.rewrites(),
            None => is_proven_before(&case, table, column),
        };
        if is_proven {
            return None;
        }
        Some(
            case.draft(format!(
                "reads and writes of {table} wait while every row is read to see whether {column} is null; one that is makes the statement fail"
            ))
            .about(table)
            .suggest(steps(table, column)),
        )
    })
}

/// The way on which nobody waits: a check that is validated beside the writers proves it.
pub(super) fn steps(table: &Name, column: &Name) -> String {
    let check = format!("{}_{}_not_null", table.name, column.name);
    let check = crate::Ident::new(check);
    format!(
        "-- ponte: no-transaction\n\
         -- rows that are in the way: SELECT count(*) FROM {table} WHERE {column} IS NULL;\n\
         ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n\
         ALTER TABLE {table} VALIDATE CONSTRAINT {check};\n\
         ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n\
         ALTER TABLE {table} DROP CONSTRAINT {check};"
    )
}

/// Whether the words before it add such a check and validate it.
fn is_proven_before(case: &Case<'_>, table: &Name, column: &Name) -> bool {
    let mut checks: Vec<&Name> = Vec::new();
    for earlier in case.file.cases().take(case.index) {
        let Statement::AlterTable { table: other, actions } = earlier.statement else {
            continue;
        };
        if !other.may_be(table) {
            continue;
        }
        for action in actions {
            match &action.change {
                TableChange::AddConstraint(constraint) if constraint.kind == ConstraintKind::Check => {
                    let text = constraint.text.to_ascii_lowercase();
                    if text.contains("is not null") && text.contains(&column.name.to_ascii_lowercase()) {
                        checks.extend(&constraint.name);
                    }
                }
                TableChange::ValidateConstraint(name) if checks.iter().any(|check| check.may_be(name)) => return true,
                _ => {}
            }
        }
    }
    false
}
