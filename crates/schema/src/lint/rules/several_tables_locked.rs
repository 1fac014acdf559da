//! Locks on several tables, one after the other, in one transaction.

use super::{Concern, Draft, File, Rule, Severity};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "several-tables-locked",
    severity: Severity::Note,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    let mut drafts = file.each(|case| {
        let seen = case.seen?;
        let mut locked: Vec<String> = seen
            .blocked()
            .filter(|held| held.mode.blocks_reads())
            .map(|held| held.relation.to_string())
            .collect();
        locked.sort();
        locked.dedup();
        let now = seen.blocked().any(|held| held.taken_now && held.mode.blocks_reads());
        let earlier = seen.blocked().any(|held| !held.taken_now && held.mode.blocks_reads());
        (now && earlier && locked.len() > 1).then(|| {
            case.draft(format!(
                "{} are locked together from here on: clients that use them in another order can run into a deadlock with it",
                locked.join(" and ")
            ))
            .suggest("one table per file")
        })
    });
    // Once is enough.
    drafts.truncate(1);
    drafts
}
