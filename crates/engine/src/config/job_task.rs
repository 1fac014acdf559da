//! What a job of `[jobs.NAME]` does: the keys of which it has exactly one.

use std::path::Path;
use std::time::Duration;

use ponte_pg::jobs::Task;
use ponte_pg::jobs::backup::Backup;
use ponte_pg::jobs::task::{
    Analyze, Argument, Call, Delete, Every, Expired, Partitions, Refresh, Reindex, Statements,
};
use ponte_schema::{Expression, Ident, QualifiedName};
use ponte_sync::LinkName;
use toml::Spanned;
use toml::de::DeValue;

use super::keys::{Section, nearest};
use super::link::Length;
use super::origin::Origin;
use super::probe_values::decimal;
use super::reader::{Reader, Table, in_file_order};
use super::table_name::TableName;

/// What a job does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Something in its database.
    Task(Task),
    /// A pass of a link.
    Sync(LinkName),
    /// A backup of its database.
    Backup(Backup),
}

impl Work {
    /// The word for its kind, which is the key of the configuration.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Task(task) => task.word(),
            Self::Sync(_) => "sync",
            Self::Backup(_) => "backup",
        }
    }
}

/// The keys that say what a job does.
const KINDS: [&str; 9] = [
    "call",
    "sql",
    "refresh",
    "analyze",
    "reindex",
    "partitions",
    "delete",
    "backup",
    "sync",
];

const AHEAD_DEFAULT: u64 = 3;
const PERIODS_MAX: u64 = 10_000;
const BATCH_ROWS_DEFAULT: u64 = 1_000;
const BATCH_ROWS_MAX: u64 = 1_000_000;
const BACKUPS_KEPT_DEFAULT: u64 = 7;

/// Reads what a job does; `None` where that has a fault.
pub(super) fn read(
    reader: &Reader<'_>,
    root: &Path,
    links: Option<&[&str]>,
    table: &Table<'_, '_>,
) -> Option<Work> {
    let kind = kind(reader, table)?;
    if kind != "call"
        && let Some(value) = table.value("arguments")
    {
        reader.fault(&value.span(), "only a call has arguments");
        return None;
    }
    Some(Work::Task(match kind {
        "call" => {
            let function = table.parsed::<TableName>("call");
            let arguments = arguments(reader, table);
            Task::Call(Call {
                function: function?.value.0,
                arguments: arguments?,
            })
        }
        "sql" => Task::Statements(table.parsed::<Statements>("sql")?.value),
        "refresh" => Task::Refresh(Refresh {
            view: name(table, "refresh")?,
        }),
        "analyze" => Task::Analyze(Analyze {
            tables: names(reader, table)?,
        }),
        "reindex" => Task::Reindex(Reindex {
            target: name(table, "reindex")?,
        }),
        "partitions" => Task::Partitions(partitions(reader, table)?),
        "delete" => Task::Delete(delete(reader, table)?),
        "backup" => return Some(Work::Backup(backup(reader, root, table)?)),
        _ => return sync(reader, links, table).map(Work::Sync),
    }))
}

