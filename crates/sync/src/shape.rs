//! What a table looks like on one node, as far as the sync depends on it, and whether it can be synced at all.
//!
//! A shape is read from the catalog in one query (`ponte-pg`), before `init` and again before passes. Whatever makes a
//! table unfit is a [`Problem`] that names the table and the remedy. Whether two shapes fit together is asked in [`crate::fit`].

mod key;
mod obstacles;

use std::fmt;

use ponte_schema::{QualifiedName, TypeName};
use serde::Deserialize;

pub use key::{VersionColumn, VersionKind, choose_key, choose_version};
pub use obstacles::obstacles;

use crate::link::ApplyAs;

/// A column as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `format_type`'s spelling with the modifier, `numeric(12,2)`.
    pub type_name: String,
    /// The same without the modifier, `numeric`.
    pub base_type: String,
    /// Whether the type means the same bytes in binary COPY on every server: built in, and so are its elements.
    pub portable: bool,
    /// Whether equal values are always written alike, so that a key of this type can be compared by its equality alone.
    pub exact: bool,
    /// What takes texts for equal that differ, where something does: a collation that ignores case, a type that ignores blanks.
    #[serde(default)]
    pub folds: Option<String>,
    /// Whether the type is a domain.
    pub domain: bool,
    /// NOT NULL.
    pub not_null: bool,
    /// Computed by the server; never written.
    pub generated: bool,
    /// `a` always, `d` by default, empty where the column is no identity.
    pub identity: String,
    /// Whether something fills the column when an INSERT leaves it out.
    pub has_default: bool,
    /// Its number in the catalog, which no other column of the table ever gets.
    #[serde(default)]
    pub number: i64,
}

impl Column {
    /// The type to cast to on the way to this column. A cast to `varchar(5)` would cut a longer value off in silence, where
    /// writing it is refused; so those lose their length here.
    pub fn cast_type(&self) -> TypeName {
        let cuts = self.type_name.starts_with("character") || self.type_name.starts_with("bit");
        TypeName::new(if cuts { &self.base_type } else { &self.type_name })
    }

    /// Whether an array of such values can be taken apart again into just these: not where they are arrays or rows themselves.
    pub fn packs(&self) -> bool {
        self.portable && !self.domain && !self.base_type.ends_with("[]")
    }

    /// Whether an INSERT that leaves the column out succeeds.
    pub fn fills_itself(&self) -> bool {
        !self.not_null || self.has_default || self.generated
    }
}

/// A unique index without predicate or expressions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UniqueKey {
    /// Whether it is the primary key.
    pub primary: bool,
    /// A deferrable one cannot decide ON CONFLICT.
    pub deferrable: bool,
    /// Its columns in index order.
    pub columns: Vec<String>,
}

/// A foreign key of which the table is one end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ForeignKey {
    /// The constraint.
    pub name: String,
    /// Schema and name of the referencing table.
    pub child: (String, String),
    /// The referencing columns.
    pub child_columns: Vec<String>,
    /// Schema and name of the referenced table.
    pub parent: (String, String),
    /// The referenced columns, in the same order.
    pub parent_columns: Vec<String>,
    /// Whether the check can wait for the commit.
    pub deferrable: bool,
    /// Whether it asks for a period that is covered, not for equal values (`PERIOD`, PostgreSQL 18).
    #[serde(default)]
    pub temporal: bool,
}

impl ForeignKey {
    /// The referencing table.
    pub fn child_name(&self) -> QualifiedName {
        QualifiedName::new(&self.child.0, &self.child.1)
    }

    /// The referenced table.
    pub fn parent_name(&self) -> QualifiedName {
        QualifiedName::new(&self.parent.0, &self.parent.1)
    }
}

/// A trigger that is neither ours nor the server's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The statement that would create it.
    pub definition: String,
    /// Fires before a row is inserted or updated, and so can change what is written.
    pub rewrites_rows: bool,
    /// In which sessions it fires.
    pub fires: Fires,
    /// Whether its WHEN clause already knows about the sync.
    pub guarded: bool,
}

/// In which sessions a trigger fires, as `session_replication_role` decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Fires {
    /// In ordinary ones.
    #[serde(rename = "O")]
    Ordinarily,
    /// In replica mode only.
    #[serde(rename = "R")]
    AsReplica,
    /// In both.
    #[serde(rename = "A")]
    Always,
    /// It is disabled.
    #[serde(rename = "D")]
    Never,
}

impl Fires {
    /// Whether it fires for rows that are written in this way.
    pub fn when(self, apply: ApplyAs) -> bool {
        match apply {
            ApplyAs::Plain => matches!(self, Self::Ordinarily | Self::Always),
            ApplyAs::Replica => matches!(self, Self::AsReplica | Self::Always),
        }
    }
}

/// A sequence that feeds a column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sequence {
    /// Schema and name.
    pub name: (String, String),
    /// The column it belongs to.
    pub column: String,
    /// Its step.
    pub increment: i64,
    /// Where it begins, and begins again when it is restarted.
    pub start: i64,
}

impl Sequence {
    /// Its name.
    pub fn qualified_name(&self) -> QualifiedName {
        QualifiedName::new(&self.name.0, &self.name.1)
    }
}

