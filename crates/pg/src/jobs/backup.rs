//! A backup by `pg_dump`, in its custom format, read again before it counts.
//!
//! The file is written under another name and gets its own when `pg_restore` has read its table of contents, so that nothing half done is ever
//! taken for a backup. Old ones go only after a new one is there.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use jiff::Timestamp;
use tokio::process::Command;

use super::{Problem, problem};
use crate::conninfo::Conninfo;
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

/// How much of what a program said is told.
const LINES_TOLD: usize = 3;

impl Backup {
    /// The file of a backup taken at that time.
    pub fn file(&self, job: &str, at: Timestamp) -> PathBuf {
        let time = at.strftime("%Y%m%dT%H%M%SZ");
        self.directory.join(format!("{job}-{time}.{ENDING}"))
    }

    /// Takes one with the programs of a directory, and lets go of those that are too many. Answers its size in bytes.
    ///
    /// # Errors
    /// `jobs.backup`, with what the program said.
    pub async fn take(&self, programs: &Path, conninfo: &Conninfo, job: &str, at: Timestamp) -> Result<u64> {
        std::fs::create_dir_all(&self.directory).map_err(|e| self.unusable(&self.directory, e))?;
        let file = self.file(job, at);
        let partial = file.with_extension("part");
        let outcome = self.dump(programs, conninfo, &partial).await;
        if let Err(error) = outcome {
            // What is left of it is of no use, and may be absent.
            let _ = std::fs::remove_file(&partial);
            return Err(error);
        }
        std::fs::rename(&partial, &file).map_err(|e| self.unusable(&file, e))?;
        let size = std::fs::metadata(&file).map_err(|e| self.unusable(&file, e))?;
        self.prune(job)?;
        Ok(size.len())
    }

    async fn dump(&self, programs: &Path, conninfo: &Conninfo, partial: &Path) -> Result<()> {
        let mut dump = Command::new(programs.join("pg_dump"));
        dump.args(["--format=custom", "--no-password", "--file"])
            .arg(partial)
            .arg("--dbname")
            .arg(conninfo.url_without_password());
        if let Some(password) = conninfo.password() {
            dump.env("PGPASSWORD", password);
        }
        said_well("pg_dump", run(dump).await)?;
        let mut list = Command::new(programs.join("pg_restore"));
        list.arg("--list").arg(partial);
        said_well("pg_restore", run(list).await)
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

async fn run(mut command: Command) -> std::io::Result<Output> {
    command.stdin(Stdio::null()).kill_on_drop(true).output().await
}

fn said_well(program: &str, outcome: std::io::Result<Output>) -> Result<()> {
    let output = outcome.map_err(|e| {
        problem(Problem::Backup, format!("cannot start {program}"))
            .hint("install PostgreSQL's client programs")
            .because(e)
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES_TOLD)..];
    Err(problem(
        Problem::Backup,
        format!("{program} failed: {}", last.join("; ")),
    ))
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
