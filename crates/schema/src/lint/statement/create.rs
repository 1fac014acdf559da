//! `CREATE …`.

use super::column::{self, Column, Constraint, begins_constraint};
use super::cursor::Cursor;
use super::{Name, Statement, alter, code};

/// `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub table: Name,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// The parent of `PARTITION OF`.
    pub partition_of: Option<Name>,
    /// The bounds of `PARTITION OF`, as they are spelled.
    pub bounds: String,
    /// `INHERITS` or `OF`, `LIKE`, `AS`: what it consists of is written elsewhere.
    pub derived: bool,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Constraints that stand beside the columns.
    pub constraints: Vec<Constraint>,
}

impl CreateTable {
    /// All constraints, inside and beside columns.
    pub fn all_constraints(&self) -> impl Iterator<Item = &Constraint> {
        let inside = self.columns.iter().flat_map(|column| &column.constraints);
        inside.chain(&self.constraints)
    }
}

/// `CREATE INDEX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIndex {
    /// Its name, where it is given one.
    pub name: Option<Name>,
    /// Its table.
    pub table: Name,
    /// `UNIQUE`.
    pub unique: bool,
    /// Beside the writers.
    pub concurrently: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `ON ONLY`.
    pub only: bool,
    /// How many columns or expressions it has.
    pub columns: usize,
    /// From the name of the table on, as it is spelled.
    pub rest: String,
}

/// What follows `CREATE`.
pub(super) fn read(mut cursor: Cursor<'_>) -> Option<Statement> {
    let replace = cursor.eat("or replace");
    if cursor.sees("unique index") || cursor.sees("index") {
        return index(cursor);
    }
    if let Some(verb) = cursor.eat_any(&["role", "user mapping", "user", "group"]) {
        return if verb == "user mapping" {
            None
        } else {
            alter::role("CREATE", cursor)
        };
    }
    if cursor.eat("rule") {
        cursor.seek("to");
        cursor.eat("to");
        return Some(Statement::CreateRule {
            table: cursor.name()?,
        });
    }
    if cursor.sees("policy") {
        return code::policy("CREATE", cursor);
    }
    if cursor.sees("function") || cursor.sees("procedure") {
        return code::function(cursor);
    }
    if cursor.eat("trigger") || cursor.eat("constraint trigger") {
        let name = cursor.name()?;
        cursor.seek("on");
        cursor.eat("on");
        return Some(Statement::CreateTrigger {
            name,
            table: cursor.name()?,
        });
    }
    if cursor.eat("schema") {
        cursor.eat("if not exists");
        return Some(Statement::CreateSchema { name: cursor.name()? });
    }
    if cursor.eat("materialized view") {
        cursor.eat("if not exists");
        return Some(Statement::CreateMaterializedView { name: cursor.name()? });
    }
    if cursor.eat("type") {
        let name = cursor.name()?;
        return cursor.sees("as enum").then_some(Statement::CreateEnum { name });
    }
    let temporary = cursor
        .eat_any(&["temporary", "temp", "local temporary", "local temp"])
        .is_some();
    cursor.eat("unlogged");
    cursor.eat("recursive");
    if cursor.eat("view") {
        return code::view(cursor, replace, temporary);
    }
    if cursor.eat("sequence") {
        cursor.eat("if not exists");
        return Some(Statement::CreateSequence { name: cursor.name()? });
    }
    if cursor.eat("table") {
        return table(cursor, temporary).map(Statement::CreateTable);
    }
    None
}

fn index(mut cursor: Cursor<'_>) -> Option<Statement> {
    let unique = cursor.eat("unique");
    cursor.eat("index");
    let concurrently = cursor.eat("concurrently");
    let if_not_exists = cursor.eat("if not exists");
    let name = if cursor.sees("on") { None } else { cursor.name() };
    cursor.eat("on");
    let only = cursor.eat("only");
    let rest = cursor.rest().to_owned();
    let table = cursor.name()?;
    if cursor.eat("using") {
        cursor.name();
    }
    Some(Statement::CreateIndex(CreateIndex {
        name,
        table,
        unique,
        concurrently,
        if_not_exists,
        only,
        columns: cursor.brackets().map_or(0, |inside| inside.parts().len()),
        rest,
    }))
}

fn table(mut cursor: Cursor<'_>, temporary: bool) -> Option<CreateTable> {
    cursor.eat("if not exists");
    let mut created = CreateTable {
        table: cursor.name()?,
        temporary,
        partition_of: None,
        bounds: String::new(),
        derived: false,
        columns: Vec::new(),
        constraints: Vec::new(),
    };
    if cursor.eat("partition of") {
        created.partition_of = cursor.name();
    }
    created.derived = cursor.sees("of") || cursor.sees("as");
    if let Some(inside) = cursor.brackets() {
        for part in inside.parts() {
            if begins_constraint(&part) {
                created.constraints.extend(column::constraint(part));
            } else if part.sees("like") {
                created.derived = true;
            } else {
                created.columns.extend(column::column(part));
            }
        }
    }
    created.derived |= cursor.has("inherits") || cursor.has("as");
    let mut end = cursor.clone();
    for word in ["partition by", "with", "tablespace", "using"] {
        if cursor.has(word) {
            end.seek(word);
            break;
        }
    }
    if created.partition_of.is_some() {
        let bounds = if end.is_empty() || end.rest() == cursor.rest() {
            cursor
        } else {
            cursor.up_to(&end)
        };
        created.bounds = bounds.rest().to_owned();
    }
    Some(created)
}
