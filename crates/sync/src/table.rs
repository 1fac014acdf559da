//! One side of a synced table: which columns travel, under which names our own objects for it live, and the column lists
//! that every generated statement is made of.
//!
//! In the changelog, the stage and the plan the key columns are called `k1, k2, …` and the others `c1, c2, …`, so that no
//! name of the user's can meet one of ours.

use ponte_schema::{Ident, QualifiedName, Sql};
use sha2::{Digest, Sha256};

use crate::shape::{Column, Shape, VersionColumn, VersionKind};

/// Longest piece of a table's name that goes into the names of our own objects, in bytes.
const NAME_BYTES_MAX: usize = 36;

/// Longest name that a stock server keeps, in bytes.
const IDENT_BYTES_MAX: usize = 63;

/// A table as the sync sees it on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSide {
    /// The user's table.
    pub name: QualifiedName,
    /// The columns that identify a row.
    pub key: Vec<Ident>,
    /// All other columns that travel.
    pub columns: Vec<Ident>,
    /// Those of the key whose values may be equal and yet be written differently, like `1.0` and `1.00`.
    pub respelled: Vec<Ident>,
    /// Those of the other columns whose type is a domain, which might refuse the NULLs that stand for a deleted row.
    pub domains: Vec<Ident>,
    /// What says how new a row is.
    pub version: Option<VersionColumn>,
    /// Whether rows are written through other tables too (partitions, inheritance), which only row triggers can see.
    pub by_row: bool,
    /// Whether capture has to fire also where ordinary triggers stay silent: a native subscription writes to the table.
    pub always: bool,
    /// Whether every travelling column may go through binary COPY.
    pub portable: bool,
    /// Whether a travelling column is GENERATED ALWAYS AS IDENTITY.
    pub identity_always: bool,
}

impl TableSide {
    /// Takes the travelling columns from a shape, in an order that does not depend on the table's.
    pub fn new(shape: &Shape, key: &[String], version: Option<VersionColumn>) -> Self {
        let mut columns: Vec<&str> = shape
            .written_columns()
            .map(|c| c.name.as_str())
            .filter(|c| !key.iter().any(|k| k == c))
            .collect();
        columns.sort_unstable();
        let idents = |names: Vec<&str>| names.into_iter().map(Ident::new).collect();
        let among = |names: &[&str], which: fn(&Column) -> bool| {
            let chosen = names
                .iter()
                .copied()
                .filter(|n| shape.column(n).is_some_and(which));
            idents(chosen.collect())
        };
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        Self {
            name: shape.qualified_name(),
            respelled: among(&key, |c| !c.exact),
            domains: among(&columns, |c| c.domain),
            key: idents(key),
            columns: idents(columns),
            version,
            by_row: shape.partitioned() || shape.inherits || shape.subscribed,
            always: shape.subscribed,
            portable: shape.written_columns().all(|c| c.portable),
            identity_always: shape.written_columns().any(|c| c.identity == "a"),
        }
    }

    /// A side of which only the name is known: enough to find our own objects for it.
    pub fn named(name: QualifiedName) -> Self {
        Self {
            name,
            key: Vec::new(),
            columns: Vec::new(),
            respelled: Vec::new(),
            domains: Vec::new(),
            version: None,
            by_row: false,
            always: false,
            portable: false,
            identity_always: false,
        }
    }

    /// A side of which the name and the key are known: enough to show its changelog.
    pub fn keyed(name: QualifiedName, key: &[String]) -> Self {
        Self {
            key: key.iter().map(Ident::new).collect(),
            ..Self::named(name)
        }
    }

    /// The table of `ponte` that holds the changelog.
    pub fn changelog(&self) -> QualifiedName {
        self.own_object("changelog_")
    }

    /// The view that users read, beside their table.
    pub fn changelog_view(&self) -> QualifiedName {
        let name = self.name.name.as_str();
        let full = format!("{name}_changelog");
        let view = if full.len() <= IDENT_BYTES_MAX {
            full
        } else {
            let suffix = format!("_{}_changelog", fingerprint(&self.name));
            let short = &name[..name.floor_char_boundary(IDENT_BYTES_MAX - suffix.len())];
            format!("{short}{suffix}")
        };
        QualifiedName::new(self.name.schema.as_str(), view)
    }

    /// The trigger function for one event.
    pub fn capture_function(&self, event: &'static str) -> QualifiedName {
        let base = self.own_object("capture_");
        QualifiedName::new("ponte", format!("{}_{event}", base.name.as_str()))
    }

    fn own_object(&self, prefix: &str) -> QualifiedName {
        let name = self.name.name.as_str();
        let short = &name[..name.floor_char_boundary(NAME_BYTES_MAX)];
        let plain = self.name.schema.as_str() == "public" && short.len() == name.len();
        let suffix = if plain {
            String::new()
        } else {
            format!("_{}", fingerprint(&self.name))
        };
        QualifiedName::new("ponte", format!("{prefix}{short}{suffix}"))
    }

    /// The names of the key in the changelog, stage and plan.
    pub fn staged_key(&self) -> Vec<Ident> {
        numbered("k", self.key.len())
    }

    /// The names of the other columns in the stage.
    pub fn staged_columns(&self) -> Vec<Ident> {
        numbered("c", self.columns.len())
    }

    /// All travelling columns, the key first.
    pub fn all_columns(&self) -> Vec<Ident> {
        self.key.iter().chain(&self.columns).cloned().collect()
    }

    /// All staged columns, the key first.
    pub fn all_staged(&self) -> Vec<Ident> {
        self.staged_key()
            .into_iter()
            .chain(self.staged_columns())
            .collect()
    }

