//! All rows of a table, gone.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "truncate",
    severity: Severity::Warning,
    concern: Concern::Loss,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::Truncate { tables, cascade } = case.statement else {
            return None;
        };
        let table = tables.iter().find(|table| !case.makes(table))?;
        let reached: Vec<String> = case
            .seen
            .map(|seen| seen.blocked().filter(|held| held.taken_now && held.mode.blocks_reads()).collect::<Vec<_>>())
            .unwrap_or_default()
            .iter()
            .filter(|held| !tables.iter().any(|table| held.relation.is(table)))
            .map(|held| held.relation.to_string())
            .collect();
        let also = match (reached.is_empty(), cascade) {
            (false, _) => format!(", and those of {}", reached.join(", ")),
            (true, true) => ", and those of every table that refers to it".to_owned(),
            (true, false) => String::new(),
        };
        Some(
            case.draft(format!("all rows of {table} are gone{also}, and everybody waits for it"))
                .about(table)
                .suggest(format!("DELETE FROM {table} WHERE …; -- what is really meant to go, in portions of some thousands")),
        )
    })
}
