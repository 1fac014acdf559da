//! `[[links]]`: which nodes are kept in agreement, which tables, when and by which rules.

use std::time::Duration;

use ponte_schema::{Ident, QualifiedName};
use ponte_sync::limit::DeleteLimit;
use ponte_sync::{ApplyMode, ConflictPolicy, Initial, LinkName, NodeName};
use toml::de::{DeInteger, DeValue};

use super::duration;
use super::keys::{Section, nearest};
use super::node::Node;
use super::origin::{Origin, Place};
use super::reader::{At, Reader, Table, in_file_order};
use super::schedule::Schedule;

/// Two nodes, the tables that are kept in agreement, and the rules.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it is called.
    pub name: LinkName,
    /// The two nodes, in the order of the file.
    pub between: [NodeName; 2],
    /// When a pass begins.
    pub schedule: Schedule,
    /// Which of two concurrent changes stays.
    pub conflict: ConflictPolicy,
    /// What happens to rows that are there already.
    pub initial: Initial,
    /// How rows are written.
    pub apply: ApplyMode,
    /// How far ahead of the clock a row's version may be.
    pub max_future: Duration,
    /// The tables, at least one, in the order of the file.
    pub tables: Vec<TableMapping>,
    /// Where it stands in the file.
    pub place: Place,
}

/// A table that is kept in agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMapping {
    /// The table, called the same at both nodes.
    pub table: QualifiedName,
    /// The column that tells which of two changes is the later one, where the file says so.
    pub version: Option<Ident>,
    /// The columns that tell rows apart; empty for the primary key.
    pub key: Vec<Ident>,
    /// How many rows a batch may delete before a person is asked; the link's where the table says nothing.
    pub max_delete: DeleteLimit,
    /// Which of two concurrent changes stays, where it is not the link's rule.
    pub conflict: Option<ConflictPolicy>,
    /// Values for the columns that a probe row needs, in the notation of a PostgreSQL literal.
    pub probe: Vec<(Ident, String)>,
    /// Where it stands in the file.
    pub place: Place,
}

/// A length of time with the notation of the file.
#[derive(Debug, Clone, Copy)]
struct Length(Duration);

impl std::str::FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        duration::parse(text)
            .map(Self)
            .ok_or_else(|| format!("expected {}, not {text:?}", duration::EXPECTED))
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&duration::show(self.0))
    }
}

/// How often a link runs where the file says nothing.
const EVERY_DEFAULT: Duration = Duration::from_secs(300);
/// How far ahead of the clock a version may be where the file says nothing.
const MAX_FUTURE_DEFAULT: Duration = Duration::from_secs(300);

/// Reads one link; `None` where it has a fault.
pub(super) fn read(reader: &Reader<'_>, nodes: &Names<'_>, table: &Table<'_, '_>) -> Option<Link> {
    let name = table.required::<LinkName>("name");
    let between = between(reader, nodes, table);
    let schedule = table.parsed_or("every", Schedule::Every(EVERY_DEFAULT));
    let conflict = table.parsed_or("conflict", ConflictPolicy::Latest);
    let initial = table.parsed_or("initial", Initial::Merge);
    let apply = table.parsed_or("apply", ApplyMode::Auto);
    let max_future = table.parsed_or("max_future", Length(MAX_FUTURE_DEFAULT));
    if let Some(between) = &between {
        check_winner(
            reader,
            between,
            conflict.as_ref().and_then(|c| Some((c.value.node()?, &c.span))),
        );
        check_winner(
            reader,
            between,
            initial.as_ref().and_then(|i| Some((i.value.node()?, &i.span))),
        );
    }
    let max_delete = limit(reader, table, DeleteLimit::default());
    let inherited = Inherited {
        max_delete: max_delete.unwrap_or_default(),
        between: between.as_ref(),
    };
    let tables = tables(reader, table, inherited);
    max_delete?;
    Some(Link {
        name: name?.value,
        between: between?,
        schedule: schedule?.value,
        conflict: conflict?.value,
        initial: initial?.value,
        apply: apply?.value,
        max_future: max_future?.value.0,
        tables: tables?,
        place: reader.document.place(table.header().start),
    })
}

/// The names of all nodes of the file, those with faults among them.
pub(super) struct Names<'a>(pub(super) Vec<&'a str>);

impl<'a> Names<'a> {
    fn help(&self, name: &str) -> String {
        match nearest(name, self.0.iter().copied()) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None if self.0.is_empty() => format!("add [nodes.{name}] with its url"),
            None => format!("the nodes are {}; or add [nodes.{name}]", self.0.join(", ")),
        }
    }
}

