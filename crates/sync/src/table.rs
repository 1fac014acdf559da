//! One side of a synced table: which columns travel, under which names our own objects for it live, and the column lists
//! that every generated statement is made of.
//!
//! In the changelog, the stage and the plan the key columns are called `k1, k2, …` and the others `c1, c2, …`, so that no
//! name of the user's can meet one of ours. That is also all there is to a mapping: what is read at the source is made into the
//! target's columns by the SELECT list, position by position.
//!
//! A column that goes through a cast or an expression in both directions is *loose*: two different values of one side may stand for one
//! of the other. Such a column is left alone where either side's value, brought to the other side, gives what is there already;
//! for that its original travels too, as text, and is called `o1, o2, …`.

use ponte_schema::{Expression, Ident, QualifiedName, Sql, TypeName};
use sha2::{Digest, Sha256};

use crate::decider::Decider;
use crate::mask::Mask;
use crate::shape::{VersionColumn, VersionKind};
use crate::value::{Value, over_row};

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
    /// All other columns that are written here with what comes from the other side.
    pub columns: Vec<Ident>,
    /// Those of the key whose values may be equal and yet be written differently, like `1.0` and `1.00`.
    pub respelled: Vec<Ident>,
    /// Those of the other columns whose type is a domain, which might refuse the NULLs that stand for a deleted row.
    pub domains: Vec<Ident>,
    /// What says how new a row is.
    pub version: Option<VersionColumn>,
    /// Whether rows are written through other tables too (partitions, inheritance), which only row triggers can see.
    pub by_row: bool,
    /// Whether capture may note the keys of a statement in arrays: there is none of arrays, and a domain's checks are the user's.
    pub packs: bool,
    /// Whether capture has to fire also where ordinary triggers stay silent: a native subscription writes to the table.
    pub always: bool,
    /// Whether every travelling column may go through binary COPY.
    pub portable: bool,
    /// Whether a travelling column is GENERATED ALWAYS AS IDENTITY.
    pub identity_always: bool,
    /// What travels to the other side.
    pub outgoing: Outgoing,
    /// Whether some of the columns are made of the other side's rows and never sent there.
    pub derived: bool,
    /// Which rows take part; all where nothing is said.
    pub filter: Option<Expression>,
    /// Whether rows that leave the filter stay at the other side.
    pub keeps: bool,
    /// Its columns by their numbers, where conflicts are merged column by column.
    pub mask: Option<Mask>,
    /// The function that decides its conflicts, where one does.
    pub decider: Option<Decider>,
    /// The part of the changelog into which the sync itself writes. 0 is always right; the part that capture fills is emptied sooner.
    pub part: i16,
}

/// What a side reads of its rows for the other one, each in the form of the other one's column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The key.
    pub key: Vec<Value>,
    /// What is written into the other side's `columns`, in that order.
    pub columns: Vec<Value>,
    /// The loose columns, in the same order on both sides.
    pub loose: Vec<Loose>,
    /// This side's type for each column of the key that the other side has in another one.
    pub key_types: Vec<Option<TypeName>>,
    /// How a row is compared with the other side's.
    pub compared: Compared,
    /// Whether the other side has columns that are made of this side's rows and never written here. What arrives here is then sent
    /// back once, because those columns have to follow it.
    pub derived_there: bool,
}

/// A column that goes through a cast or an expression in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loose {
    /// Its name here.
    pub column: Ident,
    /// What is sent of it.
    pub sent: Value,
}

/// A row in a form that is the same on both sides where the rows are equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// The key.
    pub key: Vec<Value>,
    /// The columns that are equal or not.
    pub columns: Vec<Value>,
    /// What the columns and then the loose ones are called, on the first side where it has them.
    pub names: Vec<Ident>,
    /// The loose ones: in the first side's form, and in the second's. Either may be equal.
    pub loose: Vec<[Value; 2]>,
}

impl Outgoing {
    /// What travels where both sides are alike.
    pub fn plain(key: &[Ident], columns: &[Ident]) -> Self {
        let values = |columns: &[Ident]| columns.iter().cloned().map(Value::Column).collect::<Vec<_>>();
        Self {
            key: values(key),
            columns: values(columns),
            loose: Vec::new(),
            key_types: vec![None; key.len()],
            compared: Compared {
                key: values(key),
                names: columns.to_vec(),
                columns: values(columns),
                loose: Vec::new(),
            },
            derived_there: false,
        }
    }
}

