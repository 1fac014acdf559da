//! The project's `.env`: one assignment per line.
//!
//! The lines that people and their platforms write: `NAME=value`, `export NAME=value`, `#` comments, single quotes
//! (everything literal), double quotes (`\n`, `\t`, `\"`, `\\`, `\$`). `${NAME}` outside single quotes stands for the
//! process's variable or an earlier line. A bare `$` is a dollar sign, because passwords contain it. Values never reach
//! an error message.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::origin::Place;
use crate::{Error, ErrorKind, Result};

/// The assignments of a `.env` file, each with its line.
#[derive(Clone, Default)]
pub(super) struct EnvFile {
    path: PathBuf,
    entries: BTreeMap<String, (String, u32)>,
}

impl EnvFile {
    /// Reads the file; a missing one is empty.
    pub(super) fn read(path: &Path, process: &BTreeMap<String, String>) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text, process),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(
                Error::new(ErrorKind::ConfigNotFound, "cannot read the environment file")
                    .with("file", path.display())
                    .because(e),
            ),
        }
    }

    fn parse(path: &Path, text: &str, process: &BTreeMap<String, String>) -> Result<Self> {
        let mut file = Self {
            path: path.to_owned(),
            entries: BTreeMap::new(),
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in (1_u32..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let known = |name: &str| {
                let own = || file.entries.get(name).map(|(value, _)| value);
                process.get(name).or_else(own).cloned()
            };
            match assignment(line, known) {
                Ok((name, value)) => file.entries.insert(name, (value, number)),
                Err(message) => return Err(refused(path, number, message)),
            };
        }
        Ok(file)
    }

    /// The value and the place of a variable.
    pub(super) fn get(&self, name: &str) -> Option<(&str, Place)> {
        let (value, line) = self.entries.get(name)?;
        Some((value, Place::new(&self.path, *line)))
    }

    /// The names that are assigned.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

fn refused(path: &Path, line: u32, message: &'static str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, "cannot read the environment file")
        .with("file", format!("{}:{line}", Document::shown(path)))
        .with("reason", message)
        .hint("write it as NAME=value, or NAME='value' where the value holds quotes, spaces or #")
}

/// Splits `NAME=value`, quotes taken off. The error never repeats the line, which may be half a password.
fn assignment(line: &str, known: impl Fn(&str) -> Option<String>) -> Result<(String, String), &'static str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("there is no \"=\"")?;
    let name = name.trim();
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !named {
        return Err("the name before \"=\" is not made of letters, digits and \"_\"");
    }
    let value = value.trim();
    let value = if let Some(rest) = value.strip_prefix('\'') {
        let (inner, after) = rest.split_once('\'').ok_or("the single quote is not closed")?;
        only_comment(after)?;
        inner.to_owned()
    } else if let Some(rest) = value.strip_prefix('"') {
        let (inner, after) = double_quoted(rest)?;
        only_comment(after)?;
        fill(&inner, known)
    } else {
        fill(unquoted(value), known)
    };
    Ok((name.to_owned(), value))
}

fn only_comment(after: &str) -> Result<(), &'static str> {
    let after = after.trim();
    if after.is_empty() || after.starts_with('#') {
        Ok(())
    } else {
        Err("something stands after the closing quote")
    }
}

/// A comment begins at a `#` after white space: `postgres://…#x` is a value.
fn unquoted(value: &str) -> &str {
    let comment = value
        .char_indices()
        .find(|(at, c)| *c == '#' && (*at == 0 || value[..*at].ends_with(char::is_whitespace)));
    comment.map_or(value, |(at, _)| &value[..at]).trim_end()
}

/// A dollar sign that was escaped, until [`fill`] has looked for the others.
const ESCAPED_DOLLAR: char = '\u{f8ff}';

fn double_quoted(rest: &str) -> Result<(String, &str), &'static str> {
    let mut inner = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((inner, &rest[at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => inner.push('\n'),
                Some('t') => inner.push('\t'),
                Some('$') => inner.push(ESCAPED_DOLLAR),
                Some(c @ ('"' | '\\')) => inner.push(c),
                Some(c) => inner.extend(['\\', c]),
                None => break,
            },
            c => inner.push(c),
        }
    }
    Err("the double quote is not closed")
}

/// Replaces `${NAME}`; an unknown name is left out, as a shell does.
fn fill(value: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        out.push_str(&known(name).unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    out.replace(ESCAPED_DOLLAR, "$")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<EnvFile> {
        let process = BTreeMap::from([("HOME_DB".to_owned(), "casa".to_owned())]);
        EnvFile::parse(Path::new("/project/.env"), text, &process)
    }

    fn check(line: &str, expected: &str) {
        let file = parse(line).unwrap();
        assert_eq!(file.get("X").unwrap().0, expected, "{line}");
    }

    #[test]
    fn lines_are_read_as_people_write_them() {
        check("X=1", "1");
        check("export X = 1 # one", "1");
        check("X='a # b ${HOME_DB} \\n'", "a # b ${HOME_DB} \\n");
        check("X=\"a\\tb \\\"c\\\"\" # d", "a\tb \"c\"");
        check("X=", "");
        check("\u{feff}X=1\r\n", "1");
        check("# comment\n\nX=a=b", "a=b");
    }

    #[test]
    fn a_dollar_sign_in_a_password_stays_what_it_is() {
        check("X=postgres://u:pa$$word$1@h/d", "postgres://u:pa$$word$1@h/d");
        check("X=\"\\${HOME_DB}\"", "${HOME_DB}");
    }

    #[test]
    fn a_hash_inside_a_url_is_no_comment() {
        check("X=postgres://u:a#b@h/d", "postgres://u:a#b@h/d");
    }

    #[test]
    fn braces_refer_to_the_process_and_to_earlier_lines() {
        check("X=db-${HOME_DB}", "db-casa");
        check("Y=2\nX=\"${Y}${Z}3\"", "23");
    }

    #[test]
    fn a_line_that_is_no_assignment_is_refused_by_number_without_its_text() {
        for line in [
            "geheim",
            "A B=geheim",
            "X='geheim",
            "X=\"geheim",
            "X='a' geheim",
            "=geheim",
        ] {
            let error = parse(&format!("OK=1\n{line}\n")).err().unwrap();
            let shown = format!("{error:?}");
            assert!(shown.contains(".env:2"), "{shown}");
            assert!(!shown.contains("geheim"), "{shown}");
        }
    }
}
