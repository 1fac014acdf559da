//! pg_dump and pg_restore of this machine: a database as one file, and the proof that the file can be read; a schema as text.
//!
//! pg_dump refuses a server that is newer than itself, so programs of the server's major version or a later one are looked
//! for. The password travels in the environment of the program, where other users of the machine do not see it.

pub mod shelf;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::conninfo::Conninfo;
use crate::embedded::SearchPlaces;
use crate::error::{Error, ErrorKind, Result};

const DUMP: &str = "pg_dump";
const RESTORE: &str = "pg_restore";
/// The tables of our own history.
const HISTORY: [&str; 3] = ["migration", "migration_log", "migration_repeatable"];
/// Lines of a program's complaint that are shown.
const COMPLAINT_LINES: usize = 3;

/// Both programs, of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpPrograms {
    directory: PathBuf,
    major: u32,
}

impl DumpPrograms {
    /// The oldest release that may dump a server of this major version.
    ///
    /// # Errors
    /// `backup.no_program`, saying what was found instead.
    pub async fn find(server_major: u32, places: &SearchPlaces) -> Result<Self> {
        let mut found: Vec<Self> = Vec::new();
        for directory in places.directories() {
            if let Some(major) = major_of(&directory).await
                && directory.join(RESTORE).is_file()
            {
                found.push(Self { directory, major });
            }
        }
        let newest = found.iter().map(|programs| programs.major).max();
        found.retain(|programs| programs.major >= server_major);
        found.into_iter().min_by_key(|programs| programs.major).ok_or_else(|| {
            let error = Error::new(
                ErrorKind::BackupNoProgram,
                format!("cannot back the database up: there is no pg_dump for PostgreSQL {server_major} on this machine"),
            )
            .hint(format!(
                "install the client programs of PostgreSQL {server_major} or later (Debian: postgresql-client-{server_major}), or set PONTE_PG_BIN"
            ));
            match newest {
                Some(newest) => error.with("newest_found", newest),
                None => error,
            }
        })
    }

    /// Writes the whole database into a new file in pg_dump's custom format, and reads its table of contents back.
    ///
    /// # Errors
    /// `backup.failed`, with what the program says; the file is removed then.
    pub async fn dump(&self, conninfo: &Conninfo, file: &Path) -> Result<()> {
        let mut dump = Command::new(self.directory.join(DUMP));
        dump.args(["--format=custom", "--no-password", "--file"])
            .arg(file)
            .arg("--dbname")
            .arg(conninfo.without_password())
            .env_clear();
        if let Some(password) = conninfo.password() {
            dump.env("PGPASSWORD", password);
        }
        let mut list = Command::new(self.directory.join(RESTORE));
        list.arg("--list").arg(file).env_clear();
        let dumped = match run(dump, DUMP).await {
            Ok(()) => run(list, RESTORE).await,
            failed => failed,
        };
        if dumped.is_err()
            && let Err(error) = std::fs::remove_file(file)
        {
            tracing::debug!(%error, "there is no file of the failed backup");
        }
        dumped
    }
}

/// What of a schema is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Everything.
    WithAccess,
    /// No owners and no privileges.
    WithoutAccess,
}

impl DumpPrograms {
    /// The schema of a database in pg_dump's words. Left out are the schemas that are ours, and of `history_schema` the tables of our own history.
    ///
    /// # Errors
    /// `backup.failed`, with what the program says.
    pub async fn schema(
        &self,
        conninfo: &Conninfo,
        history_schema: &str,
        written: Written,
    ) -> Result<String> {
        let mut dump = Command::new(self.directory.join(DUMP));
        dump.args([
            "--schema-only",
            "--no-password",
            "--exclude-schema=ponte",
            "--exclude-schema=ponte_journal",
        ]);
        if written == Written::WithoutAccess {
            dump.args(["--no-owner", "--no-privileges"]);
        }
        for table in HISTORY {
            let pattern = format!("\"{}\".{table}", history_schema.replace('"', "\"\""));
            dump.arg("--exclude-table").arg(pattern);
        }
        dump.arg("--dbname").arg(conninfo.without_password()).env_clear();
        if let Some(password) = conninfo.password() {
            dump.env("PGPASSWORD", password);
        }
        let output = output(dump, "read the schema with pg_dump", DUMP).await?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// The major version of the programs.
    pub fn major(&self) -> u32 {
        self.major
    }
}

/// The major version that pg_dump in this directory says it is.
async fn major_of(directory: &Path) -> Option<u32> {
    let program = directory.join(DUMP);
    if !program.is_file() {
        return None;
    }
    let mut command = Command::new(program);
    let answer = command.arg("--version").env_clear().output().await.ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let release = text.strip_prefix("pg_dump (PostgreSQL) ")?;
    let digits = release.find(|c: char| !c.is_ascii_digit())?;
    release[..digits].parse().ok()
}

async fn run(command: Command, name: &str) -> Result<()> {
    output(command, "back the database up", name).await.map(drop)
}

/// What the program writes to its standard output.
async fn output(mut command: Command, purpose: &str, name: &str) -> Result<Vec<u8>> {
    let failed = |message: String| Error::new(ErrorKind::BackupFailed, message);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ended = command.output().await;
    let ended = ended.map_err(|e| failed(format!("cannot run {name}")).because(e))?;
    if ended.status.success() {
        return Ok(ended.stdout);
    }
    let complaint = String::from_utf8_lossy(&ended.stderr);
    let complaint: Vec<&str> = complaint.lines().take(COMPLAINT_LINES).collect();
    Err(failed(format!("cannot {purpose}")).with(
        if name == DUMP { "pg_dump" } else { "pg_restore" },
        complaint.join("; "),
    ))
}