    /// What an update writes, each with its name in the stage: the columns, and those of the key that may be respelled.
    pub fn updated_columns(&self) -> Vec<(Ident, Ident)> {
        let key = self.key.iter().zip(self.staged_key());
        let columns = self.columns.iter().zip(self.staged_columns());
        key.filter(|(column, _)| self.respelled.contains(column))
            .chain(columns)
            .map(|(column, staged)| (column.clone(), staged))
            .collect()
    }

    /// `alias.a, alias.b`, with domains taken off.
    pub fn plain_values<'a>(&self, alias: &'static str, columns: impl Iterator<Item = &'a Ident>) -> Sql {
        Sql::join(", ", columns.map(|column| self.plain_value(alias, column)))
    }

    /// `alias.id AS k1, alias.a AS c1`, with domains taken off the columns.
    pub fn plain_values_staged(&self, alias: &'static str) -> Sql {
        let columns = self.all_columns();
        Sql::join(
            ", ",
            columns.iter().zip(self.all_staged()).map(|(column, staged)| {
                Sql::render(
                    "{value} AS {staged}",
                    &[("value", &self.plain_value(alias, column)), ("staged", &staged)],
                )
            }),
        )
    }

    /// A CASE whose branches have different types has a domain's base type.
    fn plain_value(&self, alias: &'static str, column: &Ident) -> Sql {
        let value = member(alias, column);
        if self.domains.contains(column) {
            Sql::render("CASE WHEN true THEN {value} ELSE NULL END", &[("value", &value)])
        } else {
            value
        }
    }

    /// `one.k1 = other.k1 AND …` between two relations that both use the staged names.
    pub fn same_staged_key(&self, one: &'static str, other: &'static str) -> Sql {
        let key = self.staged_key();
        equal(one, &key, other, &key)
    }

    /// `table.key = other.k1 AND …` between the user's table and one of ours.
    pub fn matches_staged_key(&self, table: &'static str, other: &'static str) -> Sql {
        equal(table, &self.key, other, &self.staged_key())
    }

    /// The version of a row that is read under `alias`, as a `timestamptz`, or NULL where the table has no version column.
    pub fn version_of(&self, alias: &'static str) -> Sql {
        let Some(version) = &self.version else {
            return Sql::text("NULL::timestamptz");
        };
        let column = qualified(alias, std::slice::from_ref(&Ident::new(&version.name)));
        match version.kind {
            VersionKind::Timestamptz => column,
            VersionKind::Timestamp => Sql::render("({column} AT TIME ZONE 'UTC')", &[("column", &column)]),
        }
    }
}

/// Eight hexadecimal digits that tell tables apart whose names had to be shortened.
fn fingerprint(name: &QualifiedName) -> String {
    let digest = Sha256::digest(format!("{}\0{}", name.schema.as_str(), name.name.as_str()));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn numbered(prefix: &str, count: usize) -> Vec<Ident> {
    (1..=count).map(|n| Ident::new(format!("{prefix}{n}"))).collect()
}

/// `a, b, c`
pub fn listed(columns: &[Ident]) -> Sql {
    Sql::join(", ", columns.iter().map(|c| Sql::of(c)))
}

/// `alias.a, alias.b, alias.c`
pub fn qualified(alias: &'static str, columns: &[Ident]) -> Sql {
    Sql::join(", ", columns.iter().map(|c| member(alias, c)))
}

/// `alias.a AS k1, alias.b AS k2`
pub fn renamed(alias: &'static str, columns: &[Ident], names: &[Ident]) -> Sql {
    Sql::join(
        ", ",
        columns.iter().zip(names).map(|(column, name)| {
            Sql::render(
                "{column} AS {name}",
                &[("column", &member(alias, column)), ("name", name)],
            )
        }),
    )
}

/// `one.a = other.x AND one.b = other.y`
pub fn equal(one: &'static str, columns: &[Ident], other: &'static str, others: &[Ident]) -> Sql {
    Sql::join(
        " AND ",
        columns.iter().zip(others).map(|(column, there)| {
            Sql::render(
                "{one} = {other}",
                &[("one", &member(one, column)), ("other", &member(other, there))],
            )
        }),
    )
}

/// `alias.column`
pub fn member(alias: &'static str, column: &Ident) -> Sql {
    let mut sql = Sql::text(alias);
    sql.push(&Sql::text(".")).push(column);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(schema: &str, name: &str) -> TableSide {
        TableSide {
            name: QualifiedName::new(schema, name),
            key: vec![Ident::new("id")],
            columns: vec![Ident::new("nome")],
            respelled: Vec::new(),
            domains: Vec::new(),
            version: None,
            by_row: false,
            always: false,
            portable: true,
            identity_always: false,
        }
    }

    #[test]
    fn own_objects_carry_the_tables_name() {
        assert_eq!(
            side("public", "perfis").changelog().to_string(),
            "ponte.changelog_perfis"
        );
        assert_eq!(
            side("public", "perfis").changelog_view().to_string(),
            "perfis_changelog"
        );
    }

    #[test]
    fn tables_of_the_same_name_in_two_schemas_do_not_share_objects() {
        assert_ne!(
            side("app", "perfis").changelog(),
            side("public", "perfis").changelog()
        );
        assert_ne!(
            side("app", "perfis").changelog(),
            side("app2", "perfis").changelog()
        );
    }

    #[test]
    fn long_names_stay_within_the_servers_limit() {
        let long = side("public", &"ä".repeat(31));
        for name in [
            long.changelog(),
            long.changelog_view(),
            long.capture_function("truncate"),
        ] {
            assert!(name.name.as_str().len() <= 63, "{name} is too long");
        }
    }
}
