//! Backups of one thing after the other in a directory: `NAME-TIME.dump`, of which only the newest stay.

use std::io;
use std::path::{Path, PathBuf};

/// What the files end with once they are proved.
pub const ENDING: &str = "dump";

/// Lets go of the oldest backups of that name, until `keep` are left. Their names are in the order of their times.
///
/// # Errors
/// A directory that cannot be read, a file that cannot be removed.
pub fn keep_newest(directory: &Path, name: &str, keep: usize) -> io::Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if is_backup_of(&path, name) {
            files.push(path);
        }
    }
    files.sort();
    let too_many = files.len().saturating_sub(keep);
    files[..too_many].iter().try_for_each(std::fs::remove_file)
}

/// Whether a file is named as a backup of this, and not of what only begins like it.
fn is_backup_of(path: &Path, name: &str) -> bool {
    let file = path.file_name().map(|file| file.to_string_lossy());
    let time = file.as_deref().and_then(|file| {
        file.strip_prefix(name)?
            .strip_prefix('-')?
            .strip_suffix(ENDING)?
            .strip_suffix('.')
    });
    time.is_some_and(|time| {
        time.len() >= "20260101T000000Z".len()
            && time.chars().all(|c| c.is_ascii_digit() || matches!(c, 'T' | 'Z'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_thing_itself_are_let_go() {
        let check = |name: &str, expected| {
            assert_eq!(is_backup_of(Path::new(name), "noite"), expected, "{name}");
        };
        check("/b/noite-20261128T033000Z.dump", true);
        check("/b/noite-20261128T033000123Z.dump", true);
        check("/b/noite-20261128T033000Z.part", false);
        check("/b/noite-longa-20261128T033000Z.dump", false);
        check("/b/noite-antes-da-mudanca.dump", false);
    }

    #[test]
    fn the_newest_stay() {
        let directory = tempfile::tempdir().unwrap();
        for name in [
            "n-20260101T000000Z.dump",
            "n-20260103T000000Z.dump",
            "n-20260102T000000Z.dump",
            "notes.txt",
        ] {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        keep_newest(directory.path(), "n", 2).unwrap();
        let mut left: Vec<String> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(
            left,
            ["n-20260102T000000Z.dump", "n-20260103T000000Z.dump", "notes.txt"]
        );
    }
}
