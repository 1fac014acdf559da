//! A partition that is made in its place while everybody waits for the whole table.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "create-partition",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::CreateTable(created) = case.statement else {
            return None;
        };
        let parent = created.partition_of.as_ref()?;
        if case.makes(parent) {
            return None;
        }
        let table = &created.table;
        let reads_default = case.seen.is_some_and(|seen| seen.scans());
        let message = if reads_default {
            format!("reads and writes of all of {parent} wait while every row of its default partition is read")
        } else {
            format!("reads and writes of all of {parent} wait, and so does everybody behind this statement in the queue")
        };
        Some(case.draft(message).about(parent).suggest(format!(
            "CREATE TABLE {table} (LIKE {parent} INCLUDING ALL);\n\
             -- with a CHECK that says what the bounds say, and one on a default partition that says the contrary, then\n\
             ALTER TABLE {parent} ATTACH PARTITION {table} {};",
            created.bounds
        )))
    })
}
