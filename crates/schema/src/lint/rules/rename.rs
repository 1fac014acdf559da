//! Another name for what running clients use by the old one.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{Name, Statement, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "rename",
    severity: Severity::Warning,
    concern: Concern::Clients,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    let mut drafts = file.each_action(|case, table, action| {
        let (message, suggestion) = match &action.change {
            TableChange::RenameColumn { from, to } => (
                format!("clients that know the column as {from} fail from this moment on"),
                format!("ALTER TABLE {table} ADD COLUMN {to} …;\n-- then have a trigger keep both, move the clients, and drop {from} in a later migration"),
            ),
            TableChange::RenameTable(to) => (
                format!("clients that know the table as {table} fail from this moment on"),
                bridge(table, to),
            ),
            TableChange::SetSchema(schema) => (
                format!("clients that know the table as {table} may no longer find it"),
                bridge(table, &Name {
                    schema: Some(schema.name.clone()),
                    spelling: format!("{schema}.{}", table.name),
                    ..table.clone()
                }),
            ),
            _ => return None,
        };
        Some(case.draft(message).suggest(suggestion))
    });
    drafts.extend(file.each(|case| match case.statement {
        Statement::Rename { what, name, .. } if matches!(*what, "SCHEMA" | "VIEW" | "MATERIALIZED VIEW" | "TYPE" | "FUNCTION" | "PROCEDURE" | "ROUTINE" | "DOMAIN") => Some(
            case.draft(format!(
                "clients that know the {} as {name} fail from this moment on",
                what.to_ascii_lowercase()
            ))
            .suggest("make the new one beside it, move the clients, and drop the old one in a later migration"),
        ),
        Statement::RenameEnumValue { name, values } => {
            let (from, to) = values.clone().unwrap_or_default();
            Some(
                case.draft(format!("clients that know the value of {name} as {from} fail from this moment on"))
                    .suggest(format!("ALTER TYPE {name} ADD VALUE {to} AFTER {from};\n-- then move rows and clients")),
            )
        }
        _ => None,
    }));
    drafts
}

/// A view under the old name, in the same transaction.
fn bridge(old: &Name, new: &Name) -> String {
    format!(
        "-- in the same transaction, until no client uses the old name; writes go through the view as well:\n\
         CREATE VIEW {old} AS SELECT * FROM {new};"
    )
}
