//! Migration files on disk.

use std::path::Path;

use ponte_schema::migration::{MigrationSet, Problem};

use super::problem;
use crate::error::{Error, Result};

/// Reads every `.sql` file of a directory, but nothing below it, and nothing that begins with a dot.
///
/// # Errors
/// `migrate.unreadable`, or what is wrong with the files.
pub fn read_directory(directory: &Path) -> Result<MigrationSet> {
    Ok(MigrationSet::from_files(read_files(directory)?)?)
}

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
