//! A table that is written anew to make it smaller or ordered.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "compact-table",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Compact { verb, table } = case.statement else {
            return None;
        };
        if table.as_ref().is_some_and(|table| case.makes(table)) {
            return None;
        }
        let named = table.as_ref().map_or("every table", |table| table.spelling.as_str());
        let draft = case.draft(format!(
            "reads and writes of {named} wait while the table and all its indexes are written anew"
        ));
        let draft = match table {
            Some(table) => draft.about(table),
            None => draft,
        };
        let target = table.as_ref().map(|table| format!(" {table}")).unwrap_or_default();
        Some(draft.suggest(match *verb {
            "CLUSTER" => "leave it out of migrations: the order is lost with the next writes".to_owned(),
            _ => format!("VACUUM (ANALYZE){target}; -- the space is used again; give it back to the system in a maintenance window only"),
        }))
    })
}
