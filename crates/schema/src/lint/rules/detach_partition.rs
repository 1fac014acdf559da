//! A partition that leaves while everybody waits for the whole table.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::TableChange;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "detach-partition",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| match &action.change {
        TableChange::DetachPartition {
            partition,
            concurrently: false,
        } => Some(
            case.draft(format!(
                "reads and writes of all of {table} wait, and so does everybody behind it in the queue"
            ))
            .about(table)
            .suggest(format!("ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY;")),
        ),
        _ => None,
    })
}
