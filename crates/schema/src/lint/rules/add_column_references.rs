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
        // Without a default the new column is null in every row, and nothing is looked up.
        let looks_up = match case.seen {
            Some(seen) => seen.checks_references(),
            None => column.default.is_some(),
        };
        let (name, data_type) = (&column.name, &column.data_type);
        let key = match &constraint.name {
            Some(name) => name.spelling.clone(),
            None => crate::Ident::new(format!("{}_{}_fkey", table.name, name.name)).to_string(),
        };
        let draft = if looks_up {
            case.draft(format!(
                "reads and writes of {table}, and writes to {references}, wait while every row is looked up for the new column"
            ))
        } else {
            case.draft(format!("for a moment, writes to {references} wait as well as everybody at {table}"))
                .weighs(Severity::Note)
        };
        let default = column.default.as_ref().map(|default| format!(" DEFAULT {default}"));
        let default = default.unwrap_or_default();
        Some(
            draft
            .about(table)
            .suggest(format!(
                "-- ponte: no-transaction\n\
                 ALTER TABLE {table} ADD COLUMN {name} {data_type}{default};\n\
                 ALTER TABLE {table} ADD CONSTRAINT {key} FOREIGN KEY ({name}) {} NOT VALID;\n\
                 ALTER TABLE {table} VALIDATE CONSTRAINT {key};",
                constraint.text
            )),
        )
    })
}