fn between(reader: &Reader<'_>, nodes: &Names<'_>, table: &Table<'_, '_>) -> Option<[NodeName; 2]> {
    if table.value("between").is_none() {
        table.missing("between");
        return None;
    }
    let names = table.texts("between")?;
    let [a, b] = names.value.as_slice() else {
        reader.fault(
            &names.span,
            format!("a link is between two nodes, not {}", names.value.len()),
        );
        return None;
    };
    if a.value == b.value {
        reader.fault(&b.span, "a link needs two different nodes");
        return None;
    }
    let known = |name: &At<String>| {
        if !nodes.0.contains(&name.value.as_str()) {
            let message = format!("there is no node {:?}", name.value);
            reader.fault_with(&name.span, message, Some(nodes.help(&name.value)));
            return None;
        }
        NodeName::new(name.value.as_str()).ok()
    };
    let (a, b) = (known(a), known(b));
    Some([a?, b?])
}

fn check_winner(
    reader: &Reader<'_>,
    between: &[NodeName; 2],
    winner: Option<(&NodeName, &std::ops::Range<usize>)>,
) {
    if let Some((node, span)) = winner
        && !between.contains(node)
    {
        let [a, b] = between;
        reader.fault_with(
            span,
            format!("the node \"{node}\" takes no part in this link"),
            Some(format!("name {a:?} or {b:?}", a = a.as_str(), b = b.as_str())),
        );
    }
}

/// What a link's tables take from the link.
#[derive(Clone, Copy)]
struct Inherited<'a> {
    max_delete: DeleteLimit,
    /// The names of its nodes, where they could be read.
    between: Option<&'a [NodeName; 2]>,
}

fn tables(reader: &Reader<'_>, link: &Table<'_, '_>, inherited: Inherited<'_>) -> Option<Vec<TableMapping>> {
    let entries = link.tables("tables");
    if entries.is_empty() {
        if link.value("tables").is_none() {
            link.missing("tables");
        } else if let Some(value) = link.value("tables") {
            reader.fault(&value.span(), "a link needs at least one table");
        }
        return None;
    }
    let mut mappings: Vec<Option<TableMapping>> = Vec::new();
    for (entry, header) in entries {
        let path = link.inner_path("tables", entry, "table");
        let table = Table::new(reader, Section::Table, path, entry, header.clone());
        let mapping = mapping(reader, &table, inherited);
        if let Some(new) = &mapping
            && mappings.iter().flatten().any(|old| old.table == new.table)
        {
            reader.fault(&header, format!("the table {} is listed twice", new.table));
        }
        mappings.push(mapping);
    }
    mappings.into_iter().collect()
}

fn mapping(reader: &Reader<'_>, table: &Table<'_, '_>, inherited: Inherited<'_>) -> Option<TableMapping> {
    let name = table.required::<TableName>("table");
    let version = table.value("version").map(|_| table.parsed::<Column>("version"));
    let key = match table.value("key") {
        Some(_) => key(reader, table),
        None => {
            table.record("key", "the primary key", Origin::Default);
            Some(Vec::new())
        }
    };
    let conflict = own_conflict(reader, table, inherited.between);
    let probe = probe(reader, table);
    let max_delete = limit(reader, table, inherited.max_delete);
    let version = match version {
        Some(column) => Some(column?.value.0),
        None => None,
    };
    Some(TableMapping {
        table: name?.value.0,
        version,
        key: key?,
        conflict: conflict?,
        probe: probe?,
        max_delete: max_delete?,
        place: reader.document.place(table.header().start),
    })
}

