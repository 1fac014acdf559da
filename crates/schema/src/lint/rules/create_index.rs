//! An index that is built while writes wait.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::observation::RelationKind;
use crate::lint::statement::{CreateIndex, Statement};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "create-index",
    severity: Severity::Warning,
    concern: Concern::Waiting,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let Statement::CreateIndex(index) = case.statement else {
            return None;
        };
        if index.concurrently || index.only || case.makes(&index.table) {
            return None;
        }
        // On a parent without partitions nothing is built.
        let builds_nothing = case.seen.is_some_and(|seen| !seen.builds() && !seen.skipped);
        if builds_nothing {
            return None;
        }
        let table = &index.table;
        let draft = if case.seen.is_some_and(|seen| seen.skipped) {
            case.draft(format!(
                "writes to {table} wait for this statement, although the index is there already"
            ))
            .weighs(Severity::Note)
        } else {
            case.draft(format!("writes to {table} wait until the index is built"))
        };
        let is_partitioned = case.seen.is_some_and(|seen| {
            let of_table = seen.held.iter().filter(|held| held.relation.is(table));
            of_table.into_iter().any(|held| held.relation.kind == RelationKind::PartitionedTable)
        });
        let suggestion = if is_partitioned { by_partition(index) } else { concurrently(index) };
        Some(draft.about(table).suggest(suggestion))
    })
}

/// A partitioned table cannot have it built beside the writers; its partitions can, one by one.
fn by_partition(index: &CreateIndex) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = name(index);
    format!(
        "CREATE {unique}INDEX {name} ON ONLY {};\n\
         -- then for each partition: CREATE {unique}INDEX CONCURRENTLY … ON …; ALTER INDEX {name} ATTACH PARTITION …;",
        index.rest
    )
}

fn name(index: &CreateIndex) -> String {
    match &index.name {
        Some(name) => name.spelling.clone(),
        None => format!("{}_idx", index.table.name),
    }
}

/// The same index beside the writers. It gets a name, so that a build that fails can be found and taken up again.
fn concurrently(index: &CreateIndex) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = name(index);
    format!("CREATE {unique}INDEX CONCURRENTLY {name} ON {};", index.rest)
}