impl TableSide {
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
            packs: false,
            always: false,
            portable: false,
            identity_always: false,
            outgoing: Outgoing::default(),
            derived: false,
            filter: None,
            keeps: false,
            mask: None,
            decider: None,
            part: 0,
        }
    }

    /// Whether expressions of the user's are evaluated over its rows.
    pub fn has_expressions(&self) -> bool {
        let values = self.outgoing.columns.iter();
        self.filter.is_some() || values.filter_map(Value::expression).next().is_some()
    }

    /// A side of which the name and the key are known: enough to show its changelog.
    pub fn keyed(name: QualifiedName, key: &[String]) -> Self {
        Self {
            key: key.iter().map(Ident::new).collect(),
            ..Self::named(name)
        }
    }

    /// The table of `ponte` that holds the changelog. Keys may stand in arrays there: whoever wants to know them reads [`Self::entries`].
    pub fn changelog_table(&self) -> QualifiedName {
        self.own_object("changelog_")
    }

    /// The view that shows each key that was noted as an entry of its own, which is how the sync reads the changelog.
    pub fn entries(&self) -> QualifiedName {
        self.own_object("entries_")
    }

    /// A part of the changelog: 0 is the table that the others inherit from.
    pub fn log_part(&self, part: i16) -> QualifiedName {
        match part {
            1 => self.own_object("changelog1_"),
            2 => self.own_object("changelog2_"),
            3 => self.own_object("changelog3_"),
            _ => self.changelog_table(),
        }
    }

    /// Where the sync notes changes itself.
    pub fn log(&self) -> QualifiedName {
        self.log_part(self.part)
    }

    /// The same table, whose capture notes no columns.
    #[must_use]
    pub fn without_mask(&self) -> Self {
        Self {
            mask: None,
            ..self.clone()
        }
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

    /// The names of the loose columns' originals in the stage.
    pub fn staged_originals(&self) -> Vec<Ident> {
        numbered("o", self.outgoing.loose.len())
    }

    /// All columns that are written, the key first.
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

    /// What makes the row of a stage: `alias.id AS k1, alias.a AS c1, NULL AS o1`, with domains taken off the columns.
    pub fn stage_row(&self, alias: &'static str) -> Sql {
        let columns = self.all_columns();
        let staged = self.all_staged();
        let values = columns.iter().map(|column| self.plain_value(alias, column));
        let originals = self.staged_originals();
        let unknown = originals.iter().map(|name| (Sql::text("NULL::text"), name));
        Sql::join(
            ", ",
            values
                .zip(&staged)
                .chain(unknown)
                .map(|(value, name)| Sql::render("{value} AS {name}", &[("value", &value), ("name", name)])),
        )
    }

    /// A CASE whose branches have different types has a domain's base type.
    pub(crate) fn plain_value(&self, alias: &'static str, column: &Ident) -> Sql {
        let value = member(alias, column);
        if self.domains.contains(column) {
            Sql::render("CASE WHEN true THEN {value} ELSE NULL END", &[("value", &value)])
        } else {
            value
        }
    }

    /// `, alias.a, f(alias.b), alias.b::text`: what is shipped of a row besides its key.
    pub fn shipped(&self, alias: &'static str) -> Sql {
        let originals = self
            .outgoing
            .loose
            .iter()
            .map(|loose| text_of(alias, &loose.column));
        let mut sql = self.shipped_columns(alias);
        sql.push(&continued(originals));
        sql
    }

    /// The same without what only a comparison needs.
    pub fn shipped_columns(&self, alias: &'static str) -> Sql {
        let table = &self.name.name;
        continued(self.outgoing.columns.iter().map(|value| value.of(alias, table)))
    }

    /// The key of a row of the table, in the other side's form.
    pub fn shipped_key(&self, alias: &'static str) -> Sql {
        let table = &self.name.name;
        Sql::join(", ", self.outgoing.key.iter().map(|value| value.of(alias, table)))
    }

    /// The key of a noted row of ours, in the other side's form. Where equal keys may be written in several ways, as the row itself has it, if there is one:
    /// a note may be about a row that came from there.
    pub fn shipped_noted_key(&self, note: &'static str, row: &'static str) -> Sql {
        let staged = self.staged_key();
        let columns = self.key.iter().zip(self.outgoing.key.iter().zip(&staged));
        let each = columns.map(|(column, (value, name))| {
            let noted = value.of_named(note, name);
            if !self.respelled.contains(column) {
                return noted;
            }
            let own = value.of(row, &self.name.name);
            Sql::render("coalesce({own}, {noted})", &[("own", &own), ("noted", &noted)])
        });
        Sql::join(", ", each)
    }

    /// `CAST(alias.k1 AS …)::text, …`: the key of a row of ours, in the form in which rows are compared.
    pub fn compared_staged_key(&self, alias: &'static str) -> Sql {
        let staged = self.staged_key();
        let key = self.outgoing.compared.key.iter().zip(&staged);
        Sql::join(
            ", ",
            key.map(|(value, name)| Sql::render("{key}::text", &[("key", &value.of_named(alias, name))])),
        )
    }

    /// A value of the key's n-th column that came as text in the other side's form, in ours.
    pub fn key_from_there(&self, position: usize, text: Sql) -> Sql {
        let own = self.outgoing.key_types.get(position).and_then(Option::as_ref);
        match (own, self.outgoing.key.get(position)) {
            (Some(own), Some(Value::Cast(_, there))) => Sql::render(
                "CAST(CAST({text} AS {there}) AS {own})",
                &[("text", &text), ("there", there), ("own", own)],
            ),
            _ => text,
        }
    }

    /// ` AND filter` for the row under `alias`; nothing where all rows take part.
    pub fn and_inside(&self, alias: &'static str) -> Sql {
        match &self.filter {
            None => Sql::default(),
            Some(_) => Sql::render(" AND {inside}", &[("inside", &self.inside(alias))]),
        }
    }

    /// ` WHERE filter`, likewise.
    pub fn where_inside(&self, alias: &'static str) -> Sql {
        match &self.filter {
            None => Sql::default(),
            Some(_) => Sql::render(" WHERE {inside}", &[("inside", &self.inside(alias))]),
        }
    }

    /// The same for a join with the rows that a note may be about: where rows that leave the filter are kept at the other side, being outside it is
    /// not being gone.
    pub fn and_there(&self, alias: &'static str) -> Sql {
        if self.keeps {
            Sql::default()
        } else {
            self.and_inside(alias)
        }
    }

    /// Whether the row under `alias` takes part.
    pub fn inside(&self, alias: &'static str) -> Sql {
        self.filter.as_ref().map_or_else(
            || Sql::text("true"),
            |filter| {
                Sql::render(
                    "coalesce({filter}, false)",
                    &[("filter", &over_row(filter, alias, &self.name.name))],
                )
            },
        )
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

/// `, a, b`
fn continued(values: impl Iterator<Item = Sql>) -> Sql {
    values.fold(Sql::default(), |mut sql, value| {
        sql.push(&Sql::text(", ")).push(&value);
        sql
    })
}

/// `alias.a, alias.b, alias.c`
pub fn qualified(alias: &'static str, columns: &[Ident]) -> Sql {
    Sql::join(", ", columns.iter().map(|c| member(alias, c)))
}

/// `alias.a::text`
pub fn text_of(alias: &'static str, column: &Ident) -> Sql {
    Sql::render("{column}::text", &[("column", &member(alias, column))])
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
            packs: true,
            always: false,
            portable: true,
            identity_always: false,
            outgoing: Outgoing::plain(&[Ident::new("id")], &[Ident::new("nome")]),
            derived: false,
            filter: None,
            keeps: false,
            mask: None,
            decider: None,
            part: 0,
        }
    }

    #[test]
    fn own_objects_carry_the_tables_name() {
        assert_eq!(
            side("public", "perfis").changelog_table().to_string(),
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
            side("app", "perfis").changelog_table(),
            side("public", "perfis").changelog_table()
        );
        assert_ne!(
            side("app", "perfis").changelog_table(),
            side("app2", "perfis").changelog_table()
        );
    }

    #[test]
    fn long_names_stay_within_the_servers_limit() {
        let long = side("public", &"ä".repeat(31));
        for name in [
            long.changelog_table(),
            long.changelog_view(),
            long.capture_function("truncate"),
        ] {
            assert!(name.name.as_str().len() <= 63, "{name} is too long");
        }
    }
}
