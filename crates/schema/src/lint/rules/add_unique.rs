//! A unique constraint whose index is built while everybody waits.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{Constraint, ConstraintKind, Name, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-unique",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddConstraint(constraint) = &action.change else {
            return None;
        };
        let seen_idle = case.seen.is_some_and(|seen| !seen.builds());
        if constraint.kind != (ConstraintKind::Unique { using_index: false }) || seen_idle {
            return None;
        }
        Some(
            case.draft(format!(
                "reads and writes of {table} wait until the index is built; two rows with one value make the statement fail"
            ))
            .about(table)
            .suggest(by_index(table, constraint, "key", "UNIQUE")),
        )
    })
}

/// The index first, beside the writers; then the constraint takes it over.
pub(super) fn by_index(table: &Name, constraint: &Constraint, suffix: &str, kind: &str) -> String {
    let columns: Vec<&str> = constraint.columns.iter().map(|name| name.spelling.as_str()).collect();
    let columns = columns.join(", ");
    let name = match &constraint.name {
        Some(name) => name.spelling.clone(),
        None => {
            let parts = constraint.columns.iter().map(|name| name.name.as_str());
            let middle = if suffix == "pkey" { String::new() } else { parts.map(|part| format!("_{part}")).collect() };
            crate::Ident::new(format!("{}{middle}_{suffix}", table.name)).to_string()
        }
    };
    format!(
        "-- rows that are in the way: SELECT {columns} FROM {table} GROUP BY {columns} HAVING count(*) > 1;\n\
         CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns});\n\
         ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};"
    )
}
