//! Where the server's programs are.
//!
//! A directory counts when it holds `initdb` and `postgres` and the latter says which release it is. An explicit directory
//! is the only one that is looked at; otherwise PATH comes first and then the layouts of Debian, Red Hat and Homebrew,
//! the newest release first.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, ErrorKind, Result};

/// Folders with one subfolder per release, and where the programs are in it.
const LAYOUTS: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Folders that hold the programs directly.
const PLAIN_FOLDERS: &[&str] = &["/usr/local/pgsql/bin"];

/// Where to look, handed in by the caller because the environment is read in one place only.
#[derive(Debug, Clone, Default)]
pub struct SearchPlaces {
    /// The value of `PONTE_PG_BIN`: look here and nowhere else.
    pub only: Option<PathBuf>,
    /// The value of `PATH`.
    pub path: Option<OsString>,
}

impl SearchPlaces {
    /// Every directory in which programs of PostgreSQL may be, best first.
    pub(crate) fn directories(&self) -> Vec<PathBuf> {
        let on_path = self.path.as_deref().map(OsStr::to_owned).unwrap_or_default();
        let on_path = std::env::split_paths(&on_path).filter(|directory| directory.is_absolute());
        match self.only {
            Some(_) => candidates(self),
            None => on_path.chain(candidates(self)).collect(),
        }
    }
}

/// The programs of one release of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    directory: PathBuf,
    major: u32,
    release: String,
}

impl Binaries {
    /// The first release found; with `major`, the first of that major version.
    ///
    /// # Errors
    /// `embedded.no_binaries`, naming every place that was looked at.
    pub fn find(major: Option<u32>, places: &SearchPlaces) -> Result<Self> {
        let candidates = candidates(places);
        candidates
            .iter()
            .filter_map(|directory| Self::in_directory(directory).ok())
            .find(|found| major.is_none_or(|wanted| wanted == found.major))
            .ok_or_else(|| not_found(major, places, &candidates))
    }

    /// The programs in this directory.
    ///
    /// # Errors
    /// `embedded.no_binaries` where they are missing or do not say which release they are.
    pub fn in_directory(directory: &Path) -> Result<Self> {
        let refused = |why: &'static str| {
            Error::new(ErrorKind::EmbeddedNoBinaries, why).with("directory", directory.display())
        };
        if !directory.join("initdb").is_file() {
            return Err(refused("there is no initdb in the directory"));
        }
        let answer = Command::new(directory.join("postgres"))
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| refused("cannot run postgres").because(e))?;
        let answer = String::from_utf8_lossy(&answer.stdout);
        let (major, release) =
            parse_version(&answer).ok_or_else(|| refused("postgres does not say which release it is"))?;
        Ok(Self {
            directory: directory.to_owned(),
            major,
            release: release.to_owned(),
        })
    }

    /// The major version, such as 17.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The release as the server names it, such as `17.4 (Debian 17.4-1)`.
    pub fn release(&self) -> &str {
        &self.release
    }

    /// The directory that holds them.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// `postgres (PostgreSQL) 17.4 (Debian …)`, `postgres (PostgreSQL) 18beta1`: the major version and all from it on.
fn parse_version(answer: &str) -> Option<(u32, &str)> {
    let release = answer.trim().strip_prefix("postgres (PostgreSQL) ")?;
    let digits = release
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(release.len());
    Some((release[..digits].parse().ok()?, release))
}

/// Directories worth a look, best first, without repetitions.
fn candidates(places: &SearchPlaces) -> Vec<PathBuf> {
    if let Some(only) = &places.only {
        return vec![only.clone(), only.join("bin")];
    }
    let on_path = places.path.as_deref().map(OsStr::to_owned).unwrap_or_default();
    let mut found: Vec<PathBuf> = std::env::split_paths(&on_path)
        .filter(|directory| directory.is_absolute() && directory.join("initdb").is_file())
        .collect();
    found.extend(
        LAYOUTS
            .iter()
            .flat_map(|(root, prefix, rest)| releases(Path::new(root), prefix, rest)),
    );
    found.extend(
        PLAIN_FOLDERS
            .iter()
            .map(PathBuf::from)
            .filter(|folder| folder.is_dir()),
    );
    let mut seen = std::collections::HashSet::new();
    found.retain(|directory| seen.insert(directory.clone()));
    found
}

