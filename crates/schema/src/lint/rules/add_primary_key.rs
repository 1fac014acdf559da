//! A primary key whose index is built, and whose columns are read, while everybody waits.

use super::{Concern, Draft, File, Rule, Severity, add_unique, set_not_null};
use crate::lint::statement::{ConstraintKind, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "add-primary-key",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::AddConstraint(constraint) = &action.change else {
            return None;
        };
        let ConstraintKind::PrimaryKey { using_index } = constraint.kind else {
            return None;
        };
        // With a ready index, the rows are still read for a column that may be null.
        let idle = match case.seen {
            Some(seen) => !seen.builds() && !seen.scans(),
            None => using_index,
        };
        if idle {
            return None;
        }
        let what = match case.seen {
            Some(seen) if !seen.builds() => "every row is read for nulls",
            _ => "the index is built and every row is read for nulls",
        };
        let suggestion = if using_index {
            "prove that the columns are not null first, as the rule set-not-null says".to_owned()
        } else {
            let columns = constraint.columns.iter().map(|column| {
                let steps = set_not_null::steps(table, column);
                let steps = steps.trim_start_matches("-- ponte: no-transaction\n");
                format!("-- unless {column} is NOT NULL already:\n{steps}\n")
            });
            format!(
                "-- ponte: no-transaction\n{}{}",
                columns.collect::<String>(),
                add_unique::by_index(table, constraint, "pkey", "PRIMARY KEY")
            )
        };
        Some(
            case.draft(format!("reads and writes of {table} wait while {what}"))
                .about(table)
                .suggest(suggestion),
        )
    })
}
