//! What a side of a comparison is: files to be run, or a database to be read.

use std::path::{Path, PathBuf};

use ponte_pg::migrate::read_directory;
use ponte_schema::migration::{FileName, MigrationSet};

use crate::config::{Address, Secret};
use crate::error::{Error, ErrorKind, Result};

/// A side of a comparison.
#[derive(Debug)]
pub enum Source {
    /// SQL that makes the schema on an empty database, in order.
    Files(MigrationSet),
    /// A database that has it.
    Database(Address),
}

impl Source {
    /// From the command line: the URL of a database, a `.sql` file, a directory of migrations or of other `.sql` files.
    ///
    /// # Errors
    /// `diff.source`, and what is wrong with the files.
    pub fn parse(text: &str, directory: &Path) -> Result<Self> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Database(Address::Server(Secret::new(text))));
        }
        let path = directory.join(text);
        if path.is_dir() {
            return Self::directory(&path);
        }
        if !path.is_file() {
            let error = Error::new(
                ErrorKind::DiffSource,
                format!("cannot find the schema \"{text}\""),
            );
            let error = error.with("path", path.display());
            return Err(
                error.hint("name a .sql file, a directory of them, a node of ponte.toml, or the URL of a database: postgres://…")
            );
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let file = (name.unwrap_or_default(), read(&path)?);
        Ok(Self::Files(
            MigrationSet::from_scripts([file]).map_err(ponte_pg::Error::from)?,
        ))
    }

    /// A directory whose files are all numbered holds migrations; another one holds files that are run in the order of their paths.
    fn directory(path: &Path) -> Result<Self> {
        let mut files = Vec::new();
        collect(path, &mut files)?;
        files.sort();
        let name_of = |file: &PathBuf| {
            file.strip_prefix(path)
                .unwrap_or(file)
                .to_string_lossy()
                .into_owned()
        };
        let is_numbered = |file: &PathBuf| FileName::parse(&name_of(file)).is_ok();
        if files.is_empty() {
            let error = Error::new(ErrorKind::DiffSource, "the directory has no .sql file");
            return Err(error.with("path", path.display()));
        }
        if files.iter().all(is_numbered) {
            return Ok(Self::Files(read_directory(path)?));
        }
        let read = files.iter().map(|file| Ok((name_of(file), read(file)?)));
        let files: Vec<(String, Vec<u8>)> = read.collect::<Result<_>>()?;
        Ok(Self::Files(
            MigrationSet::from_scripts(files).map_err(ponte_pg::Error::from)?,
        ))
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(directory).map_err(|error| unreadable(error, directory))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(error, directory))?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| unreadable(error, path))
}

fn unreadable(error: std::io::Error, path: &Path) -> Error {
    Error::new(ErrorKind::DiffSource, "cannot read the schema")
        .with("path", path.display())
        .because(error)
}
