//! `[[links.tables]]`: a table, and what is called or valued differently on its two sides.
//!
//! A value that is given once holds for both nodes; a table `{ NODE = …, NODE = … }` in its place gives each node its own.

use ponte_schema::{Expression, Ident};
use ponte_sync::limit::DeleteLimit;
use ponte_sync::mapping::{ColumnMap, Leaving, TableSpec, TriggerRule};
use ponte_sync::{ConflictPolicy, NodeName};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::extras::{self, LogKeys};
use super::keys::nearest;
use super::link::{Length, check_winner};
use super::origin::{Origin, Place};
use super::probe_values;
use super::reader::{Reader, Table, in_file_order};
use super::table_name::TableName;

/// A table that is kept in agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMapping {
    /// What the sync is asked for.
    pub spec: TableSpec,
    /// Which of two concurrent changes stays, where it is not the link's rule.
    pub conflict: Option<ConflictPolicy>,
    /// Values for the columns that a probe row needs, in the notation of a PostgreSQL literal.
    pub probe: Vec<(Ident, String)>,
    /// Where it stands in the file.
    pub place: Place,
}

impl TableMapping {
    /// Whether both are about one table of the same node.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.spec.names.iter().zip(&other.spec.names).any(|(a, b)| a == b)
    }
}

/// A value of the file.
pub(super) type Given<'r, 'd> = &'r Spanned<DeValue<'d>>;

/// What every key is read with.
pub(super) struct Mapping<'r, 'd> {
    pub(super) reader: &'r Reader<'d>,
    pub(super) between: &'r [NodeName; 2],
    pub(super) table: &'r Table<'r, 'd>,
}

/// Reads one table of a link; `None` where it has a fault, or where the link's nodes are not known.
pub(super) fn read(
    reader: &Reader<'_>,
    between: Option<&[NodeName; 2]>,
    table: &Table<'_, '_>,
    max_delete: DeleteLimit,
    log: Option<&LogKeys>,
) -> Option<TableMapping> {
    let max_delete = delete_limit(reader, table, max_delete);
    let conflict = own_conflict(reader, table, between);
    let retention = own_retention(table);
    let triggers = table.parsed_or("triggers", TriggerRule::default());
    let leaving = leaving(reader, table);
    let probe = probe_values::read(reader, table);
    if table.value("table").is_none() {
        table.missing("table");
    }
    let mapping = Mapping {
        reader,
        between: between?,
        table,
    };
    let spec = mapping.spec();
    let extras = extras::read(&mapping, log);
    Some(TableMapping {
        spec: TableSpec {
            max_delete: max_delete?,
            retention_seconds: retention?,
            triggers: triggers?.value,
            leaving: leaving?,
            extras: extras?,
            ..spec?
        },
        conflict: conflict?,
        probe: probe?,
        place: reader.document.place(table.header().start),
    })
}

impl<'r, 'd> Mapping<'r, 'd> {
    fn spec(&self) -> Option<TableSpec> {
        let names = self.per_node("table", |m, v| m.parsed::<TableName>(v).map(|name| name.0));
        let versions = self.per_node("version", Self::column);
        let keys = self.per_node("key", |m, v| m.columns_of("key", v));
        if self.table.value("key").is_none() {
            self.table.record("key", "the primary key", Origin::Default);
        }
        let filters = self.per_node("where", |m, v| m.text("where", v).map(Expression::new));
        let local = self.per_node("local", |m, v| m.columns_of("local", v));
        let deltas = self.per_node("delta", |m, v| m.columns_of("delta", v));
        let columns = match self.table.value("columns") {
            Some(value) => {
                self.record("columns", value);
                Some(self.columns_of("columns", value)?)
            }
            None => None,
        };
        let maps = self.maps();
        let [first, second] = names?;
        Some(TableSpec {
            names: [
                first.or_else(|| self.lacks_a_node("table"))?,
                second.or_else(|| self.lacks_a_node("table"))?,
            ],
            keys: keys?,
            versions: versions?,
            columns,
            maps: maps?,
            local: local?.map(Option::unwrap_or_default),
            filters: filters?,
            max_delete: DeleteLimit::default(),
            extras: Default::default(),
            retention_seconds: None,
            conflict: None,
            decider: None,
            triggers: TriggerRule::default(),
            leaving: Leaving::default(),
            deltas: deltas?.map(Option::unwrap_or_default),
        })
    }

    /// A key's value for each node. `None` is left for a fault.
    pub(super) fn per_node<T: Clone>(
        &self,
        name: &str,
        read: impl Fn(&Self, Given<'r, 'd>) -> Option<T>,
    ) -> Option<[Option<T>; 2]> {
        let Some(value) = self.table.value(name) else {
            return Some([None, None]);
        };
        self.record(name, value);
        let DeValue::Table(by_node) = value.get_ref() else {
            let both = read(self, value)?;
            return Some([Some(both.clone()), Some(both)]);
        };
        let mut found = [None, None];
        let mut complete = true;
        for (node, value) in in_file_order(by_node) {
            let side = self.between.iter().position(|n| n.as_str() == node.get_ref());
            match side {
                Some(side) => {
                    found[side] = read(self, value);
                    complete &= found[side].is_some();
                }
                None => {
                    self.no_such_node(node, &format!("{name} is given by node"));
                    complete = false;
                }
            }
        }
        complete.then_some(found)
    }

