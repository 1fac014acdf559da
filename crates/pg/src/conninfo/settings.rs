//! Keywords with their values as text, and where each came from.

use std::collections::BTreeMap;
use std::fmt;

use crate::conninfo::keyword::Keyword;
use crate::error::{Error, ErrorKind, Result};

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The connection string itself.
    ConnectionString,
    /// A section of a service file.
    Service(String),
    /// An environment variable.
    Environment(&'static str),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionString => f.write_str("connection string"),
            Self::Service(name) => write!(f, "service {name}"),
            Self::Environment(variable) => f.write_str(variable),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value with its origin.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// Keywords with their values. An empty value counts as none, as libpq has it for most keywords.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<Keyword, Setting>);

impl Settings {
    /// Sets a keyword by its spelling; the last one wins. An unknown keyword is refused with the nearest known one.
    pub(crate) fn assign(&mut self, name: &str, value: String, origin: Origin) -> Result<()> {
        let keyword = Keyword::find(name).ok_or_else(|| unknown(name))?;
        if value.contains('\0') {
            return Err(invalid(format!("{} holds a zero byte", keyword.name())));
        }
        self.0.insert(keyword, Setting { value, origin });
        Ok(())
    }

    /// Sets a keyword that has no value yet.
    pub(crate) fn fill(&mut self, keyword: Keyword, value: String, origin: Origin) {
        if self.get(keyword).is_none() && !value.is_empty() && !value.contains('\0') {
            self.0.insert(keyword, Setting { value, origin });
        }
    }

    /// Sets a keyword whatever it was before.
    pub(crate) fn replace(&mut self, keyword: Keyword, value: String, origin: Origin) {
        self.0.insert(keyword, Setting { value, origin });
    }

    /// Forgets a keyword.
    pub(crate) fn remove(&mut self, keyword: Keyword) {
        self.0.remove(&keyword);
    }

    /// The value, unless it is empty.
    pub(crate) fn get(&self, keyword: Keyword) -> Option<&str> {
        let setting = self.0.get(&keyword)?;
        (!setting.value.is_empty()).then_some(setting.value.as_str())
    }

    /// Where the value came from.
    pub(crate) fn origin(&self, keyword: Keyword) -> Option<&Origin> {
        self.0.get(&keyword).map(|setting| &setting.origin)
    }

    /// All that is set, in printing order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Keyword, &Setting)> {
        self.0
            .iter()
            .filter(|(_, setting)| !setting.value.is_empty())
            .map(|(keyword, setting)| (*keyword, setting))
    }

    /// The parts of a value that lists one entry per host.
    pub(crate) fn list(&self, keyword: Keyword) -> Vec<&str> {
        self.get(keyword)
            .map(|value| value.split(',').map(str::trim).collect())
            .unwrap_or_default()
    }

    /// One of several words; the first choice is the default.
    pub(crate) fn choice<T: Copy>(&self, keyword: Keyword, choices: &[(&str, T)], default: T) -> Result<T> {
        let Some(value) = self.get(keyword) else {
            return Ok(default);
        };
        let found = choices.iter().find(|(word, _)| *word == value);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.refuse(keyword, &format!("takes one of {}", words.join(", ")))
        })
    }

    /// A whole number.
    pub(crate) fn integer(&self, keyword: Keyword) -> Result<Option<i64>> {
        let Some(value) = self.get(keyword) else {
            return Ok(None);
        };
        let number = value.trim().parse::<i32>();
        number
            .map(|n| Some(i64::from(n)))
            .map_err(|_| self.refuse(keyword, "takes a whole number"))
    }

    /// The error about a value: names the keyword, the value unless secret, and where it came from.
    pub(crate) fn refuse(&self, keyword: Keyword, why: &str) -> Error {
        let error = invalid(format!("{} {why}", keyword.name()));
        match self.0.get(&keyword) {
            Some(setting) if !keyword.is_secret() => error
                .with(keyword.name(), &setting.value)
                .with("from", &setting.origin),
            Some(setting) => error.with("from", &setting.origin),
            None => error,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(keyword, setting): (Keyword, &Setting)| {
            let value = if keyword.is_secret() {
                "***".to_owned()
            } else {
                setting.value.clone()
            };
            (keyword.name(), value)
        };
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}

/// An error about a connection string.
pub(crate) fn invalid(what: impl fmt::Display) -> Error {
    Error::new(
        ErrorKind::ConnInvalid,
        format!("cannot use the connection string: {what}"),
    )
}

/// The error about a keyword that does not exist. A word that is no plain keyword is not repeated: it may be a piece of a
/// password that was not encoded.
fn unknown(name: &str) -> Error {
    let plain = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !plain {
        return invalid("a keyword is not one")
            .hint("percent-encode special characters in a URL, quote them in key=value form");
    }
    let error = invalid(format!("unknown keyword {name}"));
    match name {
        "schema" | "search_path" | "currentSchema" => {
            return error.hint("say it as libpq does: options=-csearch_path%3DNAME");
        }
        "connection_limit" | "pgbouncer" | "pool_timeout" | "socket_timeout" | "statement_cache_size" => {
            return error.hint("remove it: it is meant for Prisma Client alone");
        }
        _ => {}
    }
    match Keyword::nearest(name) {
        Some(nearest) => error.hint(format!("did you mean {}?", nearest.name())),
        None => error.hint("remove it, only libpq's connection keywords are known"),
    }
}
