//! A backup before every migration: `backup = "before"` under `[project]`.
//!
//! One file per run below `.ponte/backups/`, proved to be readable before anything is migrated, and only so many of a database
//! kept. It is a parachute for the minute after a bad migration, not the backup of a database.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Timestamp;
use ponte_pg::Conninfo;
use ponte_pg::dump::{DumpPrograms, shelf};
use ponte_pg::embedded::SearchPlaces;

use crate::error::{Error, ErrorKind, Result};

/// The directory below the project's state.
const DIRECTORY: &str = "backups";
/// What a file ends with until it is proved.
const UNPROVED: &str = "dump.partial";
const KEEP_BY_DEFAULT: usize = 5;

/// What is done before migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Safeguard {
    /// Nothing.
    #[default]
    Off,
    /// A backup.
    Before {
        /// So many stay, the newest ones.
        keep: usize,
    },
}

impl Safeguard {
    /// A backup, and as many kept as where nothing is said.
    pub const BEFORE: Self = Self::Before {
        keep: KEEP_BY_DEFAULT,
    };
}

/// A text that is none of the forms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected \"off\", \"before\" or \"before, keep 10\"")]
pub struct SafeguardError;

impl FromStr for Safeguard {
    type Err = SafeguardError;

    fn from_str(text: &str) -> Result<Self, SafeguardError> {
        let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["off"] => Ok(Self::Off),
            ["before"] => Ok(Self::BEFORE),
            ["before", "keep", count] => match count.parse() {
                Ok(keep) if keep > 0 => Ok(Self::Before { keep }),
                _ => Err(SafeguardError),
            },
            _ => Err(SafeguardError),
        }
    }
}

impl fmt::Display for Safeguard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Before { keep } => write!(f, "before, keep {keep}"),
        }
    }
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Where it is.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Backs a database up, proves the file, and removes the oldest ones of the same database.
///
/// # Errors
/// `backup.no_program`, `backup.failed`, or `state.unwritable`.
pub async fn save(
    places: &SearchPlaces,
    state: &Path,
    (conninfo, server_major): (&Conninfo, u32),
    keep: usize,
    now: Timestamp,
) -> Result<Saved> {
    let directory = state.join(DIRECTORY);
    let unwritable = |error: std::io::Error| {
        Error::new(ErrorKind::State, "cannot keep a backup")
            .with("directory", directory.display())
            .because(error)
    };
    let programs = DumpPrograms::find(server_major, places).await?;
    private_directory(&directory).map_err(unwritable)?;
    let database = file_part(conninfo.dbname());
    let stamp = now.strftime("%Y%m%dT%H%M%S%3fZ").to_string();
    let unproved = directory.join(format!("{database}-{stamp}.{UNPROVED}"));
    programs.dump(conninfo, &unproved).await?;
    let file = directory.join(format!("{database}-{stamp}.{}", shelf::ENDING));
    fs::rename(&unproved, &file).map_err(unwritable)?;
    let bytes = fs::metadata(&file).map_err(unwritable)?.len();
    shelf::keep_newest(&directory, &database, keep).map_err(unwritable)?;
    Ok(Saved { file, bytes })
}

/// A dump holds every row: nobody else may read it.
fn private_directory(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn file_part(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read_and_nothing_else() {
        let read = |text: &str| text.parse::<Safeguard>();
        assert_eq!(read("off"), Ok(Safeguard::Off));
        assert_eq!(read("before"), Ok(Safeguard::Before { keep: 5 }));
        assert_eq!(read("before, keep 12"), Ok(Safeguard::Before { keep: 12 }));
        for text in ["", "after", "before, keep 0", "before, keep many"] {
            assert_eq!(read(text), Err(SafeguardError), "{text}");
        }
        let shown = Safeguard::BEFORE.to_string();
        assert_eq!(read(&shown), Ok(Safeguard::BEFORE));
    }
}
