//! A primary key that runs out of numbers.

use super::{Concern, Draft, File, Rule, Severity};
use crate::lint::file::Case;
use crate::lint::statement::{Column, ConstraintKind, Name, Statement};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "small-key",
    severity: Severity::Note,
    concern: Concern::Habit,
    check: Some(check),
};

fn check(file: &File<'_>) -> Vec<Draft> {
    file.each_column(judge)
}

fn judge(case: Case<'_>, table: &Name, column: &Column) -> Option<Draft> {
    if !(is_small_key(&case, column)) {
        return None;
    }
    let name = &column.name;
    Some(case.draft(format!("{name} of {table} runs out of numbers, and making it larger then writes the table anew")).suggest(format!("{name} bigint")))
}

/// Whether a primary key, inside the column or beside it, consists of this small number alone.
fn is_small_key(case: &Case<'_>, column: &Column) -> bool {
    let small = ["integer", "int", "int4", "smallint", "int2", "serial", "serial4", "smallserial", "serial2"];
    let beside = match case.statement {
        Statement::CreateTable(created) => created.constraints.as_slice(),
        _ => &[],
    };
    let is_key = |kind: &ConstraintKind| matches!(kind, ConstraintKind::PrimaryKey { .. });
    let inside = column.constraints.iter().any(|constraint| is_key(&constraint.kind));
    let alone = beside.iter().any(|constraint| {
        is_key(&constraint.kind) && constraint.columns.len() == 1 && constraint.columns[0].name == column.name.name
    });
    column.is_of(&small) && (inside || alone)
}
