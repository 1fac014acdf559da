//! Values that refer to something outside the file: `${VAR}` inside a text, `env:NAME` and `file:PATH` as a whole.

use std::fmt;
use std::path::Path;

use super::environment::Environment;
use super::keys::nearest;
use super::origin::{Origin, Place};

/// A text with everything filled in, and where the pieces came from.
#[derive(Debug)]
pub(super) struct Expanded {
    pub(super) text: String,
    pub(super) origins: Vec<Origin>,
}

/// Something that a value refers to and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unset {
    /// A variable.
    Variable(String),
    /// A file.
    File(String),
    /// `${` without `}`.
    Unclosed,
}

impl Unset {
    /// What to do about it.
    pub(super) fn help(&self, environment: &Environment) -> String {
        match self {
            Self::Variable(name) => match nearest(name, environment.names()) {
                Some(meant) if meant != name => {
                    format!("did you mean {meant}? Else set {name} in the environment or in .env")
                }
                _ => format!("set {name} in the environment, or add a line {name}=… to .env"),
            },
            Self::File(path) => format!("create {path}, readable only for you, or correct the path"),
            Self::Unclosed => {
                "close it with \"}\", or write \"$${\" for the two characters themselves".into()
            }
        }
    }
}

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the variable {name} is not set"),
            Self::File(path) => write!(f, "the file {path} cannot be read"),
            Self::Unclosed => f.write_str("\"${\" is not closed"),
        }
    }
}

/// Fills in every `${VAR}`. `$${` stands for `${` itself.
pub(super) fn variables(raw: &str, environment: &Environment) -> Result<Expanded, Unset> {
    let mut text = String::with_capacity(raw.len());
    let mut origins = Vec::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            text.push_str(before);
            text.push_str("${");
            rest = after;
            continue;
        }
        text.push_str(before);
        let (name, after) = after.split_once('}').ok_or(Unset::Unclosed)?;
        let value = variable(name, environment)?;
        text.push_str(&value.text);
        origins.extend(value.origins);
        rest = after;
    }
    text.push_str(rest);
    Ok(Expanded { text, origins })
}

fn variable(name: &str, environment: &Environment) -> Result<Expanded, Unset> {
    let found = environment
        .lookup(name)
        .ok_or_else(|| Unset::Variable(name.to_owned()))?;
    Ok(Expanded {
        text: found.value.to_owned(),
        origins: vec![found.origin],
    })
}

/// Like [`variables`], and understands `env:NAME` and `file:PATH`. A path is relative to the project.
pub(super) fn secret(raw: &str, root: &Path, environment: &Environment) -> Result<Expanded, Unset> {
    if let Some(name) = raw.strip_prefix("env:") {
        return variable(name.trim(), environment);
    }
    let expanded = variables(raw, environment)?;
    let Some(path) = expanded.text.strip_prefix("file:") else {
        return Ok(expanded);
    };
    let path = root.join(path.trim());
    let text = std::fs::read_to_string(&path).map_err(|_| Unset::File(path.display().to_string()))?;
    Ok(Expanded {
        text: text.trim_end_matches(['\r', '\n']).to_owned(),
        origins: vec![Origin::SecretFile(path)],
    })
}

/// The origin of a value that stands in a line and was filled from others.
pub(super) fn origin(place: Place, origins: Vec<Origin>) -> Origin {
    if origins.is_empty() {
        Origin::File(place)
    } else {
        Origin::Reference(place, origins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment::from_iter([("USER_A", "ana"), ("DATABASE_URL", "postgres://h/d")])
    }

    fn check(raw: &str, expected: &Result<&str, Unset>) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("url.txt"), "postgres://f/d\n").unwrap();
        let found = secret(raw, directory.path(), &environment()).map(|e| e.text);
        match (&found, expected) {
            (Err(Unset::File(_)), Err(Unset::File(_))) => {}
            _ => assert_eq!(&found.as_deref().map_err(Clone::clone), expected),
        }
    }

    #[test]
    fn variables_are_filled_in_anywhere_in_a_text() {
        check("${DATABASE_URL}", &Ok("postgres://h/d"));
        check("postgres://${USER_A}@h/${USER_A}", &Ok("postgres://ana@h/ana"));
        check("a$b $1 $$", &Ok("a$b $1 $$"));
        check("$${USER_A}", &Ok("${USER_A}"));
    }

    #[test]
    fn a_whole_value_may_stand_in_a_variable_or_a_file() {
        check("env:DATABASE_URL", &Ok("postgres://h/d"));
        check("file:url.txt", &Ok("postgres://f/d"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        check("${NOPE}", &Err(Unset::Variable("NOPE".into())));
        check("env:NOPE", &Err(Unset::Variable("NOPE".into())));
        check("${USER_A", &Err(Unset::Unclosed));
        check("file:nope.txt", &Err(Unset::File(String::new())));
    }

    #[test]
    fn a_misspelled_variable_is_answered_with_the_one_that_exists() {
        let help = Unset::Variable("DATABSE_URL".into()).help(&environment());
        assert!(help.starts_with("did you mean DATABASE_URL?"), "{help}");
    }
}