fn kind(reader: &Reader<'_>, table: &Table<'_, '_>) -> Option<&'static str> {
    let kinds: Vec<&str> = KINDS
        .into_iter()
        .filter(|kind| table.value(kind).is_some())
        .collect();
    match kinds.as_slice() {
        [kind] => Some(kind),
        [] => {
            let help = format!("add one of {}", KINDS.join(", "));
            reader.fault_with(table.header(), "the job does not say what it does", Some(help));
            None
        }
        [first, second, ..] => {
            let span = table.value(second).map_or(table.header().clone(), Spanned::span);
            reader.fault(
                &span,
                format!("a job does one thing, and this one has {first:?} already"),
            );
            None
        }
    }
}

fn name(table: &Table<'_, '_>, key: &str) -> Option<QualifiedName> {
    Some(table.parsed::<TableName>(key)?.value.0)
}

fn names(reader: &Reader<'_>, table: &Table<'_, '_>) -> Option<Vec<QualifiedName>> {
    let texts = table.texts("analyze")?;
    if texts.value.is_empty() {
        reader.fault(&texts.span, "there is no table in it");
        return None;
    }
    let parsed = texts
        .value
        .iter()
        .map(|text| match text.value.parse::<TableName>() {
            Ok(name) => Some(name.0),
            Err(e) => {
                reader.fault(&text.span, e);
                None
            }
        });
    parsed.collect()
}

/// The table of a kind that has keys of its own.
fn inner<'r, 'd>(
    reader: &'r Reader<'d>,
    table: &Table<'r, 'd>,
    key: &str,
    section: Section,
) -> Option<Table<'r, 'd>> {
    let (inner, span) = table.table(key)?;
    Some(Table::new(reader, section, table.path_of(key), inner, span))
}

fn partitions<'r, 'd>(reader: &'r Reader<'d>, table: &Table<'r, 'd>) -> Option<Partitions> {
    let table = inner(reader, table, "partitions", Section::JobPartitions)?;
    let parent = table.required::<TableName>("table");
    let every = table.required::<Every>("every");
    let ahead = table.whole_or("ahead", AHEAD_DEFAULT, 0..=PERIODS_MAX);
    let keep = match table.value("keep") {
        Some(_) => Some(table.whole_or("keep", 0, 0..=PERIODS_MAX)?),
        None => None,
    };
    let expired = table.parsed_or("expired", Expired::Detach);
    let periods = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Some(Partitions {
        table: parent?.value.0,
        every: every?.value,
        ahead: periods(ahead?),
        keep: keep.map(periods),
        expired: expired?.value,
    })
}

fn delete<'r, 'd>(reader: &'r Reader<'d>, table: &Table<'r, 'd>) -> Option<Delete> {
    let table = inner(reader, table, "delete", Section::JobDelete)?;
    let name = table.required::<TableName>("table");
    let condition = table.required::<String>("where");
    let rows = table.whole_or("batch_rows", BATCH_ROWS_DEFAULT, 1..=BATCH_ROWS_MAX);
    let pause = table.parsed_or("pause", Length(Duration::ZERO));
    Some(Delete {
        table: name?.value.0,
        condition: Expression::new(condition?.value),
        batch_rows: u32::try_from(rows?).unwrap_or(u32::MAX),
        pause: pause?.value.0,
    })
}

fn backup<'r, 'd>(reader: &'r Reader<'d>, root: &Path, table: &Table<'r, 'd>) -> Option<Backup> {
    let table = inner(reader, table, "backup", Section::JobBackup)?;
    let directory = table.required::<String>("directory");
    let keep = table.whole_or("keep", BACKUPS_KEPT_DEFAULT, 1..=PERIODS_MAX);
    Some(Backup {
        directory: root.join(directory?.value),
        keep: u32::try_from(keep?).unwrap_or(u32::MAX),
    })
}

fn sync(reader: &Reader<'_>, links: Option<&[&str]>, table: &Table<'_, '_>) -> Option<LinkName> {
    let link = table.parsed::<LinkName>("sync")?;
    let Some(links) = links.filter(|links| !links.contains(&link.value.as_str())) else {
        return Some(link.value);
    };
    let help = match nearest(link.value.as_str(), links.iter().copied()) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => "name a link of this file".to_owned(),
    };
    let message = format!("there is no link {:?}", link.value.as_str());
    reader.fault_with(&link.span, message, Some(help));
    None
}

fn arguments(reader: &Reader<'_>, table: &Table<'_, '_>) -> Option<Vec<(Option<Ident>, Argument)>> {
    let Some(value) = table.value("arguments") else {
        return Some(Vec::new());
    };
    let place = reader.document.place(value.span().start);
    let given: Vec<(Option<Ident>, &Spanned<DeValue<'_>>)> = match value.get_ref() {
        DeValue::Array(items) => items.iter().map(|item| (None, item)).collect(),
        DeValue::Table(items) => in_file_order(items)
            .into_iter()
            .map(|(name, item)| (Some(Ident::new(name.get_ref().as_ref())), item))
            .collect(),
        _ => {
            table.wrong_type("arguments", value, "an array of values or a table of them");
            return None;
        }
    };
    table.record(
        "arguments",
        format!("{} values", given.len()),
        Origin::File(place),
    );
    let read = given
        .into_iter()
        .map(|(name, item)| Some((name, argument(reader, item)?)));
    read.collect()
}

fn argument(reader: &Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<Argument> {
    Some(match value.get_ref() {
        DeValue::String(text) => Argument::Text(text.as_ref().to_owned()),
        DeValue::Integer(number) => match decimal(number).parse() {
            Ok(number) => Argument::Integer(number),
            Err(_) => Argument::Float(decimal(number)),
        },
        DeValue::Float(number) => Argument::Float(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Argument::Boolean(*yes),
        DeValue::Datetime(time) => Argument::Text(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => {
            reader.fault_with(
                &value.span(),
                "an argument is a text, a number, a boolean or a time",
                Some("write arrays and JSON as the text that PostgreSQL reads: '{1,2}'".into()),
            );
            return None;
        }
    })
}
