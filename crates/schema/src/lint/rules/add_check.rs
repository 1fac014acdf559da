//! A CHECK that reads every row while everybody waits.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{Constraint, ConstraintKind, Name, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-check",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddConstraint(constraint) = &action.change else {
            return None;
        };
        let reads = matches!(constraint.kind, ConstraintKind::Check | ConstraintKind::NotNull);
        let seen_idle = case.seen.is_some_and(|seen| !seen.scans() && !seen.rewrites());
        if !reads || constraint.not_valid || seen_idle {
            return None;
        }
        Some(
            case.draft(format!(
                "reads and writes of {table} wait while every row is read; one that breaks the condition makes the statement fail"
            ))
            .about(table)
            .suggest(in_two_steps(table, constraint, "check")),
        )
    })
}

/// First for new rows only, then for the others beside the writers.
pub(super) fn in_two_steps(table: &Name, constraint: &Constraint, kind: &str) -> String {
    let name = match &constraint.name {
        Some(name) => name.spelling.clone(),
        None => crate::Ident::new(format!("{}_{kind}", table.name)).to_string(),
    };
    format!(
        "-- ponte: no-transaction\n\
         ALTER TABLE {table} ADD CONSTRAINT {name} {} NOT VALID;\n\
         ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
        constraint.text
    )
}
