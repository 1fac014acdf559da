//! A DOWN that takes away more than its UP has made.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::statement::{DropKind, Name, Statement, TableChange};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "down-loses-data",
    severity: Severity::Warning,
    concern: Concern::Loss,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    if !file.is_down() {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for case in file.cases() {
        match case.statement {
            Statement::Drop(drop) if matches!(drop.kind, DropKind::Table | DropKind::Schema | DropKind::Sequence) => {
                for name in drop.names.iter().filter(|name| !case.makes(name)) {
                    drafts.push(lost(case.draft(format!("undoing this migration drops {name}")), name, made(file, name)));
                }
            }
            Statement::Truncate { tables, .. } => {
                for table in tables {
                    let draft = case.draft(format!("undoing this migration empties {table}"));
                    drafts.push(lost(draft, table, file.created_by_up(table)));
                }
            }
            Statement::Change {
                verb: "DELETE",
                table,
                filtered: false,
            } => {
                let draft = case.draft(format!("undoing this migration deletes every row of {table}"));
                drafts.push(lost(draft, table, file.created_by_up(table)));
            }
            Statement::AlterTable { table, actions } if !case.makes(table) => {
                for action in actions {
                    if let TableChange::DropColumn(column) = &action.change {
                        let draft = case
                            .draft(format!("undoing this migration drops {column} of {table}"))
                            .at(action.span.start);
                        drafts.push(lost(draft, table, added(file, table, column)));
                    }
                }
            }
            _ => {}
        }
    }
    drafts
}

/// What UP has made itself holds only what was written since; anything else held something before.
fn lost(draft: Draft, table: &Name, made_by_up: bool) -> Draft {
    let (what, severity) = if made_by_up {
        ("everything written to it since is lost", Severity::Note)
    } else {
        ("UP has not made it, so that it loses what was there before, too", Severity::Warning)
    };
    let message = format!("{}: {what}", draft.message);
    let suggestion = if made_by_up {
        format!("keep the rows first if they may be needed: CREATE TABLE … AS TABLE {table};")
    } else {
        "undo what UP does and no more".to_owned()
    };
    Draft { message, ..draft }.about(table).weighs(severity).suggest(suggestion)
}

fn made(file: &File<'_>, name: &Name) -> bool {
    file.created_by_up(name)
        || file.counterpart().iter().any(|statement| match statement {
            Statement::AlterTable { table, actions } => {
                let becomes = |change: &TableChange| matches!(change, TableChange::RenameTable(new) if new.may_be(name));
                actions.iter().any(|action| becomes(&action.change)) && file.created_by_up(table)
            }
            Statement::CreateSchema { name: schema } | Statement::CreateSequence { name: schema } => schema.may_be(name),
            _ => false,
        })
}

fn added(file: &File<'_>, table: &Name, column: &Name) -> bool {
    file.created_by_up(table)
        || file.counterpart().iter().any(|statement| match statement {
            Statement::AlterTable { table: other, actions } => {
                other.may_be(table)
                    && actions.iter().any(|action| match &action.change {
                        TableChange::AddColumn { column: added, .. } => added.name.name == column.name,
                        _ => false,
                    })
            }
            _ => false,
        })
}
