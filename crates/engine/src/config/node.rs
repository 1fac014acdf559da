//! `[nodes.NAME]`: the databases that take part.
//!
//! An address whose variable is not set is no fault of the file: `ponte demo` or a command for another node goes on
//! without it. The one who asks for the address gets the error, with the line of the file.

use std::path::Path;

use ponte_sync::NodeName;

use super::expand::{self, Unset};
use super::origin::Place;
use super::reader::{Reader, Table};
use super::secret::Secret;
use crate::{Error, ErrorKind, Excerpt, Result};

/// How a database is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A cluster of our own under `.ponte/`, by name.
    Embedded(String),
    /// A connection string: a URL or `key=value` pairs.
    Server(Secret),
    /// No connection string at all: what libpq's variables (`PGHOST`, `PGDATABASE`, …) say.
    Libpq,
}

impl Address {
    /// Tells `embedded:NAME` from connection strings. The error is one lower-case sentence without the text itself.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.strip_prefix("embedded:") {
            Some(name) => match NodeName::new(name) {
                Ok(name) => Ok(Self::Embedded(name.as_str().to_owned())),
                Err(e) => Err(format!("the embedded cluster cannot have that name: {e}")),
            },
            None if text.is_empty() => Err("the connection string is empty".into()),
            None => Ok(Self::Server(Secret::new(text))),
        }
    }
}

impl std::fmt::Display for Address {
    /// Passwords masked.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded(name) => write!(f, "embedded:{name}"),
            Self::Server(secret) => secret.fmt(f),
            Self::Libpq => f.write_str("libpq variables"),
        }
    }
}

/// An address of the file: known, or with something missing that it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Written {
    Known(Address),
    Unset(Box<Excerpt>),
}

/// A database that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is called.
    pub name: NodeName,
    /// Go on although the address leads to a transaction pooler.
    pub allow_pooler: bool,
    /// Where its table begins in the file.
    pub place: Place,
    url: Written,
    direct_url: Option<Written>,
}

impl Node {
    /// How the database is reached by a command that can live with a pooler.
    ///
    /// # Errors
    /// When the address refers to a variable or a file that is not there.
    pub fn address(&self) -> Result<&Address> {
        known(&self.name, &self.url)
    }

    /// How the database is reached around a pooler: the `direct_url` where there is one.
    ///
    /// # Errors
    /// When the address refers to a variable or a file that is not there.
    pub fn direct_address(&self) -> Result<&Address> {
        known(&self.name, self.direct_url.as_ref().unwrap_or(&self.url))
    }

    /// Whether the sync has to reckon with a pooler: it is allowed, and no way around it is known.
    pub fn may_be_pooled(&self) -> bool {
        self.allow_pooler && self.direct_url.is_none()
    }
}

fn known<'a>(node: &NodeName, written: &'a Written) -> Result<&'a Address> {
    match written {
        Written::Known(address) => Ok(address),
        Written::Unset(excerpt) => {
            let error = Error::new(
                ErrorKind::ConfigUnset,
                format!("cannot tell where the node \"{node}\" is"),
            );
            Err(match &excerpt.help {
                Some(help) => error.hint(help.clone()),
                None => error,
            }
            .at([Excerpt {
                help: None,
                ..excerpt.as_ref().clone()
            }]))
        }
    }
}

/// Reads one node; `None` where it has a fault.
pub(super) fn read(reader: &Reader<'_>, root: &Path, name: NodeName, table: &Table<'_, '_>) -> Option<Node> {
    let url = match table.value("url") {
        Some(_) => address(reader, root, table, "url"),
        None => {
            table.missing("url");
            None
        }
    };
    let direct_url = table
        .value("direct_url")
        .map(|_| address(reader, root, table, "direct_url"));
    let allow_pooler = table.boolean("allow_pooler");
    let direct_url = match direct_url {
        Some(written) => Some(written?),
        None => None,
    };
    Some(Node {
        name,
        allow_pooler: allow_pooler?,
        place: reader.document.place(table.header().start),
        url: url?,
        direct_url,
    })
}

fn address(reader: &Reader<'_>, root: &Path, table: &Table<'_, '_>, key: &str) -> Option<Written> {
    let (raw, span) = table.raw(key)?;
    let place = reader.document.place(span.start);
    let expanded = match expand::secret(raw, root, reader.environment) {
        Ok(expanded) => expanded,
        Err(unset @ Unset::Unclosed) => {
            reader.fault_with(&span, unset.to_string(), Some(unset.help(reader.environment)));
            return None;
        }
        Err(unset) => {
            table.record(key, format!("({unset})"), expand::origin(place, Vec::new()));
            let help = unset.help(reader.environment);
            let excerpt = reader.document.excerpt(&span, unset.to_string(), Some(help));
            return Some(Written::Unset(Box::new(excerpt)));
        }
    };
    match Address::parse(&expanded.text) {
        Ok(address) => {
            table.record(key, &address, expand::origin(place, expanded.origins));
            Some(Written::Known(address))
        }
        Err(message) => {
            reader.fault(&span, message);
            None
        }
    }
}
