//! A sequence that forgets how far it has counted.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{DropKind, Statement};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "reset-sequence",
    severity: Severity::Warning,
    concern: Concern::Loss,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let (name, what) = match case.statement {
            Statement::RestartSequence { name } => (name, "counts from another place, and may hand out numbers a second time"),
            Statement::Drop(drop) if drop.kind == DropKind::Sequence => {
                (drop.names.first()?, "is gone, and with it how far it has counted")
            }
            _ => return None,
        };
        let made = file.counterpart().is_empty() && file.cases().take(case.index).any(|earlier| {
            matches!(earlier.statement, Statement::CreateSequence { name: made } if made.may_be(name))
        });
        let missing = case.seen.is_some_and(|seen| seen.lock_on(name).is_none());
        (!made && !missing).then(|| {
            case.draft(format!("the sequence {name} {what}"))
                .suggest(format!("write down where it stands first: SELECT last_value FROM {name};"))
        })
    })
}
