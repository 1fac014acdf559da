//! Definitions of columns and constraints.

use std::ops::Range;

use super::Name;
use super::cursor::Cursor;

/// A column as a statement defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Name,
    /// Its type, as it is spelled, on one line.
    pub data_type: String,
    /// `NOT NULL`, or `PRIMARY KEY`, which means it too.
    pub not_null: bool,
    /// The expression of `DEFAULT`.
    pub default: Option<String>,
    /// `GENERATED … AS IDENTITY`.
    pub identity: bool,
    /// `GENERATED ALWAYS AS (…) STORED`.
    pub stored: bool,
    /// `GENERATED ALWAYS AS (…)`, stored or not.
    pub generated: bool,
    /// Constraints that stand inside the definition.
    pub constraints: Vec<Constraint>,
    /// Where it stands in the statement.
    pub span: Range<usize>,
}

impl Column {
    /// Whether its type is one of these, whatever is in brackets behind it.
    pub fn is_of(&self, names: &[&str]) -> bool {
        let base = self.data_type.split(['(', '[']).next().unwrap_or_default().trim();
        names.iter().any(|name| base.eq_ignore_ascii_case(name))
    }

    /// Whether it draws its numbers from a sequence of its own.
    pub fn is_serial(&self) -> bool {
        self.is_of(&[
            "serial",
            "bigserial",
            "smallserial",
            "serial4",
            "serial8",
            "serial2",
        ])
    }
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `CHECK`.
    Check,
    /// `NOT NULL` with a name, from PostgreSQL 18 on.
    NotNull,
    /// `REFERENCES`.
    ForeignKey {
        /// The table referred to.
        references: Name,
    },
    /// `UNIQUE`.
    Unique {
        /// `USING INDEX`: it is built already.
        using_index: bool,
    },
    /// `PRIMARY KEY`.
    PrimaryKey {
        /// `USING INDEX`: it is built already.
        using_index: bool,
    },
    /// `EXCLUDE`.
    Exclude,
}

/// A constraint as a statement defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name, where it is given one.
    pub name: Option<Name>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// The columns that a key, a unique or a foreign one, consists of.
    pub columns: Vec<Name>,
    /// `NOT VALID`.
    pub not_valid: bool,
    /// From its key word on, as it is spelled.
    pub text: String,
    /// Where it stands in the statement.
    pub span: Range<usize>,
}

/// What ends a type or a default.
const PARTS: [&str; 13] = [
    "constraint",
    "not",
    "null",
    "check",
    "default",
    "generated",
    "unique",
    "primary",
    "references",
    "collate",
    "deferrable",
    "initially",
    "enforced",
];

fn at_part(cursor: &Cursor<'_>) -> bool {
    PARTS.iter().any(|word| cursor.sees(word))
}

/// Passes over an expression or a type, which has at least one token.
fn up_to_part<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    let start = cursor.clone();
    cursor.skip();
    while !cursor.is_empty() && !at_part(cursor) {
        cursor.skip();
    }
    start.up_to(cursor).rest()
}

