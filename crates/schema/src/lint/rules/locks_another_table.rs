//! A lock on a table that the statement does not name.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{DropKind, Statement, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "locks-another-table",
    severity: Severity::Note,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each(|case| {
        let what = match case.statement {
            Statement::Drop(drop) if drop.kind == DropKind::Table => "this table is bound to it",
            Statement::AlterTable { actions, .. }
                if actions
                    .iter()
                    .any(|action| matches!(action.change, TableChange::DropConstraint(_))) =>
            {
                "the foreign key ends there"
            }
            Statement::CreateTable(created) if created.partition_of.is_none() => "the new table refers to it",
            _ => return None,
        };
        let named = |name: &str| match case.statement {
            Statement::AlterTable { table, .. } => table.name == name,
            Statement::Drop(drop) => drop.names.iter().any(|dropped| dropped.name == name),
            _ => false,
        };
        let other = case.seen?.blocked().find(|held| held.taken_now && !named(&held.relation.name))?;
        let who = if other.mode.blocks_reads() { "reads and writes" } else { "writes" };
        Some(
            case.draft(format!(
                "for a moment, {who} of {} wait as well: {what}",
                other.relation
            ))
            .suggest("have no other statement in the same transaction, and one such statement per file"),
        )
    })
}
