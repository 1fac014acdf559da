//! Whatever was seen making others wait for long, and that no other rule has a name for.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::observation::Work;
use crate::lint::statement::Name;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "long-lock",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: None,
};

/// Statements that did work which grows with a table, under a lock that others wait for, and that nobody has named.
pub(in crate::lint) fn unnamed(file: &File<'_>, named: &[usize]) -> Vec<Draft> {
    file.each(|case| {
        let seen = case.seen?;
        if named.contains(&case.index) {
            return None;
        }
        let waits_for = |work: &Work| {
            let held = seen.blocked().filter(|held| *work.table() == held.relation);
            held.max_by_key(|held| held.mode)
        };
        let (held, work) = seen.works.iter().find_map(|work| Some((waits_for(work)?, work)))?;
        let who = if held.mode.blocks_reads() { "reads and writes" } else { "writes" };
        let waiting = match work {
            Work::Rewrite(_) => "it is written anew",
            Work::Scan(_) => "every row of it is read",
            Work::Build { .. } => "an index of it is built",
            Work::CheckReferences { .. } => "references to or from it are looked up",
        };
        let table = Name {
            schema: Some(held.relation.schema.clone()),
            name: held.relation.name.clone(),
            spelling: held.relation.to_string(),
        };
        Some(
            case.draft(format!("{who} of {table} wait while {waiting}"))
                .about(&table)
                .suggest("find a form that works beside the writers, or run it in a maintenance window"),
        )
    })
}
