//! `NNN_name.sql` and its kin.

use super::{MigrationError, Problem, Result, Revision};

/// Which part of a migration a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `NNN_name.sql`: UP, and DOWN after its marker.
    Both,
    /// `NNN_name.up.sql`.
    Up,
    /// `NNN_name.down.sql`.
    Down,
}

/// A file name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The digits in front.
    pub revision: Revision,
    /// What stands between the digits and the suffix.
    pub name: String,
    /// What the suffix says.
    pub part: Part,
}

impl FileName {
    /// Reads the name of a `.sql` file.
    pub fn parse(file: &str) -> Result<Self> {
        let refuse = || {
            MigrationError::new(
                Problem::FileName,
                format!("cannot tell the revision of {file}: its name does not begin with a number and an underscore"),
            )
            .at(file, None)
            .hint("call it like 001_create_users.sql, or move it out of the migrations directory")
        };
        let stem = file.strip_suffix(".sql").ok_or_else(refuse)?;
        let (stem, part) = match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
            (Some(stem), _) => (stem, Part::Up),
            (_, Some(stem)) => (stem, Part::Down),
            _ => (stem, Part::Both),
        };
        let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
        let revision = Revision::parse(&stem[..digits]).ok_or_else(refuse)?;
        let name = match stem[digits..].strip_prefix(['_', '-', '.']) {
            Some(name) => name,
            None if digits == stem.len() => "",
            None => return Err(refuse()),
        };
        Ok(Self {
            revision,
            name: name.to_owned(),
            part,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, revision: &str, name: &str, part: Part) {
        let parsed = FileName::parse(file).unwrap();
        assert_eq!(
            (parsed.revision.as_str(), parsed.name.as_str(), parsed.part),
            (revision, name, part),
            "{file}"
        );
    }

    #[test]
    fn names_of_all_tools_are_read() {
        check("001_initial_schema.sql", "001", "initial_schema", Part::Both);
        check(
            "20250102030405_add.users.sql",
            "20250102030405",
            "add.users",
            Part::Both,
        );
        check("1_a.up.sql", "1", "a", Part::Up);
        check("000001_a.down.sql", "000001", "a", Part::Down);
        check("007.sql", "007", "", Part::Both);
    }

    #[test]
    fn a_name_without_a_number_is_refused_by_name() {
        for file in ["seed.sql", "V1__x.sql", "001initial.sql", "_1.sql"] {
            let error = FileName::parse(file).unwrap_err();
            assert_eq!(error.problem, Problem::FileName);
            assert!(error.message.contains(file));
        }
    }
}
