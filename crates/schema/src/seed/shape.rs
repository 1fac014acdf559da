//! What a table looks like, as far as its rows depend on it.

use super::Kind;
use crate::{Ident, QualifiedName, TypeName};

/// A table whose rows are to be made up.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: QualifiedName,
    /// Every column that an INSERT may name.
    pub columns: Vec<Column>,
    /// What must not occur twice.
    pub uniques: Vec<Unique>,
    /// What has to exist elsewhere.
    pub references: Vec<Reference>,
    /// What has to be true of a row.
    pub checks: Vec<Check>,
}

/// A column that an INSERT may name.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// What its values are made of; of a domain what lies below it.
    pub kind: Kind,
    /// The type below all domains, as the server spells it.
    pub base_type: TypeName,
    /// Whether NULL is allowed, by the column and its domain.
    pub nullable: bool,
    /// Who gives it its value.
    pub writer: Writer,
}

/// Who gives a column its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The plan does.
    Plan,
    /// The server does: a sequence, or a default of a type that nothing is known about.
    Server,
}

/// Columns whose values together must not occur twice.
#[derive(Debug, Clone)]
pub struct Unique {
    /// The index or constraint.
    pub name: String,
    /// Positions in [`Table::columns`].
    pub columns: Vec<usize>,
    /// Whether a column belongs to it that no INSERT may name, or that the server writes.
    pub has_other_columns: bool,
    /// Whether some rows are exempt, or the values are compared otherwise than for equality.
    pub is_loose: bool,
}

/// A foreign key.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The constraint.
    pub name: String,
    /// Positions in [`Table::columns`].
    pub columns: Vec<usize>,
    /// The table that it points to, as a position in the list of tables.
    pub table: usize,
    /// The columns there that are pointed to.
    pub target_columns: Vec<Ident>,
    /// Whether it may be checked at the end of the transaction.
    pub deferrable: bool,
}

/// Something that has to be true of a row.
#[derive(Debug, Clone)]
pub struct Check {
    /// The constraint.
    pub name: String,
    /// As the server prints it.
    pub expression: String,
    /// Positions in [`Table::columns`].
    pub columns: Vec<usize>,
    /// The expression is a domain's, and calls the value `VALUE`.
    pub of_domain: bool,
}

impl Reference {
    /// Whether a row may do without the other one.
    pub fn is_optional(&self, table: &Table) -> bool {
        self.columns.iter().any(|column| table.columns[*column].nullable)
    }
}

impl Table {
    /// Whether any reference uses the column.
    pub(super) fn is_reference(&self, column: usize) -> bool {
        self.references
            .iter()
            .any(|reference| reference.columns.contains(&column))
    }
}
