//! What a statement does, as far as its words say.
//!
//! This is no parser of SQL: it takes the statements that change a schema apart into what the rules ask about, and calls
//! everything else [`Statement::Other`]. Whether a statement is valid, and what it does to a table, is for the server to say.

mod alter;
mod code;
mod column;
mod create;
mod cursor;
mod data;
mod drop;
mod roles;

pub use alter::{ColumnChange, TableAction, TableChange};
pub use code::{Function, Policy, View};
pub use column::{Column, Constraint, ConstraintKind};
pub use create::{CreateIndex, CreateTable};
pub use drop::{Drop, DropKind};
pub use roles::roles_named_in;

use cursor::{Cursor, significant};

/// A name in a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The schema, where the statement names one.
    pub schema: Option<String>,
    /// The last part, as the catalog holds it.
    pub name: String,
    /// As the statement spells it.
    pub spelling: String,
}

impl Name {
    /// Whether both can mean the same object: a schema that is left out can be any.
    pub fn may_be(&self, other: &Self) -> bool {
        self.name == other.name
            && match (&self.schema, &other.schema) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.spelling)
    }
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// `ALTER TABLE`, one action after the other.
    AlterTable {
        /// The table, or view, index, sequence: the server takes any of them under this verb.
        table: Name,
        /// What is done to it.
        actions: Vec<TableAction>,
    },
    /// `CREATE TABLE`.
    CreateTable(CreateTable),
    /// `CREATE MATERIALIZED VIEW`.
    CreateMaterializedView {
        /// Its name.
        name: Name,
    },
    /// `CREATE SCHEMA`.
    CreateSchema {
        /// Its name.
        name: Name,
    },
    /// `CREATE SEQUENCE`.
    CreateSequence {
        /// Its name.
        name: Name,
    },
    /// `CREATE INDEX`.
    CreateIndex(CreateIndex),
    /// `DROP` of anything.
    Drop(Drop),
    /// `TRUNCATE`.
    Truncate {
        /// The tables named.
        tables: Vec<Name>,
        /// And whatever refers to them.
        cascade: bool,
    },
    /// `UPDATE` or `DELETE`.
    Change {
        /// `UPDATE` or `DELETE`.
        verb: &'static str,
        /// The table.
        table: Name,
        /// There is a WHERE.
        filtered: bool,
    },
    /// `INSERT`, `MERGE`, `COPY … FROM`.
    Insert {
        /// The table.
        table: Name,
        /// The rows come from a query.
        from_query: bool,
    },
    /// `REINDEX`.
    Reindex {
        /// `INDEX`, `TABLE`, `SCHEMA`, `DATABASE`, `SYSTEM`.
        what: &'static str,
        /// What is named.
        name: Option<Name>,
        /// Beside the writers.
        concurrently: bool,
    },
    /// `VACUUM FULL` or `CLUSTER`.
    Compact {
        /// `VACUUM FULL` or `CLUSTER`.
        verb: &'static str,
        /// The table, where one is named.
        table: Option<Name>,
    },
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh {
        /// The view.
        view: Name,
        /// Beside the readers.
        concurrently: bool,
        /// `WITH NO DATA`.
        empty: bool,
    },
    /// `CREATE TRIGGER`.
    CreateTrigger {
        /// Its name.
        name: Name,
        /// Its table.
        table: Name,
    },
    /// `CREATE RULE`.
    CreateRule {
        /// Its table.
        table: Name,
    },
    /// `CREATE POLICY` or `ALTER POLICY`.
    Policy(Policy),
    /// `CREATE VIEW`.
    View(View),
    /// `CREATE FUNCTION` or `PROCEDURE`.
    Function(Function),
    /// `CREATE TYPE … AS ENUM`.
    CreateEnum {
        /// Its name.
        name: Name,
    },
    /// `ALTER TYPE … ADD VALUE`.
    AddEnumValue {
        /// The type.
        name: Name,
        /// `BEFORE` or `AFTER` is said.
        placed: bool,
    },
    /// `ALTER TYPE … RENAME VALUE`.
    RenameEnumValue {
        /// The type.
        name: Name,
        /// As they are spelled: from, to.
        values: Option<(String, String)>,
    },
    /// `ALTER DOMAIN … ADD CONSTRAINT` or `SET NOT NULL`.
    NarrowDomain {
        /// The domain.
        name: Name,
        /// What is added, as it is spelled.
        text: String,
        /// `NOT VALID`.
        not_valid: bool,
    },
    /// `ALTER … RENAME TO` or `SET SCHEMA` of what is no table.
    Rename {
        /// `SCHEMA`, `TYPE`, `FUNCTION` …
        what: &'static str,
        /// The old name.
        name: Name,
        /// The new one, where it is a rename.
        to: Option<Name>,
    },
    /// `GRANT`.
    Grant {
        /// The privileges, in lower case; empty where roles are granted.
        privileges: Vec<String>,
        /// To whom, in lower case.
        to: Vec<String>,
        /// `WITH GRANT OPTION` or `WITH ADMIN OPTION`.
        with_option: bool,
    },
    /// `REVOKE`, `ALTER DEFAULT PRIVILEGES`.
    Revoke,
    /// `CREATE ROLE`, `ALTER ROLE` and their kin.
    Role {
        /// `CREATE` or `ALTER`.
        verb: &'static str,
        /// The role.
        name: Name,
        /// It sets a password.
        password: bool,
    },
    /// `ALTER EXTENSION … UPDATE`.
    UpdateExtension {
        /// Its name.
        name: Name,
    },
    /// `ALTER SEQUENCE … RESTART`.
    RestartSequence {
        /// The sequence.
        name: Name,
    },
    /// `SET`.
    Set {
        /// The setting, in lower case.
        setting: String,
        /// The value, as it is spelled.
        value: String,
    },
    /// `SET TRANSACTION`, `SET SESSION CHARACTERISTICS`.
    SetTransaction,
    /// `LOCK TABLE`.
    Lock {
        /// The tables.
        tables: Vec<Name>,
    },
    /// Anything else.
    Other,
}

impl Statement {
    /// Reads the words of a statement.
    pub fn read(text: &str) -> Self {
        let tokens = significant(text);
        read(Cursor::new(text, &tokens)).unwrap_or(Self::Other)
    }
}

fn read(mut cursor: Cursor<'_>) -> Option<Statement> {
    const VERBS: [&str; 17] = [
        "alter", "create", "drop", "truncate", "update", "delete", "insert", "merge", "copy", "reindex",
        "vacuum", "cluster", "refresh", "grant", "revoke", "set", "lock",
    ];
    let verb = cursor.eat_any(&VERBS)?;
    match verb {
        "alter" => alter::read(cursor),
        "create" => create::read(cursor),
        "drop" => drop::read(cursor),
        "grant" => data::grant(cursor),
        "revoke" => Some(Statement::Revoke),
        "set" => data::set(cursor),
        "lock" => {
            cursor.eat("table");
            Some(Statement::Lock {
                tables: cursor.names(),
            })
        }
        verb => data::read(verb, cursor),
    }
}
