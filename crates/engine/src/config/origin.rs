//! Where a value came from, so that `ponte config show` can say it and an error can point at it.

use std::fmt;
use std::path::{Path, PathBuf};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
}

impl Place {
    /// The line of a file, counted from 1.
    pub fn new(file: &Path, line: u32) -> Self {
        Self {
            file: file.to_owned(),
            line,
        }
    }
}

impl fmt::Display for Place {
    /// Only the file's own name: the directory is the project's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self
            .file
            .file_name()
            .map_or(self.file.to_string_lossy(), |name| name.to_string_lossy());
        write!(f, "{name}:{}", self.line)
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag.
    Flag(&'static str),
    /// A variable of the process's environment.
    Environment(String),
    /// A line of the project's `.env`.
    EnvFile(Place),
    /// A line of `ponte.toml`.
    File(Place),
    /// A line of `ponte.toml` that refers to variables or to a file, and where those came from.
    Reference(Place, Vec<Origin>),
    /// A file that a line of `ponte.toml` names.
    SecretFile(PathBuf),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::EnvFile(place) | Self::File(place) => place.fmt(f),
            Self::Reference(place, origins) => {
                place.fmt(f)?;
                for origin in origins {
                    write!(f, ", {origin}")?;
                }
                Ok(())
            }
            Self::SecretFile(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value together with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value from somewhere.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A value that nobody set.
    pub fn default(value: T) -> Self {
        Self::new(value, Origin::Default)
    }
}
