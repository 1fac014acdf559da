//! Reads one table of `ponte.toml` key by key and collects every fault on the way.
//!
//! A fault never ends the reading: the value is missing afterwards, and the person gets all faults of the file at once.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::Document;
use super::environment::Environment;
use super::expand::{self, Expanded};
use super::keys::{self, Section};
use super::origin::Origin;
use super::show::Setting;
use crate::Excerpt;

/// A value with the bytes that it was read from.
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// A text with the bytes that it was read from, and where its pieces came from.
pub(super) struct Text {
    pub(super) value: String,
    pub(super) span: Range<usize>,
    pub(super) origin: Origin,
}

/// The file, the environment, what was read and the faults found so far.
pub(super) struct Reader<'d> {
    pub(super) document: &'d Document,
    pub(super) environment: &'d Environment,
    settings: RefCell<Vec<Setting>>,
    faults: RefCell<Vec<(usize, Excerpt)>>,
}

impl<'d> Reader<'d> {
    pub(super) fn new(document: &'d Document, environment: &'d Environment) -> Self {
        Self {
            document,
            environment,
            settings: RefCell::default(),
            faults: RefCell::default(),
        }
    }

    /// Notes a fault.
    pub(super) fn fault(&self, span: &Range<usize>, message: impl Into<String>) {
        self.fault_with(span, message, None);
    }

    /// Notes a fault and what to do about it.
    pub(super) fn fault_with(&self, span: &Range<usize>, message: impl Into<String>, help: Option<String>) {
        let excerpt = self.document.excerpt(span, message.into(), help);
        self.faults.borrow_mut().push((span.start, excerpt));
    }

    /// What was read, and all faults in the order of the file.
    pub(super) fn finish(self) -> (Vec<Setting>, Vec<Excerpt>) {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|(at, _)| *at);
        let faults = faults.into_iter().map(|(_, excerpt)| excerpt).collect();
        (self.settings.into_inner(), faults)
    }
}

/// One table of the file.
pub(super) struct Table<'r, 'd> {
    reader: &'r Reader<'d>,
    section: Section,
    /// What the table is called in reports: `nodes.neon`.
    path: String,
    table: &'r DeTable<'d>,
    /// Where the table's header stands, for keys that are missing.
    header: Range<usize>,
}

impl<'r, 'd> Table<'r, 'd> {
    /// Takes a table and refuses every key that it may not have.
    pub(super) fn new(
        reader: &'r Reader<'d>,
        section: Section,
        path: impl Into<String>,
        table: &'r DeTable<'d>,
        header: Range<usize>,
    ) -> Self {
        let this = Self {
            reader,
            section,
            path: path.into(),
            table,
            header,
        };
        for key in table.keys() {
            this.check_key(key);
        }
        this
    }

