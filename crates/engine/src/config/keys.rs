//! Every key that `ponte.toml` may have, a list per table: the reader refuses all others, the reference is printed from it.

mod job;
mod link;
mod project;
mod table;

/// A table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The file itself.
    Root,
    /// `[project]`
    Project,
    /// `[verify]`
    Verify,
    /// `[nodes.NAME]`
    Node,
    /// `[[links]]`
    Link,
    /// `[[links.tables]]`
    Table,
    /// `[jobs.NAME]`
    Job,
    /// `[jobs.NAME.partitions]`
    JobPartitions,
    /// `[jobs.NAME.delete]`
    JobDelete,
    /// `[jobs.NAME.backup]`
    JobBackup,
}

impl Section {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 10] = [
        Self::Root,
        Self::Project,
        Self::Verify,
        Self::Node,
        Self::Link,
        Self::Table,
        Self::Job,
        Self::JobPartitions,
        Self::JobDelete,
        Self::JobBackup,
    ];

    /// The header in the file.
    pub fn header(self) -> &'static str {
        match self {
            Self::Root => "the file",
            Self::Project => "[project]",
            Self::Verify => "[verify]",
            Self::Node => "[nodes.NAME]",
            Self::Link => "[[links]]",
            Self::Table => "[[links.tables]]",
            Self::Job => "[jobs.NAME]",
            Self::JobPartitions => "[jobs.NAME.partitions]",
            Self::JobDelete => "[jobs.NAME.delete]",
            Self::JobBackup => "[jobs.NAME.backup]",
        }
    }

    /// The keys that it may have.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        let keys = match self {
            Self::Root => project::ROOT,
            Self::Project => project::PROJECT,
            Self::Verify => project::VERIFY,
            Self::Node => project::NODE,
            Self::Link => link::LINK,
            Self::Table => table::TABLE,
            Self::Job => job::JOB,
            Self::JobPartitions => job::JOB_PARTITIONS,
            Self::JobDelete => job::JOB_DELETE,
            Self::JobBackup => job::JOB_BACKUP,
        };
        keys.iter()
    }
}

/// A key of the file.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// The form of its value.
    pub form: &'static str,
    /// What holds when it is left out; `None` where it has to be given.
    pub default: Option<&'static str>,
    /// What it does.
    pub about: &'static str,
}

const fn key(
    name: &'static str,
    form: &'static str,
    default: Option<&'static str>,
    about: &'static str,
) -> Key {
    Key {
        name,
        form,
        default,
        about,
    }
}

/// Keys that are planned: an answer of their own instead of «unknown key».
const PLANNED: &[(Section, &str)] = &[(Section::Link, "batch_rows_max"), (Section::Table, "unique")];

/// Whether a later release will know this key.
pub(super) fn is_planned(section: Section, name: &str) -> bool {
    PLANNED.contains(&(section, name))
}

/// The candidate that a misspelled word was probably meant to be.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_key_finds_the_one_that_was_meant() {
        let check = |section: Section, word, expected| {
            assert_eq!(nearest(word, section.keys().map(|k| k.name)), expected, "{word}");
        };
        check(Section::Link, "conflct", Some("conflict"));
        check(Section::Link, "betwen", Some("between"));
        check(Section::Node, "URL", Some("url"));
        check(Section::Node, "direct-url", Some("direct_url"));
        check(Section::Root, "link", Some("links"));
        check(Section::Table, "zebra", None);
    }

    #[test]
    fn a_planned_key_is_not_a_known_one() {
        for (section, name) in PLANNED {
            assert!(section.keys().all(|key| key.name != *name), "{name} is both");
        }
    }
}
