//! A database with an ordinary owner, and a runner on it.

use std::process::Stdio;
use std::time::Duration;

use ponte_pg::migrate::{Event, Migrator, Options, UpRequest};
use ponte_pg::{Conninfo, Error};
use ponte_schema::migration::plan::DownTo;
use ponte_schema::migration::{MigrationSet, Revision};
use ponte_testkit::TestCluster;
use tokio_postgres::Client;

const URL: &str = "PONTE_TEST_MIGRATE_URL";
const FILES: &str = "PONTE_TEST_MIGRATE_FILES";

/// A server with one database, `app`, whose owner is the plain role `app`.
pub(crate) struct Server {
    pub(crate) cluster: TestCluster,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let cluster = TestCluster::start().await;
        let url = cluster.create_database("app", "app").await;
        Self { cluster, url }
    }

    pub(crate) fn conninfo(&self) -> Conninfo {
        Conninfo::parse(&self.url).unwrap()
    }

    /// A runner with short patience.
    pub(crate) async fn migrator(&self) -> Migrator {
        let options = Options {
            lock_timeout: Duration::from_millis(1500),
            wait_max: Duration::from_secs(30),
            ..Options::new("test")
        };
        Migrator::connect(&self.conninfo(), options).await.unwrap()
    }

    pub(crate) async fn owner(&self) -> Client {
        ponte_testkit::connect(&self.url).await
    }

    pub(crate) async fn up(&self, set: &MigrationSet) -> Result<Vec<String>, Error> {
        let mut migrator = self.migrator().await;
        let applied = migrator
            .up(set, &UpRequest::default(), &mut |_: Event<'_>| {})
            .await?;
        Ok(applied.iter().map(|m| m.revision.to_string()).collect())
    }

    pub(crate) async fn down(&self, set: &MigrationSet, to: &DownTo) -> Result<Vec<String>, Error> {
        let mut migrator = self.migrator().await;
        let undone = migrator.down(set, to, &mut |_: Event<'_>| {}).await?;
        Ok(undone.iter().map(|m| m.revision.to_string()).collect())
    }

    /// One text value, as the owner sees it.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let row = self.owner().await.query_one(sql, &[]).await.unwrap();
        row.get(0)
    }
}

pub(crate) fn files(files: &[(&str, &str)]) -> MigrationSet {
    MigrationSet::from_files(
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())),
    )
    .unwrap()
}

pub(crate) fn revision(digits: &str) -> Revision {
    Revision::parse(digits).unwrap()
}

/// Runs `up` in a process that can be killed.
pub(crate) fn up_in_another_program(url: &str, directory: &std::path::Path) -> std::process::Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "as_another_program"])
        .env(URL, url)
        .env(FILES, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a test program has no configuration")]
pub(crate) async fn run_as_another_program() {
    let (Ok(url), Ok(directory)) = (std::env::var(URL), std::env::var(FILES)) else {
        return;
    };
    let set = ponte_pg::migrate::read_directory(directory.as_ref()).unwrap();
    let conninfo = Conninfo::parse(&url).unwrap();
    let mut migrator = Migrator::connect(&conninfo, Options::new("test")).await.unwrap();
    migrator
        .up(&set, &UpRequest::default(), &mut |_: Event<'_>| {})
        .await
        .unwrap();
}
