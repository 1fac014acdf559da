//! `[[links]]`: which nodes are kept in agreement, which tables, when and by which rules.

use std::time::Duration;

use ponte_sync::limit::DeleteLimit;
use ponte_sync::{ApplyMode, ConflictPolicy, Initial, LinkName, NodeName};

use super::duration;
use super::extras::{self, LogKeys};
use super::keys::{Section, nearest};
use super::mapping::{self, TableMapping};
use super::node::Node;
use super::origin::Place;
use super::reader::{At, Reader, Table};
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
    /// How long a changelog keeps what has arrived everywhere.
    pub retention: Duration,
    /// How long decided conflicts are kept; `None` for ever.
    pub keep_conflicts: Option<Duration>,
    /// The tables, at least one, in the order of the file.
    pub tables: Vec<TableMapping>,
    /// Where it stands in the file.
    pub place: Place,
}

/// A length of time with the notation of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length(pub(super) Duration);

/// A length of time, or no end.
#[derive(Debug, Clone, Copy)]
struct Keeping(Option<Duration>);

impl std::str::FromStr for Keeping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == FOREVER {
            return Ok(Self(None));
        }
        duration::parse(text)
            .map(|length| Self(Some(length)))
            .ok_or_else(|| format!("expected {}, or {FOREVER:?}, not {text:?}", duration::EXPECTED))
    }
}

impl std::fmt::Display for Keeping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.map_or_else(|| FOREVER.to_owned(), duration::show))
    }
}

/// No end.
const FOREVER: &str = "forever";

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

/// How long a changelog keeps what has arrived everywhere where the file says nothing.
const RETENTION_DEFAULT: Duration = Duration::from_secs(7 * 86_400);
/// How long decided conflicts are kept where the file says nothing.
const KEEP_CONFLICTS_DEFAULT: Duration = Duration::from_secs(90 * 86_400);

/// Reads one link; `None` where it has a fault.
pub(super) fn read(reader: &Reader<'_>, nodes: &Names<'_>, table: &Table<'_, '_>) -> Option<Link> {
    let name = table.required::<LinkName>("name");
    let between = between(reader, nodes, table);
    let schedule = table.parsed_or("every", Schedule::Every(EVERY_DEFAULT));
    let conflict = table.parsed_or("conflict", ConflictPolicy::Latest);
    let initial = table.parsed_or("initial", Initial::Merge);
    let apply = table.parsed_or("apply", ApplyMode::Auto);
    let max_future = table.parsed_or("max_future", Length(MAX_FUTURE_DEFAULT));
    let retention = table.parsed_or("retention", Length(RETENTION_DEFAULT));
    let keep_conflicts = table.parsed_or("keep_conflicts", Keeping(Some(KEEP_CONFLICTS_DEFAULT)));
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
    let max_delete = mapping::delete_limit(reader, table, DeleteLimit::default());
    let log = between
        .as_ref()
        .map(|between| extras::of_link(reader, between, table));
    let inherited = log.as_ref().and_then(Option::as_ref);
    let rules = (max_delete.unwrap_or_default(), inherited);
    let tables = tables(reader, between.as_ref(), table, rules);
    log?.as_ref()?;
    max_delete?;
    Some(Link {
        name: name?.value,
        between: between?,
        schedule: schedule?.value,
        conflict: conflict?.value,
        initial: initial?.value,
        apply: apply?.value,
        max_future: max_future?.value.0,
        retention: retention?.value.0,
        keep_conflicts: keep_conflicts?.value.0,
        tables: tables?,
        place: reader.document.place(table.header().start),
    })
}

/// The names of all nodes of the file, those with faults among them.
pub(super) struct Names<'a>(pub(super) Vec<&'a str>);

impl<'a> Names<'a> {
    pub(super) fn help(&self, name: &str) -> String {
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

pub(super) fn check_winner(
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

fn tables(
    reader: &Reader<'_>,
    between: Option<&[NodeName; 2]>,
    link: &Table<'_, '_>,
    (max_delete, log): (DeleteLimit, Option<&LogKeys>),
) -> Option<Vec<TableMapping>> {
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
        let mapping = mapping::read(reader, between, &table, max_delete, log);
        if let Some(new) = &mapping
            && mappings.iter().flatten().any(|old| new.meets(old))
        {
            reader.fault(
                &header,
                format!("the table {} is listed twice", new.spec.names[0]),
            );
        }
        mappings.push(mapping);
    }
    mappings.into_iter().collect()
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
