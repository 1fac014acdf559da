//! A directory of migration files, read and checked as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::file_name::{FileName, Part};
use super::markers::{self, Layout};
use super::script::Raw;
use super::uncomment::{Uncommented, uncomment};
use super::{Checksum, MigrationError, Problem, Repeatable, Result, Revision, Script};

/// One migration: what makes it, and what unmakes it where that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its number.
    pub revision: Revision,
    /// What its file is called beside the number.
    pub name: String,
    /// Makes it.
    pub up: Script,
    /// Unmakes it. A DOWN part without a single statement counts as none.
    pub down: Option<Script>,
    /// Why nothing unmakes it, where the file says so.
    pub irreversible: Option<String>,
    /// Why it is not tried with made-up rows, where the file says so.
    pub without_rows: Option<String>,
    /// Of the text of UP.
    pub checksum_up: Checksum,
    /// Of the text of DOWN.
    pub checksum_down: Option<Checksum>,
    /// Of the tokens of UP.
    pub checksum_tokens: Checksum,
}

/// All migrations of a directory, in the order of their numbers, which are all different, and its repeatable files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationSet {
    migrations: Vec<Migration>,
    repeatables: Vec<Repeatable>,
}

impl MigrationSet {
    /// Takes names and contents, in any order.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self> {
        let mut by_revision: BTreeMap<Revision, Found> = BTreeMap::new();
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort();
        let mut repeatables = Vec::new();
        for (file, bytes) in files {
            let text = normalised(&file, &bytes)?;
            if let Some(name) = Repeatable::name_in(&file) {
                repeatables.push(Repeatable::read(&file, name, text)?);
                continue;
            }
            let parsed = FileName::parse(&file)?;
            by_revision
                .entry(parsed.revision.clone())
                .or_default()
                .add(parsed, file, text)?;
        }
        let migrations: Result<Vec<Migration>> = by_revision.into_values().map(Found::migration).collect();
        Ok(Self {
            migrations: migrations?,
            repeatables,
        })
    }

    /// Takes SQL files that are no migrations, to be run in this order. They are numbered as they come.
    pub fn from_scripts(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self> {
        let mut revision = Revision::first();
        let mut migrations = Vec::new();
        for (file, bytes) in files {
            let parsed = FileName {
                revision: revision.clone(),
                name: file.clone(),
                part: Part::Both,
            };
            let text = normalised(&file, &bytes)?;
            let mut found = Found::default();
            found.add(parsed, file, text)?;
            migrations.push(found.migration()?);
            revision = revision.next();
        }
        Ok(Self {
            migrations,
            repeatables: Vec::new(),
        })
    }

    /// In order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Migration> {
        self.migrations.iter()
    }

    /// The one with that number.
    pub fn get(&self, revision: &Revision) -> Option<&Migration> {
        let found = self.migrations.binary_search_by(|m| m.revision.cmp(revision));
        found.ok().map(|index| &self.migrations[index])
    }

    /// The repeatable files, in the order of their names.
    pub fn repeatables(&self) -> &[Repeatable] {
        &self.repeatables
    }

    /// The same set with no other repeatable files than these.
    #[must_use]
    pub fn only_repeatables(mut self, names: &[&str]) -> Self {
        self.repeatables
            .retain(|file| names.contains(&file.name.as_str()));
        self
    }

    /// The same set with no other revisions than these, and all repeatable files.
    pub fn only<'a>(&self, revisions: impl IntoIterator<Item = &'a Revision>) -> Self {
        let wanted: BTreeSet<&Revision> = revisions.into_iter().collect();
        let kept = self.iter().filter(|m| wanted.contains(&m.revision));
        Self {
            migrations: kept.cloned().collect(),
            repeatables: self.repeatables.clone(),
        }
    }

    /// The one with the highest number.
    pub fn last(&self) -> Option<&Migration> {
        self.migrations.last()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.migrations.is_empty()
    }
}

