//! A column that no row can have a value for.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-not-null-column",
    severity: Severity::Warning,
    concern: Concern::Loss,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddColumn { column, .. } = &action.change else {
            return None;
        };
        let has_value = column.default.is_some() || column.identity || column.generated || column.is_serial();
        if !column.not_null || has_value {
            return None;
        }
        let (name, data_type) = (&column.name, &column.data_type);
        Some(
            case.draft(format!(
                "fails where {table} has a row: {name} may not be null and has no default; and clients that do not know the column can no longer insert"
            ))
            .about(table)
            .suggest(format!(
                "ALTER TABLE {table} ADD COLUMN {name} {data_type};\n-- then fill the rows that are there, and in a later file:\n{}",
                super::set_not_null::steps(table, name)
            )),
        )
    })
}
