//! A unique index that comes with a new column and is built while everybody waits.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{ConstraintKind, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-column-unique",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddColumn { column, .. } = &action.change else {
            return None;
        };
        let constraint = column.constraints.iter().find(|constraint| {
            matches!(
                constraint.kind,
                ConstraintKind::Unique { .. } | ConstraintKind::PrimaryKey { .. }
            )
        })?;
        if case.seen.is_some_and(|seen| !seen.builds()) {
            return None;
        }
        let (name, data_type) = (&column.name, &column.data_type);
        let key = match &constraint.name {
            Some(name) => name.spelling.clone(),
            None => crate::Ident::new(format!("{}_{}_key", table.name, name.name)).to_string(),
        };
        let kind = match constraint.kind {
            ConstraintKind::PrimaryKey { .. } => "PRIMARY KEY",
            _ => "UNIQUE",
        };
        Some(
            case.draft(format!(
                "reads and writes of {table} wait until the index of {name} is built"
            ))
            .about(table)
            .suggest(format!(
                "ALTER TABLE {table} ADD COLUMN {name} {data_type};\n\
                 CREATE UNIQUE INDEX CONCURRENTLY {key} ON {table} ({name});\n\
                 ALTER TABLE {table} ADD CONSTRAINT {key} {kind} USING INDEX {key};"
            )),
        )
    })
}
