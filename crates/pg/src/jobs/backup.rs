//! A backup by `pg_dump`, in its custom format, read again before it counts.
//!
//! The file is written under another name and gets its own when `pg_restore` has read its table of contents, so that nothing half done is ever
//! taken for a backup. Old ones go only after a new one is there.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Problem, problem};
use crate::conninfo::Conninfo;
use crate::dump::{DumpPrograms, shelf};
use crate::error::{Error, Result};

/// Backups of a database in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where they are.
    pub directory: PathBuf,
    /// How many are kept.
    pub keep: u32,
}

impl Backup {
    /// The file of a backup taken at that time.
    pub fn file(&self, job: &str, at: Timestamp) -> PathBuf {
        let time = at.strftime("%Y%m%dT%H%M%SZ");
        self.directory.join(format!("{job}-{time}.{}", shelf::ENDING))
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
        shelf::keep_newest(&self.directory, job, self.keep as usize)
            .map_err(|e| self.unusable(&self.directory, e))?;
        Ok(size.len())
    }

    fn unusable(&self, path: &Path, error: std::io::Error) -> Error {
        problem(Problem::Backup, "cannot use the directory of the backups")
            .with("path", path.display())
            .hint("see to the directory's owner, permissions and free space")
            .because(error)
    }
}