/// The releases side by side in one layout, newest first.
fn releases(root: &Path, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else {
        return Vec::new();
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let major = name.strip_prefix(prefix)?.parse().ok()?;
            Some((major, root.join(name).join(rest)))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, directory)| directory).collect()
}

fn not_found(major: Option<u32>, places: &SearchPlaces, candidates: &[PathBuf]) -> Error {
    let wanted = major.map_or_else(|| "PostgreSQL".to_owned(), |major| format!("PostgreSQL {major}"));
    let looked = places
        .only
        .as_ref()
        .map_or_else(everywhere, |only| only.display().to_string());
    let unfit: Vec<String> = candidates.iter().map(|c| c.display().to_string()).collect();
    let error = Error::new(
        ErrorKind::EmbeddedNoBinaries,
        format!("cannot find the server programs of {wanted}"),
    )
    .with("looked_in", looked);
    let error = if unfit.is_empty() || places.only.is_some() {
        error
    } else {
        error.with("found_but_unfit", unfit.join(", "))
    };
    error.hint(if places.only.is_some() {
        "point PONTE_PG_BIN at a directory that holds initdb and postgres".to_owned()
    } else {
        install_command(major)
    })
}

fn everywhere() -> String {
    let mut all = vec!["PATH".to_owned()];
    all.extend(
        LAYOUTS
            .iter()
            .map(|(root, prefix, rest)| format!("{root}/{prefix}*/{rest}")),
    );
    all.extend(PLAIN_FOLDERS.iter().map(|folder| (*folder).to_owned()));
    all.join(", ")
}

fn install_command(major: Option<u32>) -> String {
    let debian = major.map_or_else(|| "postgresql".to_owned(), |major| format!("postgresql-{major}"));
    if cfg!(target_os = "macos") {
        let major = major.unwrap_or(17);
        format!("run: brew install postgresql@{major}")
    } else if Path::new("/etc/debian_version").exists() {
        format!("run: apt-get install {debian}, or set PONTE_PG_BIN to a directory with initdb and postgres")
    } else {
        "install your system's postgresql-server package, or set PONTE_PG_BIN to a directory with initdb and postgres"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_from_what_the_server_says() {
        let check = |answer, expected| assert_eq!(parse_version(answer).map(|(major, _)| major), expected);
        check("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15));
        check("postgres (PostgreSQL) 18beta1\n", Some(18));
        check("postgres (EnterpriseDB) 15\n", None);
        check("", None);
    }

    #[test]
    fn layouts_list_the_newest_release_first() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9.6", "13", "17", "common"] {
            std::fs::create_dir_all(root.path().join(name)).unwrap();
        }
        let expected: Vec<_> = ["17/bin", "13/bin"].iter().map(|d| root.path().join(d)).collect();
        assert_eq!(releases(root.path(), "", "bin"), expected);
    }

    #[test]
    fn what_is_missing_names_the_places_and_the_next_step() {
        let empty = tempfile::tempdir().unwrap();
        let places = SearchPlaces {
            only: Some(empty.path().to_owned()),
            path: None,
        };
        let error = Binaries::find(None, &places).unwrap_err();
        assert_eq!(error.kind().code(), "embedded.no_binaries");
        assert_eq!(error.context()[0].1, empty.path().display().to_string());
        assert!(error.next_step().unwrap().contains("PONTE_PG_BIN"));

        let none_so_new = Binaries::find(Some(9999), &SearchPlaces::default()).unwrap_err();
        assert!(none_so_new.context()[0].1.contains("/usr/lib/postgresql/*/bin"));
    }
}