/// The text of a file as it is hashed and run: UTF-8, no byte order mark, line feeds only.
pub(super) fn normalised(file: &str, bytes: &[u8]) -> Result<String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.replace("\r\n", "\n")),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            Err(MigrationError::new(
                Problem::FileText,
                format!("cannot read {file}: line {line} is not UTF-8"),
            )
            .at(file, None)
            .hint("save the file as UTF-8"))
        }
    }
}

/// The files of one revision.
#[derive(Default)]
struct Found {
    up: Option<(FileName, String, String)>,
    down: Option<(FileName, String, String)>,
}

impl Found {
    fn add(&mut self, parsed: FileName, file: String, text: String) -> Result<()> {
        let slot = if parsed.part == Part::Down {
            &mut self.down
        } else {
            &mut self.up
        };
        if let Some((_, other, _)) = slot {
            return Err(MigrationError::new(
                Problem::Duplicate,
                format!("{other} and {file} have the same number"),
            )
            .at(&file, None)
            .hint("they come from two branches; give the newer one the next free number: ponte migrate renumber"));
        }
        *slot = Some((parsed, file, text));
        Ok(())
    }

    fn migration(self) -> Result<Migration> {
        let Some((parsed, file, text)) = self.up else {
            let file = self.down.map(|(_, file, _)| file).unwrap_or_default();
            return Err(MigrationError::new(
                Problem::FileName,
                format!("{file} undoes a migration that has no file"),
            )
            .at(&file, None));
        };
        let layout = markers::layout(&file, &text)?;
        let up = up_script(&file, &text, &layout)?;
        let down = match (self.down, &layout.down) {
            (Some((_, down_file, _)), Some(_)) => {
                return Err(MigrationError::new(
                    Problem::FileText,
                    format!("{file} has a DOWN part, and {down_file} is another"),
                )
                .at(&file, None)
                .hint("keep one of the two"));
            }
            (Some((down_parsed, down_file, down_text)), None) => {
                if down_parsed.name != parsed.name {
                    return Err(MigrationError::new(
                        Problem::Duplicate,
                        format!("{file} and {down_file} have the same number and different names"),
                    )
                    .at(&down_file, None));
                }
                Some(down_file_script(down_file, down_text)?)
            }
            (None, Some(down)) => Some(down_script(&file, &text, down, layout.down_without_transaction)?),
            (None, None) => None,
        };
        let down = down.filter(|script| !script.statements().is_empty());
        Ok(Migration {
            irreversible: markers::irreversible(&text),
            without_rows: markers::without_rows(&text),
            revision: parsed.revision,
            name: parsed.name,
            checksum_up: Checksum::of_text(up.text()),
            checksum_tokens: Checksum::of_tokens(up.text()),
            checksum_down: down.as_ref().map(|script| Checksum::of_text(script.text())),
            up,
            down,
        })
    }
}

fn up_script(file: &str, text: &str, layout: &Layout) -> Result<Script> {
    let end = layout.down.as_ref().map_or(text.len(), |down| down.up_end);
    Script::new(Raw {
        file: file.to_owned(),
        text: text[..end].to_owned(),
        first_line: 1,
        stripped: Vec::new(),
        without_transaction: layout.up_without_transaction,
    })
}

fn down_script(file: &str, text: &str, down: &markers::Down, without_transaction: bool) -> Result<Script> {
    let feeds = text[..down.start].bytes().filter(|b| *b == b'\n').count();
    let first_line = u32::try_from(feeds + 1).unwrap_or(u32::MAX);
    let part = &text[down.start..];
    let sql = if down.commented {
        uncomment(file, part, first_line)?
    } else {
        Uncommented {
            text: part.to_owned(),
            ..Uncommented::default()
        }
    };
    Script::new(Raw {
        file: file.to_owned(),
        text: sql.text,
        first_line,
        stripped: sql.stripped,
        without_transaction: without_transaction || sql.without_transaction,
    })
}

fn down_file_script(file: String, text: String) -> Result<Script> {
    let layout = markers::layout(&file, &text)?;
    Script::new(Raw {
        file,
        text,
        first_line: 1,
        stripped: Vec::new(),
        without_transaction: layout.up_without_transaction,
    })
}
