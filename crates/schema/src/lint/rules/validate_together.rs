//! A constraint that is validated under the lock that it was added with.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{Statement, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "validate-together",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_action(|case, table, action| {
        let TableChange::ValidateConstraint(name) = &action.change else {
            return None;
        };
        let adds = |change: &TableChange| match change {
            TableChange::AddConstraint(constraint) => {
                constraint.not_valid && constraint.name.as_ref().is_some_and(|added| added.may_be(name))
            }
            _ => false,
        };
        let added_before = file.cases().take(case.index + 1).any(|earlier| match earlier.statement {
            Statement::AlterTable { table: other, actions } => {
                other.may_be(table)
                    && file.share_a_transaction(earlier.index, case.index)
                    && actions.iter().any(|action| adds(&action.change))
            }
            _ => false,
        });
        added_before.then(|| {
            case.draft(format!(
                "{table} stays locked from the ADD CONSTRAINT on while every row is read for {name}: in one transaction, NOT VALID gains nothing"
            ))
            .about(table)
            .suggest("put this statement into a file of its own, or -- ponte: no-transaction into this one")
        })
    })
}
