//! Made-up rows for a shadow between two migrations.

use std::collections::{BTreeMap, BTreeSet};

use ponte_pg::Session;
use ponte_pg::shadow::Rows;
use ponte_schema::QualifiedName;
use ponte_schema::model::{Access, Kind, Model, compare};

use crate::error::{Error, ErrorKind, Result};
use crate::seed::{Request, fill};

/// A table that no rows could be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfilled {
    /// The table.
    pub table: QualifiedName,
    /// Why.
    pub reason: String,
}

/// Makes rows, and remembers where it could not.
pub(super) struct Filler {
    rows: u64,
    has_filled: bool,
    unfilled: Vec<Unfilled>,
    told: BTreeSet<QualifiedName>,
}

impl Filler {
    /// With so many rows for each table; none at all for zero.
    pub(super) fn new(rows: u64) -> Self {
        Self {
            rows,
            has_filled: false,
            unfilled: Vec::new(),
            told: BTreeSet::new(),
        }
    }

    /// Whether there are made-up rows somewhere.
    pub(super) fn has_filled(&self) -> bool {
        self.has_filled
    }

    /// What could not be filled since this was asked last.
    pub(super) fn take_unfilled(&mut self) -> Vec<Unfilled> {
        std::mem::take(&mut self.unfilled)
    }

    /// Makes rows for tables that are empty, and more for those whose columns or constraints differ between two schemas. Answers whether
    /// anything was tried.
    pub(super) async fn fill(
        &mut self,
        session: &Session,
        rows: &Rows,
        change: Option<(&Model, &Model)>,
    ) -> Result<bool> {
        let changed = change
            .map(|(before, after)| changed(before, after))
            .unwrap_or_default();
        let wanted: Vec<&QualifiedName> = rows
            .tables()
            // What could not be filled cannot be filled as long as it stays as it is.
            .filter(|(name, is_empty)| changed.contains(*name) || *is_empty && !self.told.contains(*name))
            .map(|(name, _)| name)
            .collect();
        if self.rows == 0 || wanted.is_empty() {
            return Ok(false);
        }
        self.has_filled = true;
        if fill(session, self.request(wanted.iter().copied())).await.is_ok() {
            return Ok(true);
        }
        // One of them cannot be filled, and must not keep the others from it.
        for table in wanted {
            if let Err(error) = fill(session, self.request([table])).await {
                self.note(table, error)?;
            }
        }
        Ok(true)
    }

    fn request<'t>(&self, tables: impl IntoIterator<Item = &'t QualifiedName>) -> Request {
        let tables: BTreeMap<_, _> = tables.into_iter().map(|table| (table.clone(), None)).collect();
        Request {
            tables,
            ..Request::rows(self.rows)
        }
    }

    fn note(&mut self, table: &QualifiedName, error: Error) -> Result<()> {
        let is_about_rows = matches!(error.kind(), ErrorKind::Pg(ponte_pg::ErrorKind::Seed(_)))
            || error.pg().is_some_and(|error| error.server().is_some());
        if !is_about_rows {
            return Err(error);
        }
        if self.told.insert(table.clone()) {
            self.unfilled.push(Unfilled {
                table: table.clone(),
                reason: error.in_words(),
            });
        }
        Ok(())
    }
}

/// The tables whose columns or constraints differ.
fn changed(before: &Model, after: &Model) -> BTreeSet<QualifiedName> {
    let differences = compare(before, after, Access::Ignored);
    let table = |difference: ponte_schema::model::Difference| {
        let object = difference.object;
        let name = match object.kind {
            Kind::Table => Some(object.name),
            Kind::Column | Kind::Constraint | Kind::Index => object.of,
            _ => None,
        };
        Some(QualifiedName::new(object.schema?.as_str(), name?.as_str()))
    };
    differences.into_iter().filter_map(table).collect()
}
