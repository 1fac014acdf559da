//! What a table looks like on one node, as far as the sync depends on it, and whether it can be synced at all.
//!
//! A shape is read from the catalog in one query (`ponte-pg`), before `init` and again before passes. Whatever makes a
//! table unfit is a [`Problem`] that names the table and the remedy; what differs between the two sides is a [`Drift`].

use std::collections::BTreeSet;
use std::fmt;

use ponte_schema::{Ident, QualifiedName};
use serde::Deserialize;

use crate::link::ApplyAs;

/// A column as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `format_type`'s spelling with the modifier, `numeric(12,2)`.
    pub type_name: String,
    /// Whether the type means the same bytes in binary COPY on every server: built in, and so are its elements.
    pub portable: bool,
    /// Whether equal values are always written alike, so that a key of this type can be compared by its equality alone.
    pub exact: bool,
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
    /// Whether row-level security hides rows from the session's role.
    pub row_security: bool,
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
    fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
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

/// The key to sync by: the configured columns where there are any, else the primary key.
///
/// # Errors
/// A table without a usable key, or a configured key that no unique index backs.
pub fn choose_key(shape: &Shape, configured: Option<&[String]>) -> Result<Vec<String>, Problem> {
    let table = shape.qualified_name();
    let Some(wanted) = configured else {
        if shape.unique_keys.iter().any(|k| k.primary && k.deferrable) {
            return Err(Problem::new(
                format!(
                    "the primary key of table {table} is deferrable, so that nothing can be decided by it"
                ),
                format!(
                    "make the primary key of {table} NOT DEFERRABLE, or name other NOT NULL UNIQUE columns with key = [...]"
                ),
            ));
        }
        let primary = shape.unique_keys.iter().find(|k| k.primary);
        return primary.map(|k| k.columns.clone()).ok_or_else(|| {
            Problem::new(
                format!("table {table} has no primary key"),
                format!(
                    "ALTER TABLE {table} ADD COLUMN id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY; or name NOT NULL UNIQUE columns with key = [...]"
                ),
            )
        });
    };
    let set: BTreeSet<&String> = wanted.iter().collect();
    let backed = shape
        .unique_keys
        .iter()
        .any(|k| !k.deferrable && k.columns.iter().collect::<BTreeSet<_>>() == set);
    if !backed {
        return Err(Problem::new(
            format!(
                "key ({}) of table {table} is backed by no unique index",
                wanted.join(", ")
            ),
            format!("ALTER TABLE {table} ADD UNIQUE ({})", wanted.join(", ")),
        ));
    }
    if let Some(nullable) = wanted
        .iter()
        .find(|c| shape.column(c).is_none_or(|c| !c.not_null))
    {
        return Err(Problem::new(
            format!("key column {nullable} of table {table} may be null"),
            format!("ALTER TABLE {table} ALTER COLUMN {nullable} SET NOT NULL"),
        ));
    }
    if let Some(computed) = wanted
        .iter()
        .find(|c| shape.column(c).is_some_and(|c| c.generated))
    {
        return Err(Problem::new(
            format!("key column {computed} of table {table} is generated"),
            "name columns that are written, with key = [...]",
        ));
    }
    Ok(wanted.to_vec())
}

/// The column whose value says how new a row is: the configured one, else `updated_at` where there is one.
///
/// # Errors
/// A configured column that is missing or is no timestamp.
pub fn choose_version(shape: &Shape, configured: Option<&str>) -> Result<Option<VersionColumn>, Problem> {
    let table = shape.qualified_name();
    let name = configured.unwrap_or("updated_at");
    let kind = shape.column(name).map(|c| VersionKind::of_type(&c.type_name));
    match (kind, configured) {
        (Some(Some(kind)), _) => Ok(Some(VersionColumn {
            name: name.to_owned(),
            kind,
        })),
        (_, None) => Ok(None),
        (Some(None), Some(_)) => Err(Problem::new(
            format!("version column {name} of table {table} is no timestamp"),
            "name a column of type timestamptz, or leave version out to order changes by the server's clock",
        )),
        (None, Some(_)) => Err(Problem::new(
            format!("table {table} has no column {name}"),
            "correct version in ponte.toml, or leave it out to order changes by the server's clock",
        )),
    }
}

