//! A foreign key that comes with a new column.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{ConstraintKind, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-column-references",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddColumn { column, .. } = &action.change else {
            return None;
        };
        let (constraint, references) = column.constraints.iter().find_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey { references } => Some((constraint, references)),
            _ => None,
        })?;
        let seen_idle = case.seen.is_some_and(|seen| !seen.checks_references());
        if seen_idle {
            return None;
        }
        let (name, data_type) = (&column.name, &column.data_type);
        let key = match &constraint.name {
            Some(name) => name.spelling.clone(),
            None => crate::Ident::new(format!("{}_{}_fkey", table.name, name.name)).to_string(),
        };
        Some(
            case.draft(format!(
                "reads and writes of {table}, and writes to {references}, wait while every row is looked up for the new column"
            ))
            .about(table)
            .suggest(format!(
                "-- ponte: no-transaction\n\
                 ALTER TABLE {table} ADD COLUMN {name} {data_type};\n\
                 ALTER TABLE {table} ADD CONSTRAINT {key} FOREIGN KEY ({name}) {} NOT VALID;\n\
                 ALTER TABLE {table} VALIDATE CONSTRAINT {key};",
                constraint.text
            )),
        )
    })
}
