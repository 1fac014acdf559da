//! A backup by `pg_dump`, in its custom format, read again before it counts.
//!
//! The file is written under another name and gets its own when `pg_restore` has read its table of contents, so that nothing half done is ever
//! taken for a backup. Old ones go only after a new one is there.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Problem, problem};
use crate::conninfo::Conninfo;
use crate::dump::DumpPrograms;
use crate::error::{Error, Result};

/// Backups of a database in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where they are.
    pub directory: PathBuf,
    /// How many are kept.
    pub keep: u32,
}

/// What the files end with.
const ENDING: &str = "dump";

impl Backup {
    /// The file of a backup taken at that time.
    pub fn file(&self, job: &str, at: Timestamp) -> PathBuf {
        let time = at.strftime("%Y%m%dT%H%M%SZ");
        self.directory.join(format!("{job}-{time}.{ENDING}"))
    }

    /// Takes one, and lets go of those that are too many. Answers its size in bytes.
    ///
    /// # Errors
    /// `backup.failed`, with what the program said; `jobs.backup` where the directory cannot be used.
    pub async fn take(
        &self,
        programs: &DumpPrograms,
        conninfo: &Conninfo,
        job: &str,
        at: Timestamp,
    ) -> Result<u64> {
        std::fs::create_dir_all(&self.directory).map_err(|e| self.unusable(&self.directory, e))?;
        let file = self.file(job, at);
        let partial = file.with_extension("part");
        programs.dump(conninfo, &partial).await?;
        std::fs::rename(&partial, &file).map_err(|e| self.unusable(&file, e))?;
        let size = std::fs::metadata(&file).map_err(|e| self.unusable(&file, e))?;
        self.prune(job)?;
        Ok(size.len())
    }

    /// Lets go of the oldest ones of a job. Their names are in the order of their times.
    fn prune(&self, job: &str) -> Result<()> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(&self.directory)
            .map_err(|e| self.unusable(&self.directory, e))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| is_backup_of(path, job))
            .collect();
        files.sort();
        let too_many = files.len().saturating_sub(self.keep as usize);
        for old in &files[..too_many] {
            std::fs::remove_file(old).map_err(|e| self.unusable(old, e))?;
        }
        Ok(())
    }

    fn unusable(&self, path: &Path, error: std::io::Error) -> Error {
        problem(Problem::Backup, "cannot use the directory of the backups")
            .with("path", path.display())
            .hint("see to the directory's owner, permissions and free space")
            .because(error)
    }
}

/// Whether a file is named as a backup of this job, and not of one whose name only begins like it.
fn is_backup_of(path: &Path, job: &str) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let time = name.as_deref().and_then(|name| {
        name.strip_prefix(job)?
            .strip_prefix('-')?
            .strip_suffix(ENDING)?
            .strip_suffix('.')
    });
    time.is_some_and(|time| {
        time.len() == "20260101T000000Z".len()
            && time.chars().all(|c| c.is_ascii_digit() || matches!(c, 'T' | 'Z'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_job_itself_are_let_go() {
        let check = |name: &str, expected| {
            assert_eq!(is_backup_of(Path::new(name), "noite"), expected, "{name}");
        };
        check("/b/noite-20261128T033000Z.dump", true);
        check("/b/noite-20261128T033000Z.part", false);
        check("/b/noite-longa-20261128T033000Z.dump", false);
        check("/b/noite-antes-da-mudanca.dump", false);
    }
}
