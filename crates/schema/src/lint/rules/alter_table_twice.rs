//! A table that is read or written twice where once would do.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::observation::Work;
use crate::lint::statement::Statement;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "alter-table-twice",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::AlterTable { table, .. } = case.statement else {
            return None;
        };
        let kinds = |works: &[Work]| {
            let scan = works.iter().any(|work| matches!(work, Work::Scan(_)));
            let rewrite = works.iter().any(|work| matches!(work, Work::Rewrite(_)));
            scan || rewrite
        };
        if !kinds(&case.seen?.works) {
            return None;
        }
        let before = file.cases().take(case.index).any(|earlier| match earlier.statement {
            Statement::AlterTable { table: other, .. } => {
                other.may_be(table)
                    && file.share_a_transaction(earlier.index, case.index)
                    && earlier.seen.is_some_and(|seen| kinds(&seen.works))
            }
            _ => false,
        });
        before.then(|| {
            case.draft(format!(
                "{table} is gone through once more, after a statement before has done so in the same transaction"
            ))
            .about(table)
            .suggest("put the actions of both into one ALTER TABLE")
        })
    })
}
