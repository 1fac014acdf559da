//! The files that the command line means, and how they are shown.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ponte_pg::migrate::read_directory;
use ponte_schema::migration::{FileName, MigrationSet, Revision};

use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::failure::Failure;

/// A directory of migrations, and those of its files that are asked for.
pub(super) struct Files {
    directory: PathBuf,
    /// The directory as a person who works here would spell it.
    shown: PathBuf,
    set: MigrationSet,
    chosen: Option<BTreeSet<Revision>>,
}

impl Files {
    /// Reads the directory that all of the paths are in; the project's where there are none.
    pub(super) fn read(paths: &[PathBuf], context: &Context) -> Result<Self, Failure> {
        let here = context.directory()?;
        let (directory, chosen) = match paths {
            [] => (context.config()?.migrations(), None),
            [one] if here.join(one).is_dir() => (here.join(one), Some(None)),
            paths => {
                let (directory, revisions) = named(paths, &here)?;
                (directory, Some(Some(revisions)))
            }
        };
        let set = read_directory(&directory)?;
        let chosen = chosen
            .map(|named| named.unwrap_or_else(|| set.iter().map(|file| file.revision.clone()).collect()));
        if let Some(missing) = chosen
            .iter()
            .flatten()
            .find(|revision| set.get(revision).is_none())
        {
            return Err(Diagnostic::new(
                Code::Usage,
                format!("cannot look at revision {missing}: the directory has no such migration"),
            )
            .with("directory", directory.display())
            .hint("name files that are there")
            .into());
        }
        let shown = directory.strip_prefix(&here).unwrap_or(&directory).to_owned();
        Ok(Self {
            directory,
            shown,
            set,
            chosen,
        })
    }

    pub(super) fn set(&self) -> &MigrationSet {
        &self.set
    }

    /// The files that were named; none where nobody named any.
    pub(super) fn chosen(&self) -> Option<BTreeSet<Revision>> {
        self.chosen.clone()
    }

    /// A file with its directory.
    pub(super) fn shown(&self, file: &str) -> String {
        self.shown.join(file).display().to_string()
    }

    /// A line of a file, counted from 1.
    pub(super) fn line(&self, file: &str, number: u32) -> String {
        let text = std::fs::read_to_string(self.directory.join(file)).unwrap_or_default();
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(0);
        text.lines().nth(index).unwrap_or_default().trim_end().to_owned()
    }
}

/// The one directory of files, and their revisions.
fn named(paths: &[PathBuf], here: &Path) -> Result<(PathBuf, BTreeSet<Revision>), Failure> {
    let mut directory: Option<PathBuf> = None;
    let mut revisions = BTreeSet::new();
    for path in paths {
        let refuse = |why: &str, hint: &str| {
            Failure::from(
                Diagnostic::new(Code::Usage, format!("cannot look at {}: {why}", path.display())).hint(hint),
            )
        };
        let whole = here.join(path);
        if !whole.is_file() {
            return Err(refuse(
                "there is no such file",
                "name files of one directory, or the directory",
            ));
        }
        let parent = whole.parent().unwrap_or(here).to_owned();
        if directory.as_ref().is_some_and(|directory| *directory != parent) {
            return Err(refuse(
                "it is in another directory than the files before it",
                "name files of one directory: those before them are needed to know what they work on",
            ));
        }
        directory = Some(parent);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        revisions.insert(FileName::parse(&name).map_err(ponte_pg::Error::from)?.revision);
    }
    Ok((directory.unwrap_or_else(|| here.to_owned()), revisions))
}
