//! What a cluster is asked to be.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::binaries::Binaries;

/// Settings of a server that nobody will miss: as little memory, disk and waiting as possible.
const THROW_AWAY: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "16MB"),
    ("max_connections", "60"),
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("autovacuum_naptime", "10s"),
];

/// Where it lives, and so how long.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// In this directory, until somebody deletes it.
    Named(PathBuf),
    /// Under the temporary directory, as long as this process.
    ThrowAway,
}

/// What a cluster is asked to be.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    pub(super) binaries: Binaries,
    pub(super) kind: Kind,
    /// Lines for `postgresql.conf`; a later one wins.
    pub settings: Vec<(String, String)>,
    /// A named cluster only: leave the server running when its last user goes.
    pub keep: bool,
    /// The port on the loopback address; one that is free if nobody asks. A server that is found running keeps the one it has.
    pub port: Option<u16>,
    /// The account that the server runs as when we are root; `postgres` or `nobody` otherwise.
    pub account: Option<String>,
    /// Where short-lived files and the templates go: socket directories, throw-away clusters.
    pub temp_dir: PathBuf,
    /// How long a start, a stop or a restart may take, crash recovery included.
    pub timeout: Duration,
}

impl ClusterOptions {
    /// A durable cluster in `directory`, which is made if it is missing.
    pub fn named(binaries: Binaries, directory: &Path) -> Self {
        Self::new(binaries, Kind::Named(directory.to_owned()))
    }

    /// A cluster without fsync, which ends with this process.
    pub fn throw_away(binaries: Binaries) -> Self {
        let mut options = Self::new(binaries, Kind::ThrowAway);
        for (name, value) in THROW_AWAY {
            options = options.setting(name, value);
        }
        options
    }

    /// Adds a line to `postgresql.conf`. The address, the port and the socket are ours and cannot be set this way.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    fn new(binaries: Binaries, kind: Kind) -> Self {
        Self {
            binaries,
            kind,
            settings: Vec::new(),
            keep: false,
            port: None,
            account: None,
            temp_dir: std::env::temp_dir(),
            timeout: Duration::from_secs(60),
        }
    }

    /// The lines as PostgreSQL reads them.
    pub(super) fn settings_file(&self) -> String {
        let mut text = String::from("# Written at every start; change postgresql.conf instead.\n");
        for (name, value) in &self.settings {
            let value = value
                .replace('\\', "\\\\")
                .replace('\'', "''")
                .replace('\n', "\\n");
            text.push_str(&format!("{name} = '{value}'\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_the_settings_file() {
        let Ok(binaries) = Binaries::find(None, &crate::embedded::SearchPlaces::default()) else {
            panic!("these tests need a PostgreSQL server");
        };
        let options = ClusterOptions::named(binaries, Path::new("/x")).setting("log_line_prefix", "it's \\");
        assert!(
            options
                .settings_file()
                .ends_with("log_line_prefix = 'it''s \\\\'\n")
        );
    }
}
