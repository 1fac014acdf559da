//! The environment, read once and then passed around as a value.
//!
//! This is the only place of the program that asks the process for its variables. Everything else takes an
//! [`Environment`], which a test builds by hand. Over the variables of the process lies nothing; under them lie the
//! lines of the project's `.env`, which are only ever read and never set for anybody.

use std::collections::BTreeMap;
use std::path::Path;

use super::env_file::EnvFile;
use super::origin::{Origin, Sourced};
use crate::Result;

/// Variables of the process and, under them, of the project's `.env`.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    file: EnvFile,
}

impl Environment {
    /// The variables of this process. Those that are no UTF-8 are left out: none of ours can be among them.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment of the process"
    )]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// Adds the variables of a `.env` file; a missing file adds none.
    ///
    /// # Errors
    /// When the file exists and cannot be read, or has a line that is no assignment.
    pub fn with_env_file(mut self, path: &Path) -> Result<Self> {
        self.file = EnvFile::read(path, &self.variables)?;
        Ok(self)
    }

    /// A variable's value. An empty one counts as not set, as it does for libpq.
    pub fn get(&self, name: &str) -> Option<&str> {
        let process = self.variables.get(name).map(String::as_str);
        process
            .filter(|value| !value.is_empty())
            .or_else(|| self.file.get(name).map(|(value, _)| value))
            .filter(|value| !value.is_empty())
    }

    /// A variable's value and whether it came from the process or from a line of `.env`.
    pub fn lookup(&self, name: &str) -> Option<Sourced<&str>> {
        let process = self.variables.get(name).filter(|value| !value.is_empty());
        if let Some(value) = process {
            return Some(Sourced::new(value, Origin::Environment(name.to_owned())));
        }
        let (value, place) = self.file.get(name)?;
        (!value.is_empty()).then(|| Sourced::new(value, Origin::EnvFile(place)))
    }

    /// The names that are set, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str).chain(self.file.names())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self {
            variables: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            file: EnvFile::default(),
        }
    }
}

impl std::fmt::Debug for Environment {
    /// Names only: half of the values are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_wins_over_the_file_and_each_says_where_it_is_from() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        std::fs::write(&path, "A=file\n\nB=file\nC=file\n").unwrap();
        let environment = Environment::from_iter([("A", "process"), ("C", "")])
            .with_env_file(&path)
            .unwrap();
        let origin = |name| environment.lookup(name).unwrap().origin.to_string();
        assert_eq!(environment.get("A"), Some("process"));
        assert_eq!(origin("A"), "environment A");
        assert_eq!(environment.get("B"), Some("file"));
        assert_eq!(origin("B"), ".env:3");
        assert_eq!(environment.get("C"), Some("file"));
        assert_eq!(origin("C"), ".env:4");
    }

    #[test]
    fn a_missing_file_is_no_error_and_an_unset_variable_is_none() {
        let environment = Environment::from_iter([("A", "")])
            .with_env_file(Path::new("/nowhere/.env"))
            .unwrap();
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.lookup("B"), None);
    }

    #[test]
    fn debugging_shows_no_value() {
        let environment = Environment::from_iter([("PGPASSWORD", "geheim")]);
        assert_eq!(format!("{environment:?}"), "[\"PGPASSWORD\"]");
    }
}
