//! `ALTER …`.

use std::ops::Range;

use super::column::{self, Column, Constraint, begins_constraint};
use super::cursor::Cursor;
use super::{Name, Statement, code};

/// One action of an `ALTER TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAction {
    /// What it does.
    pub change: TableChange,
    /// As it is spelled.
    pub text: String,
    /// Where it stands in the statement.
    pub span: Range<usize>,
}

/// What an action does to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableChange {
    /// `ADD COLUMN`.
    AddColumn {
        /// The column.
        column: Column,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP COLUMN`.
    DropColumn(Name),
    /// `ALTER COLUMN`.
    AlterColumn {
        /// The column.
        column: Name,
        /// What is done to it.
        change: ColumnChange,
    },
    /// `ADD CONSTRAINT`.
    AddConstraint(Constraint),
    /// `DROP CONSTRAINT`.
    DropConstraint(Name),
    /// `VALIDATE CONSTRAINT`.
    ValidateConstraint(Name),
    /// `RENAME COLUMN`.
    RenameColumn {
        /// The old name.
        from: Name,
        /// The new one.
        to: Name,
    },
    /// `RENAME TO`.
    RenameTable(Name),
    /// `SET SCHEMA`.
    SetSchema(Name),
    /// `OWNER TO`.
    Owner,
    /// `SET LOGGED`, `UNLOGGED`, `TABLESPACE` or `ACCESS METHOD`: what is set.
    Storage(&'static str),
    /// `REPLICA IDENTITY`.
    ReplicaIdentity,
    /// `ENABLE`, `DISABLE`, `FORCE` or `NO FORCE ROW LEVEL SECURITY`: the first word.
    RowSecurity(&'static str),
    /// `ENABLE` or `DISABLE TRIGGER`.
    SwitchTrigger,
    /// `ATTACH PARTITION`.
    AttachPartition {
        /// The table that becomes a partition.
        partition: Name,
        /// Its bounds, as they are spelled.
        bounds: String,
    },
    /// `DETACH PARTITION`.
    DetachPartition {
        /// The partition.
        partition: Name,
        /// `CONCURRENTLY` or `FINALIZE`.
        concurrently: bool,
    },
    /// Anything else.
    Other,
}

/// What is done to a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnChange {
    /// `TYPE`: the new one, as it is spelled, without COLLATE and USING.
    Type(String),
    /// `SET NOT NULL`.
    SetNotNull,
    /// `DROP NOT NULL`.
    DropNotNull,
    /// Anything else.
    Other,
}

const KINDS: [&str; 14] = [
    "SCHEMA",
    "TYPE",
    "FUNCTION",
    "PROCEDURE",
    "ROUTINE",
    "AGGREGATE",
    "VIEW",
    "MATERIALIZED VIEW",
    "SEQUENCE",
    "DATABASE",
    "DOMAIN",
    "FOREIGN TABLE",
    "INDEX",
    "POLICY",
];

/// What follows `ALTER`.
pub(super) fn read(mut cursor: Cursor<'_>) -> Option<Statement> {
    if cursor.eat("table") || cursor.eat("foreign table") {
        return table(cursor);
    }
    if cursor.eat("extension") {
        let name = cursor.name()?;
        return cursor
            .sees("update")
            .then_some(Statement::UpdateExtension { name });
    }
    if cursor.eat_any(&["role", "user", "group"]).is_some() {
        return role("ALTER", cursor);
    }
    if cursor.eat("default privileges") {
        return Some(default_privileges(cursor));
    }
    if cursor.sees("policy") {
        return code::policy("ALTER", cursor);
    }
    let what = KINDS
        .into_iter()
        .find(|kind| cursor.eat(&kind.to_ascii_lowercase()))?;
    cursor.eat("if exists");
    let name = cursor.name()?;
    if cursor.sees("(") {
        cursor.skip();
    }
    match what {
        "TYPE" if cursor.eat("add value") => Some(Statement::AddEnumValue {
            name,
            placed: cursor.has("before") || cursor.has("after"),
        }),
        "TYPE" if cursor.eat("rename value") => Some(rename_value(name, cursor)),
        "DOMAIN" if cursor.sees("add") || cursor.sees("set not null") => Some(Statement::NarrowDomain {
            name,
            text: cursor.rest().to_owned(),
            not_valid: cursor.has("not valid"),
        }),
        "SEQUENCE" if cursor.has("restart") => Some(Statement::RestartSequence { name }),
        _ if cursor.eat("rename to") => Some(Statement::Rename {
            what,
            name,
            to: cursor.name(),
        }),
        _ if cursor.sees("set schema") => Some(Statement::Rename { what, name, to: None }),
        _ => None,
    }
}

/// A change of default privileges grants what comes later.
fn default_privileges(mut cursor: Cursor<'_>) -> Statement {
    if cursor.seek("grant") {
        cursor.skip();
        return super::data::grant(cursor).unwrap_or(Statement::Other);
    }
    Statement::Revoke
}

fn rename_value(name: Name, mut cursor: Cursor<'_>) -> Statement {
    let from = cursor.rest().split_whitespace().next().map(str::to_owned);
    cursor.skip();
    cursor.eat("to");
    Statement::RenameEnumValue {
        name,
        values: from.map(|from| (from, cursor.rest().to_owned())),
    }
}

pub(super) fn role(verb: &'static str, mut cursor: Cursor<'_>) -> Option<Statement> {
    Some(Statement::Role {
        verb,
        name: cursor.name()?,
        password: cursor.has("password") && !cursor.has("password null"),
    })
}

fn table(mut cursor: Cursor<'_>) -> Option<Statement> {
    cursor.eat("if exists");
    cursor.eat("only");
    let table = cursor.name()?;
    cursor.eat("*");
    let actions = cursor.parts().into_iter().map(|part| TableAction {
        text: part.rest().to_owned(),
        span: part.span(),
        change: change(part).unwrap_or(TableChange::Other),
    });
    Some(Statement::AlterTable {
        table,
        actions: actions.collect(),
    })
}

fn change(mut cursor: Cursor<'_>) -> Option<TableChange> {
    const VERBS: [&str; 12] = [
        "add", "drop", "alter", "validate", "rename", "set", "owner", "replica", "attach", "detach",
        "enable", "disable",
    ];
    let whole = cursor.clone();
    match cursor.eat_any(&VERBS) {
        Some("add") => add(cursor),
        Some("drop") => drop(cursor),
        Some("alter") => alter_column(cursor),
        Some("validate") => cursor
            .eat("constraint")
            .then(|| cursor.name())?
            .map(TableChange::ValidateConstraint),
        Some("rename") => rename(cursor),
        Some("set") => set(cursor),
        Some("owner") => Some(TableChange::Owner),
        Some("replica") => Some(TableChange::ReplicaIdentity),
        Some("attach") => {
            cursor.eat("partition");
            Some(TableChange::AttachPartition {
                partition: cursor.name()?,
                bounds: cursor.rest().to_owned(),
            })
        }
        Some("detach") => {
            cursor.eat("partition");
            Some(TableChange::DetachPartition {
                partition: cursor.name()?,
                concurrently: cursor.sees("concurrently") || cursor.sees("finalize"),
            })
        }
        Some(verb @ ("enable" | "disable")) => Some(if cursor.sees("row level security") {
            TableChange::RowSecurity(if verb == "enable" { "ENABLE" } else { "DISABLE" })
        } else {
            TableChange::SwitchTrigger
        }),
        _ if whole.sees("force row") => Some(TableChange::RowSecurity("FORCE")),
        _ if whole.sees("no force row") => Some(TableChange::RowSecurity("NO FORCE")),
        _ => None,
    }
}

fn add(mut cursor: Cursor<'_>) -> Option<TableChange> {
    if begins_constraint(&cursor) {
        return column::constraint(cursor).map(TableChange::AddConstraint);
    }
    cursor.eat("column");
    let if_not_exists = cursor.eat("if not exists");
    Some(TableChange::AddColumn {
        column: column::column(cursor)?,
        if_not_exists,
    })
}

fn drop(mut cursor: Cursor<'_>) -> Option<TableChange> {
    let constraint = cursor.eat("constraint");
    if !constraint {
        cursor.eat("column");
    }
    cursor.eat("if exists");
    let name = cursor.name()?;
    Some(if constraint {
        TableChange::DropConstraint(name)
    } else {
        TableChange::DropColumn(name)
    })
}

fn alter_column(mut cursor: Cursor<'_>) -> Option<TableChange> {
    if cursor.sees("constraint") {
        return None;
    }
    cursor.eat("column");
    let column = cursor.name()?;
    let change = if cursor.eat("type") || cursor.eat("set data type") {
        let start = cursor.clone();
        while !cursor.is_empty() && !cursor.sees("using") && !cursor.sees("collate") {
            cursor.skip();
        }
        ColumnChange::Type(start.up_to(&cursor).rest().to_owned())
    } else if cursor.sees("set not null") {
        ColumnChange::SetNotNull
    } else if cursor.sees("drop not null") {
        ColumnChange::DropNotNull
    } else {
        ColumnChange::Other
    };
    Some(TableChange::AlterColumn { column, change })
}

fn rename(mut cursor: Cursor<'_>) -> Option<TableChange> {
    if cursor.sees("constraint") {
        return None;
    }
    if cursor.eat("to") {
        return cursor.name().map(TableChange::RenameTable);
    }
    cursor.eat("column");
    let from = cursor.name()?;
    cursor.eat("to");
    Some(TableChange::RenameColumn {
        from,
        to: cursor.name()?,
    })
}

fn set(mut cursor: Cursor<'_>) -> Option<TableChange> {
    if cursor.eat("schema") {
        return cursor.name().map(TableChange::SetSchema);
    }
    const STORAGE: [&str; 4] = ["LOGGED", "UNLOGGED", "TABLESPACE", "ACCESS METHOD"];
    STORAGE
        .into_iter()
        .find(|what| cursor.sees(&what.to_ascii_lowercase()))
        .map(TableChange::Storage)
}
