//! Rows that are changed while a table is locked by a statement before.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{Name, Statement};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "change-under-lock",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let (verb, table) = match case.statement {
            Statement::Change { verb, table, filtered: true } => (*verb, table),
            Statement::Insert { table, from_query: true } => ("INSERT", table),
            _ => return None,
        };
        let locked = match case.seen {
            Some(seen) => {
                let held = seen.blocked().find(|held| !held.taken_now)?;
                Name {
                    schema: Some(held.relation.schema.clone()),
                    name: held.relation.name.clone(),
                    spelling: held.relation.to_string(),
                }
            }
            None => file.cases().take(case.index).find_map(|earlier| match earlier.statement {
                Statement::AlterTable { table, .. }
                    if !earlier.makes(table) && file.share_a_transaction(earlier.index, case.index) =>
                {
                    Some(table.clone())
                }
                _ => None,
            })?,
        };
        if case.makes(table) {
            return None;
        }
        Some(
            case.draft(format!(
                "{locked} stays locked by a statement before this {verb} until all of its rows are written"
            ))
            .about(table)
            .suggest("change the schema in one file and the rows in another, in portions of some thousands"),
        )
    })
}
