//! What people want to read about a schema beside what a comparison needs.

use std::collections::BTreeMap;

use crate::QualifiedName;

/// What a database says about itself, for people.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// The columns of tables and views, in their order.
    pub columns: BTreeMap<QualifiedName, Vec<Column>>,
    /// All foreign keys.
    pub references: Vec<Reference>,
    /// Who may do what with tables and views, also by way of other roles.
    pub access: Vec<Access>,
    /// How large tables are, where that was asked for.
    pub sizes: BTreeMap<QualifiedName, Size>,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// Whether it has to have a value.
    pub not_null: bool,
    /// Its default, or how it is generated.
    pub default: Option<String>,
    /// Whether it is part of the primary key.
    pub in_primary_key: bool,
    /// What its owner wrote about it.
    pub comment: Option<String>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The constraint.
    pub name: String,
    /// The table that points.
    pub table: QualifiedName,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table that is pointed to.
    pub target: QualifiedName,
    /// The columns there.
    pub target_columns: Vec<String>,
}

/// What a role may do with a table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The role.
    pub role: String,
    /// The table or view.
    pub object: QualifiedName,
    /// Letters as the server abbreviates them: `arwd`.
    pub privileges: String,
}

/// How large a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// About so many rows.
    pub rows: u64,
    /// With its indexes.
    pub bytes: u64,
}