    /// The columns that differ, one inline table each.
    fn maps(&self) -> Option<Vec<ColumnMap>> {
        let entries = self.table.tables("map");
        if let Some(value) = self.table.value("map") {
            self.record("map", value);
            if !matches!(value.get_ref(), DeValue::Array(_)) {
                return None;
            }
        }
        let maps: Vec<Option<ColumnMap>> = entries
            .into_iter()
            .map(|(entry, span)| self.column_map(entry, &span))
            .collect();
        maps.into_iter().collect()
    }

    fn column_map(&self, entry: &'r DeTable<'d>, span: &std::ops::Range<usize>) -> Option<ColumnMap> {
        let mut map = ColumnMap {
            columns: [None, None],
            into: [None, None],
        };
        for (key, value) in in_file_order(entry) {
            let side = |name: &str| self.between.iter().position(|n| n.as_str() == name);
            let key_text = key.get_ref().as_ref();
            let target = key_text.strip_prefix("to_").and_then(side);
            match (side(key_text), target) {
                (Some(side), _) => map.columns[side] = Some(self.column(value)?),
                (None, Some(side)) => map.into[side] = Some(Expression::new(self.text("map", value)?)),
                (None, None) => {
                    self.no_such_node(
                        key,
                        "an entry of map names columns by node, and expressions by to_NODE",
                    );
                    return None;
                }
            }
        }
        self.check_map(&map, span)?;
        Some(map)
    }

    /// Refuses entries that would mean nothing.
    fn check_map(&self, map: &ColumnMap, span: &std::ops::Range<usize>) -> Option<()> {
        let aimless = |side: &usize| map.into[*side].is_some() && map.columns[*side].is_none();
        if let Some(side) = (0..2).find(aimless) {
            let node = &self.between[side];
            let message = format!("to_{node} says what to write, but not into which column of {node}");
            self.reader
                .fault_with(span, message, Some(format!("add {node} = \"column\"")));
            return None;
        }
        for side in 0..2 {
            let (node, other) = (&self.between[side], &self.between[1 - side]);
            if map.columns[side].is_some() && map.columns[1 - side].is_none() && map.into[side].is_none() {
                let message = format!("nothing is said about what {node}'s column gets");
                let help = format!(
                    "add {other} = \"column\", or to_{node} = \"expression over {other}'s columns\"; a column that stays is named in local"
                );
                self.reader.fault_with(span, message, Some(help));
                return None;
            }
        }
        if map.columns.iter().all(Option::is_none) {
            self.reader.fault(span, "an entry of map names no column");
            return None;
        }
        Some(())
    }

    fn columns_of(&self, name: &str, value: Given<'r, 'd>) -> Option<Vec<String>> {
        let DeValue::Array(items) = value.get_ref() else {
            self.table.wrong_type(name, value, "an array of columns");
            return None;
        };
        if items.is_empty() && name == "key" {
            self.reader.fault_with(
                &value.span(),
                "a key needs at least one column",
                Some("leave the line out to use the primary key".into()),
            );
            return None;
        }
        let mut columns: Vec<String> = Vec::new();
        for item in items {
            let column = self.column(item)?;
            if columns.contains(&column) {
                let message = format!("the column {} is listed twice", Ident::new(column));
                self.reader.fault(&item.span(), message);
                return None;
            }
            columns.push(column);
        }
        Some(columns)
    }

    /// A column's name as the catalog spells it.
    fn column(&self, value: Given<'r, 'd>) -> Option<String> {
        let text = self.text("a column", value)?;
        let name = text.trim();
        if name.is_empty() {
            self.reader.fault(&value.span(), "a column needs a name");
            return None;
        }
        Some(name.to_owned())
    }