/// A version column and how to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: VersionKind,
}

/// The two types that order changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionKind {
    /// `timestamp with time zone`.
    Timestamptz,
    /// `timestamp without time zone`, taken for UTC.
    Timestamp,
}

impl VersionKind {
    fn of_type(type_name: &str) -> Option<Self> {
        if !type_name.starts_with("timestamp") {
            None
        } else if type_name.ends_with("with time zone") {
            Some(Self::Timestamptz)
        } else if type_name.ends_with("without time zone") {
            Some(Self::Timestamp)
        } else {
            None
        }
    }
}

/// Encloses the bodies of our trigger functions, which hold names of the user's.
const BODY_QUOTE: &str = "$ponte$";

/// Foreign keys that do not compare values: the order of writes and the check for orphans would be wrong.
fn periods(shape: &Shape) -> impl Iterator<Item = Problem> {
    shape.foreign_keys.iter().filter(|key| key.temporal).map(|key| {
        let (child, parent) = (key.child_name(), key.parent_name());
        Problem::new(
            format!(
                "foreign key {} of table {child} asks for a covered PERIOD",
                key.name
            ),
            format!(
                "leave {child} and {parent} out of the link, or make {} NOT ENFORCED",
                key.name
            ),
        )
    })
}

/// What keeps the role of a node from syncing this table, apart from its key. All of it, so that one round of mending is enough.
pub fn obstacles(shape: &Shape, node: &str, apply: ApplyAs) -> Vec<Problem> {
    let (table, role) = (shape.qualified_name(), Ident::new(&shape.role));
    let mut found = Vec::new();
    if !matches!(shape.kind.as_str(), "r" | "p") {
        found.push(Problem::new(
            format!("{table} is not a table"),
            "sync the tables behind it",
        ));
        return found;
    }
    let columns = shape.columns.iter().map(|c| &c.name);
    for name in columns
        .chain([&shape.schema, &shape.name])
        .filter(|n| n.contains(BODY_QUOTE))
    {
        found.push(Problem::new(
            format!("the name {name} of or in table {table} would end the body of a trigger function"),
            format!("rename it to one without {BODY_QUOTE}"),
        ));
    }
    if apply == ApplyAs::Replica {
        found.extend(shape.deferrable.iter().map(|constraint| {
            Problem::new(
                format!("constraint {constraint} of table {table} is deferrable, and replica mode does not check it"),
                format!("set apply = \"plain\", or make {constraint} NOT DEFERRABLE"),
            )
        }));
    }
    found.extend(periods(shape));
    if let Some((schema, name)) = &shape.partition_of {
        let whole = QualifiedName::new(schema, name);
        found.push(Problem::new(
            format!("{table} is a partition of {whole}"),
            format!("sync {whole}"),
        ));
    }
    if shape.inherited {
        found.push(Problem::new(
            format!("table {table} has inheritance children"),
            "list the child tables instead, or turn the inheritance into partitions",
        ));
    }
    if !shape.missing_privileges.is_empty() {
        found.push(Problem::new(
            format!(
                "role {role} of node \"{node}\" lacks {} on table {table}",
                shape.missing_privileges.join(", ")
            ),
            format!(
                "GRANT {} ON {table} TO {role}",
                shape.missing_privileges.join(", ")
            ),
        ));
    }
    found.extend(fixed_identities(shape));
    if shape.row_security {
        found.push(Problem::new(
            format!("row-level security hides rows of {table} from role {role} of node \"{node}\""),
            format!("ALTER ROLE {role} BYPASSRLS, or let the role that owns the table run the sync"),
        ));
    }
    found
}