/// `max_delete`, with or without quotes around a number.
fn limit(reader: &Reader<'_>, table: &Table<'_, '_>, default: DeleteLimit) -> Option<DeleteLimit> {
    let name = "max_delete";
    let number = table.value(name).and_then(|value| match value.get_ref() {
        DeValue::Integer(number) => Some((number, value.span())),
        _ => None,
    });
    let Some((number, span)) = number else {
        return table.parsed_or(name, default).map(|limit| limit.value);
    };
    match decimal(number).parse::<DeleteLimit>() {
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

/// The table's own rule; `Some(None)` where it has none.
fn own_conflict(
    reader: &Reader<'_>,
    table: &Table<'_, '_>,
    between: Option<&[NodeName; 2]>,
) -> Option<Option<ConflictPolicy>> {
    if table.value("conflict").is_none() {
        return Some(None);
    }
    let policy = table.parsed::<ConflictPolicy>("conflict")?;
    if let (Some(between), Some(node)) = (between, policy.value.node()) {
        check_winner(reader, between, Some((node, &policy.span)));
    }
    Some(Some(policy.value))
}

fn key(reader: &Reader<'_>, table: &Table<'_, '_>) -> Option<Vec<Ident>> {
    let columns = table.texts("key")?;
    if columns.value.is_empty() {
        reader.fault_with(
            &columns.span,
            "a key needs at least one column",
            Some("leave the line out to use the primary key".into()),
        );
        return None;
    }
    let mut key: Vec<Ident> = Vec::new();
    for column in columns.value {
        let ident = match column.value.parse::<Column>() {
            Ok(column) => column.0,
            Err(message) => {
                reader.fault(&column.span, message);
                return None;
            }
        };
        if key.contains(&ident) {
            reader.fault(&column.span, format!("the column {ident} is listed twice"));
            return None;
        }
        key.push(ident);
    }
    Some(key)
}

fn probe(reader: &Reader<'_>, table: &Table<'_, '_>) -> Option<Vec<(Ident, String)>> {
    if table.value("probe").is_none() {
        return Some(Vec::new());
    }
    let (values, _) = table.table("probe")?;
    let mut probe = Vec::new();
    let mut complete = true;
    for (column, value) in in_file_order(values) {
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) => decimal(number),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(yes) => yes.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            DeValue::Array(_) | DeValue::Table(_) => {
                reader.fault_with(
                    &value.span(),
                    "a probe value is a text, a number, a boolean or a time",
                    Some("write arrays and JSON as the text that PostgreSQL reads: '{1,2}'".into()),
                );
                complete = false;
                continue;
            }
        };
        let place = reader.document.place(value.span().start);
        table.record(&format!("probe.{}", column.get_ref()), &text, Origin::File(place));
        probe.push((Ident::new(column.get_ref().as_ref()), text));
    }
    complete.then_some(probe)
}

/// A number in the notation that every PostgreSQL reads, whatever the file's.
fn decimal(number: &DeInteger<'_>) -> String {
    i64::from_str_radix(number.as_str(), number.radix())
        .map_or_else(|_| number.as_str().to_owned(), |value| value.to_string())
}

/// `name`, `schema.name`, with double quotes around a part that holds a dot.
#[derive(Debug, PartialEq, Eq)]
struct TableName(QualifiedName);

impl std::str::FromStr for TableName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = parts(text.trim()).ok_or_else(|| format!("{text:?} is no table name"))?;
        match parts.as_slice() {
            [name] => Ok(Self(QualifiedName::new("public", name.as_str()))),
            [schema, name] => Ok(Self(QualifiedName::new(schema.as_str(), name.as_str()))),
            _ => Err(format!(
                "{text:?} is no table name: expected \"name\" or \"schema.name\""
            )),
        }
    }
}

/// Splits at dots outside quotes; `None` where a part is empty, a quote is open or something stands beside quotes.
fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(quoted)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if part.is_empty() || (!rest.starts_with('"') && part.contains('"')) {
            return None;
        }
        parts.push(part);
        if after.is_empty() {
            return Some(parts);
        }
        rest = after.strip_prefix('.')?;
    }
}

/// The inside of a quoted part, `""` being one quote, and what comes after it.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            part.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            part.push('"');
        } else {
            return Some((part, &text[at + 1..]));
        }
    }
    None
}

/// A column's name as the catalog spells it.
struct Column(Ident);

impl std::str::FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("a column needs a name".into());
        }
        Ok(Self(Ident::new(text)))
    }
}

/// Notes links that have the same name.
pub(super) fn check_names(reader: &Reader<'_>, links: &[(Link, std::ops::Range<usize>)]) {
    for (index, (link, span)) in links.iter().enumerate() {
        if links[..index]
            .iter()
            .any(|(earlier, _)| earlier.name == link.name)
        {
            reader.fault(span, format!("the link \"{}\" is defined twice", link.name));
        }
    }
}

/// The nodes that a link may be between.
pub(super) fn names(nodes: &[(NodeName, Option<Node>)]) -> Names<'_> {
    Names(nodes.iter().map(|(name, _)| name.as_str()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        let found = text.parse::<TableName>().ok();
        let expected = expected.map(|(schema, name)| TableName(QualifiedName::new(schema, name)));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_table_name_may_have_a_schema_and_quotes() {
        check("perfis", Some(("public", "perfis")));
        check("app.perfis", Some(("app", "perfis")));
        check("Perfis", Some(("public", "Perfis")));
        check("\"a.b\".\"c\"\"d\"", Some(("a.b", "c\"d")));
    }

    #[test]
    fn what_is_no_table_name_is_refused() {
        for text in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b", "a\"b"] {
            check(text, None);
        }
    }
}