    pub(super) fn parsed<T: std::str::FromStr<Err = String>>(&self, value: Given<'r, 'd>) -> Option<T> {
        let text = self.text("table", value)?;
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                self.reader.fault(&value.span(), message);
                None
            }
        }
    }

    /// A text as it stands there: a dollar sign in SQL is no variable.
    pub(super) fn text(&self, name: &str, value: Given<'r, 'd>) -> Option<&'r str> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => {
                self.table.wrong_type(name, value, "a text");
                None
            }
        }
    }

    fn lacks_a_node<T>(&self, name: &str) -> Option<T> {
        let span = self
            .table
            .value(name)
            .map_or_else(|| self.table.header().clone(), Spanned::span);
        let [a, b] = self.between;
        let help = format!("write {name} = {{ {a} = \"…\", {b} = \"…\" }}");
        self.reader
            .fault_with(&span, format!("{name} is given for one node only"), Some(help));
        None
    }

    pub(super) fn no_such_node(&self, key: &Spanned<std::borrow::Cow<'_, str>>, meaning: &str) {
        let [a, b] = self.between;
        let help = match nearest(key.get_ref(), [a.as_str(), b.as_str()]) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!("the nodes of this link are {a} and {b}"),
        };
        let message = format!("{meaning}; {:?} is no node of this link", key.get_ref());
        self.reader.fault_with(&key.span(), message, Some(help));
    }

    /// Notes what the file says for `ponte config show`.
    pub(super) fn record(&self, name: &str, value: Given<'r, 'd>) {
        let place = self.reader.document.place(value.span().start);
        self.table
            .record(name, shown(value.get_ref()), Origin::File(place));
    }
}

/// What becomes of rows that leave the filter, which there has to be.
fn leaving(reader: &Reader<'_>, table: &Table<'_, '_>) -> Option<Leaving> {
    let leaving = table.parsed_or("leaving", Leaving::default())?;
    if leaving.value == Leaving::Keep && table.value("where").is_none() {
        let help = "add where = \"condition\", which says what the rows may leave".to_owned();
        reader.fault_with(
            &leaving.span,
            "no row can leave a table that has no where",
            Some(help),
        );
        return None;
    }
    Some(leaving.value)
}

/// The table's own rule; `Some(None)` where it has none.
fn own_conflict(
    reader: &Reader<'_>,
    table: &Table<'_, '_>,
    between: Option<&[NodeName; 2]>,
) -> Option<Option<ConflictPolicy>> {
    if table.value("conflict").is_none() {
        return Some(None);
    }
    if let Some(value) = table.value("conflict")
        && let DeValue::Table(entries) = value.get_ref()
    {
        return function(reader, table, entries, value).map(Some);
    }
    let policy = table.parsed::<ConflictPolicy>("conflict")?;
    if let (Some(between), Some(node)) = (between, policy.value.node()) {
        check_winner(reader, between, Some((node, &policy.span)));
    }
    Some(Some(policy.value))
}

/// `conflict = { function = "schema.name" }`.
fn function(
    reader: &Reader<'_>,
    table: &Table<'_, '_>,
    entries: &DeTable<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Option<ConflictPolicy> {
    let named = entries.get("function").filter(|_| entries.len() == 1);
    let Some(DeValue::String(text)) = named.map(Spanned::get_ref) else {
        let words = ConflictPolicy::EXPECTED;
        let help = format!("write {words}, or conflict = {{ function = \"schema.name\" }}");
        reader.fault_with(
            &value.span(),
            "a rule for conflicts is a word, or a function",
            Some(help),
        );
        return None;
    };
    match text.parse::<TableName>() {
        Ok(name) => {
            let policy = ConflictPolicy::Function(name.0);
            let place = reader.document.place(value.span().start);
            table.record("conflict", &policy, Origin::File(place));
            Some(policy)
        }
        Err(_) => {
            let message = format!("{text:?} is no name of a function: expected \"name\" or \"schema.name\"");
            reader.fault(&value.span(), message);
            None
        }
    }
}

/// `retention` of the table; the inner `None` where it is the link's. The outer one is left for a fault.
fn own_retention(table: &Table<'_, '_>) -> Option<Option<i64>> {
    if table.value("retention").is_none() {
        return Some(None);
    }
    let length = table.parsed::<Length>("retention")?.value.0;
    Some(Some(i64::try_from(length.as_secs()).unwrap_or(i64::MAX)))
}

/// `max_delete`, with or without quotes around a number.
pub(super) fn delete_limit(
    reader: &Reader<'_>,
    table: &Table<'_, '_>,
    default: DeleteLimit,
) -> Option<DeleteLimit> {
    let name = "max_delete";
    let number = table.value(name).and_then(|value| match value.get_ref() {
        DeValue::Integer(number) => Some((number, value.span())),
        _ => None,
    });
    let Some((number, span)) = number else {
        return table.parsed_or(name, default).map(|limit| limit.value);
    };
    match probe_values::decimal(number).parse::<DeleteLimit>() {
        Ok(limit) => {
            let place = reader.document.place(span.start);
            table.record(name, limit, Origin::File(place));
            Some(limit)
        }
        Err(message) => {
            reader.fault(&span, message);
            None
        }
    }
}

/// A value on one line.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.clone().into_owned(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| shown(item.get_ref())).collect();
            items.join(", ")
        }
        DeValue::Table(entries) => {
            let entries: Vec<String> = in_file_order(entries)
                .into_iter()
                .map(|(key, value)| format!("{} = {}", key.get_ref(), shown(value.get_ref())))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.type_str().to_owned(),
    }
}
