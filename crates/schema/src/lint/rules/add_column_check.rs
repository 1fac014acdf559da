//! A condition that comes with a new column, so that every row is read.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{ConstraintKind, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-column-check",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddColumn { column, .. } = &action.change else {
            return None;
        };
        let constraint = column
            .constraints
            .iter()
            .find(|constraint| constraint.kind == ConstraintKind::Check)?;
        let seen_idle = case.seen.is_some_and(|seen| !seen.scans() && !seen.rewrites());
        if seen_idle {
            return None;
        }
        let name = match &constraint.name {
            Some(name) => name.spelling.clone(),
            None => crate::Ident::new(format!("{}_{}_check", table.name, column.name.name)).to_string(),
        };
        let (column_name, data_type) = (&column.name, &column.data_type);
        let default = column.default.as_ref().map(|default| format!(" DEFAULT {default}"));
        Some(
            case.draft(format!(
                "reads and writes of {table} wait while every row is read for the condition on {column_name}"
            ))
            .about(table)
            .suggest(format!(
                "-- ponte: no-transaction\n\
                 ALTER TABLE {table} ADD COLUMN {column_name} {data_type}{};\n\
                 ALTER TABLE {table} ADD CONSTRAINT {name} {} NOT VALID;\n\
                 ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
                default.unwrap_or_default(),
                constraint.text
            )),
        )
    })
}
