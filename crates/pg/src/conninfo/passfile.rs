//! The password file: one `host:port:database:user:password` per line, `*` for anything, `\:` and `\\` escaped.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::conninfo::secret::Secret;

/// Whom a password is looked up for.
pub(crate) struct Wanted<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) dbname: &'a str,
    pub(crate) user: &'a str,
}

/// A password file that was read.
pub(crate) struct Passfile {
    text: String,
}

/// Reads the file. One that others may read is ignored, as libpq does, and so says the second value.
pub(crate) fn read(path: &Path) -> (Option<Passfile>, Option<String>) {
    let Ok(metadata) = std::fs::metadata(path) else {
        return (None, None);
    };
    if !metadata.is_file() {
        return (
            None,
            Some(format!("{} is not a plain file and was ignored", path.display())),
        );
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        let notice = format!(
            "{} can be read by others and was ignored; run chmod 0600 {0}",
            path.display()
        );
        return (None, Some(notice));
    }
    match std::fs::read_to_string(path) {
        Ok(text) => (Some(Passfile { text }), None),
        Err(e) => (
            None,
            Some(format!(
                "{} cannot be read and was ignored: {}",
                path.display(),
                e.kind()
            )),
        ),
    }
}

impl Passfile {
    /// The password of the first line that fits.
    pub(crate) fn find(&self, wanted: &Wanted<'_>) -> Option<Secret> {
        let port = wanted.port.to_string();
        let asked = [wanted.host, &port, wanted.dbname, wanted.user];
        self.text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(fields)
            .find(|fields| fields.len() >= 5 && fits(fields, &asked))
            .map(|fields| Secret::new(fields[4..].join(":")))
    }
}

fn fits(fields: &[String], asked: &[&str; 4]) -> bool {
    fields
        .iter()
        .zip(asked)
        .all(|(field, asked)| field == "*" || field == asked)
}

/// Splits at the colons that are not escaped.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let last = fields.len() - 1;
        match c {
            ':' => fields.push(String::new()),
            '\\' => fields[last].extend(chars.next()),
            c => fields[last].push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let file = Passfile {
            text: text.to_owned(),
        };
        let wanted = Wanted {
            host: "db1",
            port: 5432,
            dbname: "app",
            user: "me",
        };
        let found = file.find(&wanted);
        assert_eq!(found.as_ref().map(Secret::expose), expected, "{text}");
    }

    #[test]
    fn the_first_line_that_fits_wins() {
        check(
            "db2:5432:app:me:no\ndb1:5432:app:me:yes\n*:*:*:*:late",
            Some("yes"),
        );
        check("*:*:*:me:star", Some("star"));
    }

    #[test]
    fn escapes_and_comments_are_understood() {
        check("#db1:5432:app:me:no\ndb1:5432:app:me:a\\:b\\\\c", Some("a:b\\c"));
    }

    #[test]
    fn other_users_and_short_lines_do_not_fit() {
        check("db1:5432:app:you:no\ndb1:5432:app:me\n", None);
    }
}
