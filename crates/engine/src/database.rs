//! Creating a database, and keeping the connection strings that come of it in the project's environment file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ponte_pg::database::{Creation, Wanted};

use crate::config::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::servers::Servers;

/// The variables of the owner, the application's role and the read-only one. The owner's is the one that ponte's own commands use.
const VARIABLES: [&str; 3] = ["DATABASE_URL", "APP_DATABASE_URL", "READ_ONLY_DATABASE_URL"];

/// What was done, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Created {
    /// The statements, without secrets.
    pub statements: Vec<String>,
    /// Roles that were made.
    pub new_roles: Vec<String>,
    /// Roles that were there; their passwords are what they were.
    pub known_roles: Vec<String>,
    /// Variables that were written to the environment file.
    pub variables: Vec<String>,
}

/// Makes what is missing of a database; with `dry_run` only says what that is.
///
/// # Errors
/// `db.env_file` before anything is made, and those of [`Creation::plan`] and what the server answers.
pub async fn create(
    servers: &Servers,
    database: &Database,
    wanted: Wanted,
    env_file: &Path,
    dry_run: bool,
) -> Result<Created> {
    let conninfo = servers.conninfo(database.session_address()).await?;
    let roles: Vec<(String, &str)> = roles(&wanted);
    let creation = Creation::plan(&conninfo, wanted).await?;
    let new: BTreeSet<&str> = creation
        .logins()
        .iter()
        .map(|login| login.role.as_str())
        .collect();
    let mut created = Created {
        statements: creation
            .steps()
            .iter()
            .map(|step| step.shown().to_owned())
            .collect(),
        ..Created::default()
    };
    for (role, variable) in &roles {
        if new.contains(role.as_str()) {
            created.new_roles.push(role.clone());
            created.variables.push((*variable).to_owned());
        } else {
            created.known_roles.push(role.clone());
        }
    }
    let file = EnvFile::read(env_file)?;
    file.refuse_taken(&created.variables)?;
    if dry_run {
        return Ok(created);
    }
    let mut secrets = Vec::new();
    let mut examples = Vec::new();
    for (role, variable) in &roles {
        examples.push((*variable, creation.example(role)?));
        if let Some(login) = creation.logins().iter().find(|login| login.role == *role) {
            secrets.push((*variable, creation.url(login)?));
        }
    }
    // The passwords are safe in a file before a role has one of them, and in their place once the roles are there.
    let staged = file.stage(&secrets)?;
    creation.make_roles().await?;
    staged.finish()?;
    creation.make_database().await?;
    let example = EnvFile::read(&example_of(env_file))?;
    let missing: Vec<_> = examples
        .into_iter()
        .filter(|(name, _)| !example.has(name))
        .collect();
    example.stage(&missing)?.finish()?;
    Ok(created)
}

fn roles(wanted: &Wanted) -> Vec<(String, &'static str)> {
    let all = [
        Some(&wanted.owner),
        wanted.app_role.as_ref(),
        wanted.read_only_role.as_ref(),
    ];
    let named = all.into_iter().zip(VARIABLES);
    named
        .filter_map(|(role, variable)| Some((role?.clone(), variable)))
        .collect()
}

fn example_of(env_file: &Path) -> PathBuf {
    let mut name = env_file.file_name().unwrap_or_default().to_owned();
    name.push(".example");
    env_file.with_file_name(name)
}

/// An environment file that lines are added to. What is in it stays as it is.
struct EnvFile {
    path: PathBuf,
    text: String,
}

impl EnvFile {
    fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(unusable("cannot read the environment file", path).because(e)),
        };
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    fn has(&self, name: &str) -> bool {
        let assigned = |line: &str| {
            let line = line.trim_start();
            let line = line.strip_prefix("export ").unwrap_or(line);
            line.split_once('=').is_some_and(|(key, _)| key.trim() == name)
        };
        self.text.lines().any(assigned)
    }

    /// A password that cannot be written down would be lost.
    fn refuse_taken(&self, names: &[String]) -> Result<()> {
        match names.iter().find(|name| self.has(name)) {
            None => Ok(()),
            Some(name) => Err(unusable(
                &format!("cannot keep the new password: {name} has a value already"),
                &self.path,
            )
            .hint("name another file with --env-file, or take the line out")),
        }
    }

    /// Writes the file with these lines beside its place, readable for nobody else.
    fn stage(self, lines: &[(&str, String)]) -> Result<Staged> {
        let mut text = self.text;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        for (name, value) in lines {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}='{value}'");
        }
        let staged = Staged {
            beside: self.path.with_extension("ponte-new"),
            path: self.path,
            is_needed: !lines.is_empty(),
        };
        if staged.is_needed {
            write(&staged.beside, &text)
                .map_err(|e| unusable("cannot write the environment file", &staged.path).because(e))?;
        }
        Ok(staged)
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // One that a killed run has left behind is not worth more than the run was.
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A file that is written and not in its place yet. Dropping it takes it away.
struct Staged {
    path: PathBuf,
    beside: PathBuf,
    is_needed: bool,
}

impl Staged {
    fn finish(mut self) -> Result<()> {
        if std::mem::take(&mut self.is_needed) {
            let moved = std::fs::rename(&self.beside, &self.path);
            moved.map_err(|e| unusable("cannot write the environment file", &self.path).because(e))?;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.is_needed {
            // It holds passwords that no role has.
            let _ = std::fs::remove_file(&self.beside);
        }
    }
}

fn unusable(message: &str, path: &Path) -> Error {
    Error::new(ErrorKind::EnvFile, message).with("file", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn lines_are_added_for_nobody_else_to_read_and_the_others_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        std::fs::write(&path, "# mine\nexport KEY=1").unwrap();
        let file = EnvFile::read(&path).unwrap();
        assert!(file.has("KEY") && !file.has("DATABASE_URL"));
        assert!(file.refuse_taken(&["KEY".to_owned()]).is_err());
        file.stage(&[("DATABASE_URL", "postgresql://x".to_owned())])
            .unwrap()
            .finish()
            .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "# mine\nexport KEY=1\nDATABASE_URL='postgresql://x'\n");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        drop(
            EnvFile::read(&path)
                .unwrap()
                .stage(&[("A", "b".to_owned())])
                .unwrap(),
        );
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