/// Columns outside the key that nobody can update.
fn fixed_identities(shape: &Shape) -> impl Iterator<Item = Problem> {
    let table = shape.qualified_name();
    let in_key = |name: &String| {
        shape
            .unique_keys
            .iter()
            .any(|k| k.primary && k.columns.contains(name))
    };
    let fixed = shape
        .columns
        .iter()
        .filter(move |c| c.identity == "a" && !in_key(&c.name));
    fixed.map(move |c| {
        Problem::new(
            format!(
                "column {} of table {table} is GENERATED ALWAYS AS IDENTITY, so that nobody can update it",
                c.name
            ),
            format!(
                "ALTER TABLE {table} ALTER COLUMN {} SET GENERATED BY DEFAULT",
                c.name
            ),
        )
    })
}

/// A difference between the two sides that makes rows impossible to carry over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The table.
    pub table: QualifiedName,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// What differs, naming the nodes.
    pub message: String,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Compares one table on two nodes, each given with its node's name. Column order does not matter.
pub fn drift(one: (&str, &Shape), other: (&str, &Shape)) -> Vec<Drift> {
    let mut found = Vec::new();
    missing_columns(one, other, &mut found);
    missing_columns(other, one, &mut found);
    for column in &one.1.columns {
        if let Some(there) = other.1.column(&column.name) {
            compare_columns(
                (one.0, column),
                (other.0, there),
                &one.1.qualified_name(),
                &mut found,
            );
        }
    }
    found
}

fn missing_columns(has: (&str, &Shape), lacks: (&str, &Shape), found: &mut Vec<Drift>) {
    let table = has.1.qualified_name();
    for column in has
        .1
        .written_columns()
        .filter(|c| lacks.1.column(&c.name).is_none())
    {
        found.push(Drift {
            message: format!(
                "table {table} has column {} on {} but not on {}",
                column.name, has.0, lacks.0
            ),
            column: Some(column.name.clone()),
            table: table.clone(),
        });
    }
}

fn compare_columns(
    one: (&str, &Column),
    other: (&str, &Column),
    table: &QualifiedName,
    found: &mut Vec<Drift>,
) {
    let name = &one.1.name;
    let differs = |what: &str, here: &str, there: &str| Drift {
        message: format!(
            "column {name} of table {table} {what} {here} on {} and {there} on {}",
            one.0, other.0
        ),
        column: Some(name.clone()),
        table: table.clone(),
    };
    if one.1.type_name != other.1.type_name {
        found.push(differs("is", &one.1.type_name, &other.1.type_name));
    }
    if one.1.generated != other.1.generated {
        let word = |generated: bool| if generated { "generated" } else { "plain" };
        found.push(differs("is", word(one.1.generated), word(other.1.generated)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str) -> Column {
        Column {
            name: name.into(),
            type_name: type_name.into(),
            portable: true,
            exact: true,
            domain: false,
            not_null: name == "id",
            generated: false,
            identity: String::new(),
            has_default: false,
        }
    }

    fn perfis() -> Shape {
        Shape {
            schema: "public".into(),
            name: "perfis".into(),
            kind: "r".into(),
            inherited: false,
            inherits: false,
            partition_of: None,
            role: "app".into(),
            owned: true,
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
    fn differing_columns_are_named_with_their_node() {
        let (here, mut there) = (perfis(), perfis());
        there.columns[1].type_name = "character varying(10)".into();
        there.columns.push(column("extra", "text"));
        let messages: Vec<String> = drift(("a", &here), ("b", &there))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            messages,
            [
                "table perfis has column extra on b but not on a",
                "column nome of table perfis is text on a and character varying(10) on b"
            ]
        );
    }

    #[test]
    fn column_order_is_no_drift() {
        let (here, mut there) = (perfis(), perfis());
        there.columns.swap(1, 2);
        assert_eq!(drift(("a", &here), ("b", &there)), []);
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