    fn check_key(&self, key: &Spanned<std::borrow::Cow<'_, str>>) {
        let name = key.get_ref().as_ref();
        if self.section.keys().any(|known| known.name == name) {
            return;
        }
        if keys::is_planned(self.section, name) {
            self.reader.fault_with(
                &key.span(),
                format!("{name:?} is not supported yet in this release"),
                Some("remove the key: it would have no effect".into()),
            );
            return;
        }
        let names = || self.section.keys().map(|known| known.name);
        let help = match keys::nearest(name, names()) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!(
                "{} knows {}",
                self.section.header(),
                names().collect::<Vec<_>>().join(", ")
            ),
        };
        self.reader
            .fault_with(&key.span(), format!("unknown key {name:?}"), Some(help));
    }

    /// Notes a value for `ponte config show`.
    pub(super) fn record(&self, name: &str, value: impl fmt::Display, origin: Origin) {
        self.reader.settings.borrow_mut().push(Setting {
            key: format!("{}.{name}", self.path),
            value: value.to_string(),
            origin,
        });
    }

    /// What a table of an array is called in reports: by its name, `links.perfis`.
    pub(super) fn inner_path(&self, array: &str, entry: &DeTable<'_>, name_key: &str) -> String {
        let name = entry.iter().find(|(key, _)| key.get_ref() == name_key);
        let name = name
            .and_then(|(_, value)| value.get_ref().as_str())
            .unwrap_or("?");
        let parent = if self.path.is_empty() {
            String::new()
        } else {
            format!("{}.", self.path)
        };
        format!("{parent}{array}.{name}")
    }

    /// What a key of this table is called in reports.
    pub(super) fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Where the table begins.
    pub(super) fn header(&self) -> &Range<usize> {
        &self.header
    }

    /// A key's value, whatever it is.
    pub(super) fn value(&self, name: &str) -> Option<&'r Spanned<DeValue<'d>>> {
        let found = self.table.iter().find(|(key, _)| key.get_ref() == name);
        found.map(|(_, value)| value)
    }

    /// Notes that a key has to be given.
    pub(super) fn missing(&self, name: &str) {
        let form = self
            .section
            .keys()
            .find(|key| key.name == name)
            .map(|key| key.form);
        self.reader.fault_with(
            &self.header,
            format!("the key {name:?} is missing"),
            form.map(|form| format!("add `{name} = …` ({form})")),
        );
    }

    /// Notes that a value has the wrong type.
    pub(super) fn wrong_type(&self, name: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        self.reader.fault(
            &value.span(),
            format!(
                "{name:?} has to be {expected}, not {}",
                article(value.get_ref().type_str())
            ),
        );
    }

    /// A text as it stands there, nothing filled in.
    pub(super) fn raw(&self, name: &str) -> Option<(&'r str, Range<usize>)> {
        let value = self.value(name)?;
        match value.get_ref() {
            DeValue::String(text) => Some((text.as_ref(), value.span())),
            _ => {
                self.wrong_type(name, value, "a text");
                None
            }
        }
    }

    /// A text with its `${VAR}` filled in.
    pub(super) fn text(&self, name: &str) -> Option<Text> {
        let (raw, span) = self.raw(name)?;
        self.expanded(raw, span)
    }

    fn expanded(&self, raw: &str, span: Range<usize>) -> Option<Text> {
        let place = self.reader.document.place(span.start);
        match expand::variables(raw, self.reader.environment) {
            Ok(Expanded { text, origins }) => {
                let origin = expand::origin(place, origins);
                Some(Text {
                    value: text,
                    span,
                    origin,
                })
            }
            Err(unset) => {
                self.reader.fault_with(
                    &span,
                    unset.to_string(),
                    Some(unset.help(self.reader.environment)),
                );
                None
            }
        }
    }

    /// A text that is something more exact.
    pub(super) fn parsed<T>(&self, name: &str) -> Option<At<T>>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let text = self.text(name)?;
        match text.value.parse() {
            Ok(value) => {
                self.record(name, &text.value, text.origin);
                Some(At {
                    value,
                    span: text.span,
                })
            }
            Err(e) => {
                self.reader.fault(&text.span, e.to_string());
                None
            }
        }
    }

    /// Like [`Table::parsed`]; a key that is not there is a fault.
    pub(super) fn required<T>(&self, name: &str) -> Option<At<T>>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        if self.value(name).is_none() {
            self.missing(name);
        }
        self.parsed(name)
    }

    /// Like [`Table::parsed`], with a value for a key that is not there. `None` is left for a fault.
    pub(super) fn parsed_or<T>(&self, name: &str, default: T) -> Option<At<T>>
    where
        T: FromStr + fmt::Display,
        T::Err: fmt::Display,
    {
        if self.value(name).is_some() {
            return self.parsed(name);
        }
        self.record(name, &default, Origin::Default);
        Some(At {
            value: default,
            span: self.header.clone(),
        })
    }

    /// A whole number within bounds, with a value for a key that is not there. `None` is left for a fault.
    pub(super) fn whole_or(&self, name: &str, default: u64, bounds: RangeInclusive<u64>) -> Option<u64> {
        let Some(value) = self.value(name) else {
            self.record(name, default, Origin::Default);
            return Some(default);
        };
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_type(name, value, "a whole number");
            return None;
        };
        let read = u64::from_str_radix(number.as_str(), number.radix()).ok();
        let Some(read) = read.filter(|read| bounds.contains(read)) else {
            let (least, most) = (bounds.start(), bounds.end());
            self.reader
                .fault(&value.span(), format!("{name:?} is between {least} and {most}"));
            return None;
        };
        let place = self.reader.document.place(value.span().start);
        self.record(name, read, Origin::File(place));
        Some(read)
    }

    /// `true` or `false`; `false` where the key is not there.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        let Some(value) = self.value(name) else {
            self.record(name, false, Origin::Default);
            return Some(false);
        };
        let DeValue::Boolean(yes) = value.get_ref() else {
            self.wrong_type(name, value, "true or false");
            return None;
        };
        self.record(
            name,
            yes,
            Origin::File(self.reader.document.place(value.span().start)),
        );
        Some(*yes)
    }

    /// An array of texts; `None` where the key is not there or at fault.
    pub(super) fn texts(&self, name: &str) -> Option<At<Vec<At<String>>>> {
        let value = self.value(name)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(name, value, "an array of texts");
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            let DeValue::String(text) = item.get_ref() else {
                self.wrong_type(name, item, "an array of texts");
                return None;
            };
            let text = self.expanded(text, item.span())?;
            texts.push(At {
                value: text.value,
                span: text.span,
            });
        }
        let shown: Vec<&str> = texts.iter().map(|text| text.value.as_str()).collect();
        self.record(
            name,
            shown.join(", "),
            Origin::File(self.reader.document.place(value.span().start)),
        );
        Some(At {
            value: texts,
            span: value.span(),
        })
    }

    /// A table inside this one.
    pub(super) fn table(&self, name: &str) -> Option<(&'r DeTable<'d>, Range<usize>)> {
        let value = self.value(name)?;
        match value.get_ref() {
            DeValue::Table(table) => Some((table, value.span())),
            _ => {
                self.wrong_type(name, value, "a table");
                None
            }
        }
    }

    /// The tables of an array of tables; none where the key is not there.
    pub(super) fn tables(&self, name: &str) -> Vec<(&'r DeTable<'d>, Range<usize>)> {
        let Some(value) = self.value(name) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(name, value, "an array of tables");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => tables.push((table, item.span())),
                _ => self.wrong_type(name, item, "an array of tables"),
            }
        }
        tables
    }
}

fn article(type_name: &str) -> String {
    let vowel = type_name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {type_name}", if vowel { "an" } else { "a" })
}

/// The entries of a table in the order of the file.
pub(super) fn in_file_order<'r, 'd>(
    table: &'r DeTable<'d>,
) -> Vec<(&'r Spanned<std::borrow::Cow<'d, str>>, &'r Spanned<DeValue<'d>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}
