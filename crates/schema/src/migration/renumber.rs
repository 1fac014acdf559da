//! Files that came from two branches: two with one number, or one that is late. One of them gets the next free number.

use std::collections::BTreeMap;

use super::plan::Applied;
use super::{FileName, MigrationSet, Part, Repeatable, Result, Revision};

/// A file that gets another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// What it is called.
    pub from: String,
    /// What it is to be called.
    pub to: String,
}

/// The files of one migration: `NNN_name.sql`, or its `.up.sql` and `.down.sql`.
#[derive(Debug)]
struct Group {
    revision: Revision,
    name: String,
    files: Vec<(String, Vec<u8>)>,
}

impl Group {
    /// Whether this is what the history knows under its number: the same SQL, else the same name.
    fn is_recorded(&self, history: &[Applied]) -> bool {
        let Some(row) = history.iter().find(|row| row.revision == self.revision) else {
            return false;
        };
        let set = MigrationSet::from_files(self.files.iter().cloned());
        let same_sql = set.is_ok_and(|set| {
            set.get(&self.revision)
                .is_some_and(|file| file.checksum_tokens == row.checksum_tokens)
        });
        same_sql || self.name == row.name
    }
}

/// Which files to rename so that every number is there once and nothing comes too late. What is applied keeps its number;
/// of two that are not, the first by name does. `moved` names files that are to get a new number in any case.
///
/// # Errors
/// `migrate.file_name`
pub fn renumber(files: Vec<(String, Vec<u8>)>, history: &[Applied], moved: &[String]) -> Result<Vec<Rename>> {
    let groups = groups(files)?;
    let newest_applied = history.iter().map(|row| &row.revision).max();
    let Some(mut next) = groups.iter().map(|group| group.revision.clone()).max() else {
        return Ok(Vec::new());
    };
    if let Some(newest) = newest_applied.filter(|newest| **newest > next) {
        next = newest.clone();
    }
    let mut keeper: BTreeMap<&Revision, usize> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        let is_moved = group.files.iter().any(|(file, _)| moved.contains(file));
        let is_better = match keeper.get(&group.revision) {
            None => true,
            Some(held) => group.is_recorded(history) && !groups[*held].is_recorded(history),
        };
        if is_better && !is_moved {
            keeper.insert(&group.revision, index);
        }
    }
    let mut renames = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let is_late = newest_applied.is_some_and(|newest| group.revision < *newest)
            && !history.iter().any(|row| row.revision == group.revision);
        if keeper.get(&group.revision) == Some(&index) && !is_late {
            continue;
        }
        next = next.next();
        renames.extend(group.files.iter().map(|(file, _)| Rename {
            from: file.clone(),
            to: format!("{next}{}", &file[group.revision.as_str().len()..]),
        }));
    }
    Ok(renames)
}

fn groups(files: Vec<(String, Vec<u8>)>) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut files: Vec<_> = files
        .into_iter()
        .filter(|(file, _)| Repeatable::name_in(file).is_none())
        .collect();
    files.sort();
    for (file, bytes) in files {
        let parsed = FileName::parse(&file)?;
        let other_half = groups.iter_mut().find(|group| {
            parsed.part != Part::Both && group.revision == parsed.revision && group.name == parsed.name
        });
        match other_half {
            Some(group) => group.files.push((file, bytes)),
            None => groups.push(Group {
                revision: parsed.revision,
                name: parsed.name,
                files: vec![(file, bytes)],
            }),
        }
    }
    groups.sort_by(|a, b| a.revision.cmp(&b.revision));
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Checksum;

    fn applied(revision: &str, name: &str) -> Applied {
        Applied {
            revision: Revision::parse(revision).unwrap(),
            name: name.to_owned(),
            checksum_up: Checksum::of_text(name),
            checksum_down: None,
            checksum_tokens: Checksum::of_tokens(name),
            applied_at: String::new(),
            duration_ms: 0,
            applied_by: String::new(),
            release: String::new(),
            unfinished: None,
        }
    }

    fn check(files: &[&str], history: &[Applied], moved: &[&str], expected: &[(&str, &str)]) {
        let files = files
            .iter()
            .map(|file| ((*file).to_owned(), b"SELECT 1;".to_vec()))
            .collect();
        let moved: Vec<String> = moved.iter().map(|file| (*file).to_owned()).collect();
        let renames = renumber(files, history, &moved).unwrap();
        let renames: Vec<(&str, &str)> = renames.iter().map(|r| (r.from.as_str(), r.to.as_str())).collect();
        assert_eq!(renames, expected);
    }

    #[test]
    fn the_one_that_is_applied_keeps_the_number() {
        let files = ["001_a.sql", "002_mine.sql", "002_theirs.sql", "003_c.sql"];
        let history = [applied("001", "a"), applied("002", "theirs")];
        check(&files, &history, &[], &[("002_mine.sql", "004_mine.sql")]);
        check(&files, &[], &[], &[("002_theirs.sql", "004_theirs.sql")]);
        check(
            &files,
            &[],
            &["002_mine.sql"],
            &[("002_mine.sql", "004_mine.sql")],
        );
    }

    #[test]
    fn a_late_file_moves_to_the_end_with_its_other_half() {
        let files = ["1_a.sql", "2_b.down.sql", "2_b.up.sql", "3_c.sql"];
        let history = [applied("1", "a"), applied("3", "c")];
        check(
            &files,
            &history,
            &[],
            &[("2_b.down.sql", "4_b.down.sql"), ("2_b.up.sql", "4_b.up.sql")],
        );
    }

    #[test]
    fn in_order_nothing_moves() {
        check(
            &["001_a.sql", "002_b.sql", "R__v.sql"],
            &[applied("001", "a")],
            &[],
            &[],
        );
    }
}