/// One table on one node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shape {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `pg_class.relkind`.
    pub kind: String,
    /// Whether it has inheritance children that are no partitions.
    pub inherited: bool,
    /// Whether it is itself such a child.
    pub inherits: bool,
    /// The partitioned table that it is a part of, if it is one.
    pub partition_of: Option<(String, String)>,
    /// The session's role.
    pub role: String,
    /// Whether that role owns it (or is a member of the owner).
    pub owned: bool,
    /// The role that owns it.
    #[serde(default)]
    pub owner: String,
    /// Whether the owner is a superuser, whose role is nothing to be given away.
    #[serde(default)]
    pub owned_by_superuser: bool,
    /// Whether row-level security hides rows from the session's role.
    pub row_security: bool,
    /// Whether it hides rows from anybody.
    #[serde(default)]
    pub row_secured: bool,
    /// Table privileges that the session's role lacks.
    pub missing_privileges: Vec<String>,
    /// The columns in table order.
    pub columns: Vec<Column>,
    /// The usable unique keys, the primary key first.
    pub unique_keys: Vec<UniqueKey>,
    /// Unique and exclusion constraints that can be deferred; replica mode would not check them.
    pub deferrable: Vec<String>,
    /// The foreign keys in which the table takes part, at either end.
    pub foreign_keys: Vec<ForeignKey>,
    /// The user's triggers.
    pub triggers: Vec<Trigger>,
    /// The sequences that its columns own.
    pub sequences: Vec<Sequence>,
    /// Names of our own capture triggers that are present and enabled.
    pub capture: Vec<String>,
    /// Whether all of them fire also for what a subscription applies.
    pub capture_always: bool,
    /// Says of our own triggers and their functions whether anybody touched them: it changes when one is switched off and on again.
    pub capture_marks: Option<String>,
    /// The filter that capture asks of rows that are deleted, where it asks one.
    #[serde(default)]
    pub capture_filter: Option<String>,
    /// Whether a native subscription writes to the table. Its worker fires row triggers alone, and only those that fire always.
    pub subscribed: bool,
}

impl Shape {
    /// Schema and name.
    pub fn qualified_name(&self) -> QualifiedName {
        QualifiedName::new(&self.schema, &self.name)
    }

    /// Whether rows live in partitions.
    pub fn partitioned(&self) -> bool {
        self.kind == "p"
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The columns that a sync writes: all but the generated ones.
    pub fn written_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| !c.generated)
    }
}

/// Why a table cannot be synced as it is, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, naming the table.
    pub message: String,
    /// The next command or statement.
    pub remedy: String,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn column(name: &str, type_name: &str) -> Column {
        Column {
            name: name.into(),
            type_name: type_name.into(),
            base_type: type_name.split('(').next().unwrap_or_default().into(),
            portable: true,
            exact: true,
            folds: None,
            domain: false,
            not_null: name == "id",
            generated: false,
            identity: String::new(),
            has_default: false,
            number: 0,
        }
    }

    pub(crate) fn perfis() -> Shape {
        Shape {
            schema: "public".into(),
            name: "perfis".into(),
            kind: "r".into(),
            inherited: false,
            inherits: false,
            partition_of: None,
            role: "app".into(),
            owned: true,
            owner: "dono".into(),
            owned_by_superuser: false,
            row_secured: false,
            row_security: false,
            missing_privileges: vec![],
            columns: vec![
                column("id", "bigint"),
                column("nome", "text"),
                column("updated_at", "timestamp with time zone"),
            ],
            unique_keys: vec![UniqueKey {
                primary: true,
                deferrable: false,
                columns: vec!["id".into()],
            }],
            deferrable: vec![],
            foreign_keys: vec![],
            triggers: vec![],
            sequences: vec![],
            capture: vec![],
            capture_always: true,
            capture_marks: None,
            capture_filter: None,
            subscribed: false,
        }
    }

    #[test]
    fn the_primary_key_and_updated_at_are_found_without_configuration() {
        assert_eq!(choose_key(&perfis(), None).unwrap(), ["id"]);
        let version = choose_version(&perfis(), None).unwrap().unwrap();
        assert_eq!(
            (version.name.as_str(), version.kind),
            ("updated_at", VersionKind::Timestamptz)
        );
    }

    #[test]
    fn a_table_without_a_key_is_refused_with_the_statement_that_adds_one() {
        let mut shape = perfis();
        shape.unique_keys.clear();
        let problem = choose_key(&shape, None).unwrap_err();
        assert_eq!(problem.message, "table perfis has no primary key");
        assert!(
            problem.remedy.starts_with("ALTER TABLE perfis ADD COLUMN id"),
            "{}",
            problem.remedy
        );
    }

    #[test]
    fn a_configured_key_must_be_unique_and_not_null() {
        let mut shape = perfis();
        assert!(
            choose_key(&shape, Some(&["nome".into()]))
                .unwrap_err()
                .message
                .contains("backed by no unique index")
        );
        shape.unique_keys.push(UniqueKey {
            primary: false,
            deferrable: false,
            columns: vec!["nome".into()],
        });
        assert!(
            choose_key(&shape, Some(&["nome".into()]))
                .unwrap_err()
                .message
                .contains("may be null")
        );
    }

    #[test]
    fn a_version_column_must_be_a_timestamp() {
        assert!(
            choose_version(&perfis(), Some("nome"))
                .unwrap_err()
                .message
                .contains("is no timestamp")
        );
        assert!(
            choose_version(&perfis(), Some("gone"))
                .unwrap_err()
                .message
                .contains("has no column gone")
        );
    }

    #[test]
    fn a_role_is_told_the_grant_it_lacks() {
        let mut shape = perfis();
        shape.missing_privileges = vec!["INSERT".into(), "TRIGGER".into()];
        let lacking = &obstacles(&shape, "b", ApplyAs::Plain)[0];
        assert_eq!(
            lacking.message,
            "role app of node \"b\" lacks INSERT, TRIGGER on table perfis"
        );
        assert_eq!(lacking.remedy, "GRANT INSERT, TRIGGER ON perfis TO app");
    }
}
