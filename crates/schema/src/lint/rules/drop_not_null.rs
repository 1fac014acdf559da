//! A column that may be null from now on.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{ColumnChange, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "drop-not-null",
    severity: Severity::Note,
    concern: Concern::Clients,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| match &action.change {
        TableChange::AlterColumn {
            column,
            change: ColumnChange::DropNotNull,
        } => Some(
            case.draft(format!("clients that read {column} of {table} may not expect a null"))
                .suggest("release clients that do first"),
        ),
        _ => None,
    })
}