/// `name type …`
pub(super) fn column(mut cursor: Cursor<'_>) -> Option<Column> {
    let span = cursor.span();
    let name = cursor.name()?;
    let data_type = if at_part(&cursor) || cursor.is_empty() {
        String::new()
    } else {
        let text = up_to_part(&mut cursor);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let mut column = Column {
        name,
        data_type,
        not_null: false,
        default: None,
        identity: false,
        stored: false,
        generated: false,
        constraints: Vec::new(),
        span,
    };
    while !cursor.is_empty() {
        column_part(&mut column, &mut cursor);
    }
    Some(column)
}

fn column_part(column: &mut Column, cursor: &mut Cursor<'_>) {
    if cursor.eat("not null") {
        column.not_null = true;
    } else if cursor.eat("default") {
        column.default = Some(up_to_part(cursor).to_owned());
    } else if cursor.eat("generated") {
        generated(column, cursor);
    } else {
        match inline_constraint(cursor) {
            Some(constraint) => {
                column.not_null |= matches!(constraint.kind, ConstraintKind::PrimaryKey { .. });
                column.constraints.push(constraint);
            }
            None => cursor.skip(),
        }
    }
}

fn generated(column: &mut Column, cursor: &mut Cursor<'_>) {
    cursor.eat("always");
    cursor.eat("by default");
    cursor.eat("as");
    if cursor.eat("identity") {
        column.identity = true;
        column.not_null = true;
    } else {
        column.generated = true;
        cursor.skip();
        column.stored = cursor.eat("stored");
    }
}

/// A constraint inside a column's definition; it ends where the next part begins.
fn inline_constraint(cursor: &mut Cursor<'_>) -> Option<Constraint> {
    let mut ahead = cursor.clone();
    let name = if ahead.eat("constraint") {
        ahead.name()
    } else {
        None
    };
    let start = ahead.clone();
    let kind = if ahead.eat("check") {
        ahead.skip();
        ahead.eat("no inherit");
        ConstraintKind::Check
    } else if ahead.eat("unique") {
        ConstraintKind::Unique { using_index: false }
    } else if ahead.eat("primary key") {
        ConstraintKind::PrimaryKey { using_index: false }
    } else if ahead.eat("references") {
        let references = ahead.name()?;
        // ON DELETE SET NULL is no part of its own.
        let ends = |at: &Cursor<'_>| at_part(at) && !at.sees("null") && !at.sees("default");
        while !ahead.is_empty() && !ends(&ahead) {
            ahead.skip();
        }
        ConstraintKind::ForeignKey { references }
    } else {
        return None;
    };
    let own = start.up_to(&ahead);
    *cursor = ahead;
    Some(Constraint {
        name,
        kind,
        columns: Vec::new(),
        not_valid: false,
        text: own.rest().to_owned(),
        span: own.span(),
    })
}

/// Whether a part of CREATE TABLE is a constraint and not a column.
pub(super) fn begins_constraint(cursor: &Cursor<'_>) -> bool {
    let mut after = cursor.clone();
    if after.eat("constraint") {
        return true;
    }
    cursor.sees("check (")
        || cursor.sees("primary key")
        || cursor.sees("foreign key")
        || cursor.sees("unique (")
        || cursor.sees("unique nulls")
        || cursor.sees("unique using")
        || cursor.sees("exclude (")
        || cursor.sees("exclude using")
        || cursor.sees("not null")
}

/// `[CONSTRAINT name] CHECK …` and its kin, up to the end of the part.
pub(super) fn constraint(mut cursor: Cursor<'_>) -> Option<Constraint> {
    let whole = cursor.span();
    let name = if cursor.eat("constraint") {
        cursor.name()
    } else {
        None
    };
    let text = cursor.rest().to_owned();
    let mut columns = Vec::new();
    let kind = if cursor.eat("check") {
        ConstraintKind::Check
    } else if cursor.eat("not null") {
        ConstraintKind::NotNull
    } else if cursor.eat("foreign key") {
        columns = cursor
            .brackets()
            .map(|mut inside| inside.names())
            .unwrap_or_default();
        cursor.seek("references");
        cursor.eat("references");
        ConstraintKind::ForeignKey {
            references: cursor.name()?,
        }
    } else if let Some(word) = cursor.eat_any(&["unique", "primary key"]) {
        let using_index = cursor.sees("using index");
        cursor.seek("(");
        columns = cursor
            .brackets()
            .map(|mut inside| inside.names())
            .unwrap_or_default();
        match word {
            "unique" => ConstraintKind::Unique { using_index },
            _ => ConstraintKind::PrimaryKey { using_index },
        }
    } else if cursor.eat("exclude") {
        ConstraintKind::Exclude
    } else {
        return None;
    };
    Some(Constraint {
        name,
        kind,
        columns,
        not_valid: cursor.has("not valid"),
        text,
        span: whole,
    })
}
