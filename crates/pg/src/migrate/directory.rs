//! Migration files on disk.

use std::fmt;
use std::path::Path;

use ponte_schema::migration::{MigrationError, MigrationSet, Problem};

use super::problem;
use crate::error::{Error, Result};

/// Reads every `.sql` file of a directory, but nothing below it, and nothing that begins with a dot.
///
/// # Errors
/// `migrate.unreadable`, or what is wrong with the files.
pub fn read_directory(directory: &Path) -> Result<MigrationSet> {
    let refused = |error: MigrationError| {
        let line = MarkedLine::read(directory, &error);
        match line {
            Some(line) => Error::from(MigrationError { place: None, ..error }).because(line),
            None => error.into(),
        }
    };
    MigrationSet::from_files(read_files(directory)?).map_err(refused)
}

/// The line of a file that cannot be taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedLine {
    /// The file's name.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// The line itself.
    pub text: String,
}

impl MarkedLine {
    /// Nothing where the error is about no place, or the file is no longer there.
    fn read(directory: &Path, error: &MigrationError) -> Option<Self> {
        let place = error.place.as_ref()?;
        let position = place.position?;
        let text = std::fs::read_to_string(directory.join(&place.file)).ok()?;
        let index = usize::try_from(position.line.checked_sub(1)?).ok()?;
        Some(Self {
            file: place.file.clone(),
            line: position.line,
            column: position.column,
            text: text.lines().nth(index)?.to_owned(),
        })
    }
}

impl fmt::Display for MarkedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl std::error::Error for MarkedLine {}

/// The names and contents that [`read_directory`] makes migrations of.
///
/// # Errors
/// `migrate.unreadable`
pub fn read_files(directory: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let unreadable = |error: std::io::Error, path: &Path| -> Error {
        problem(Problem::Unreadable, "cannot read the migrations")
            .with("path", path.display())
            .because(error)
    };
    let entries = std::fs::read_dir(directory).map_err(|e| {
        unreadable(e, directory).hint("create the directory with its first file: ponte migrate new NAME")
    })?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| unreadable(e, directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.ends_with(".sql") && !name.starts_with('.') && path.is_file() {
            let bytes = std::fs::read(&path).map_err(|e| unreadable(e, &path))?;
            files.push((name, bytes));
        }
    }
    Ok(files)
}
