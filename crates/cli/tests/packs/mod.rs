//! What the tests of the packs share: a copy of a pack beside a server, the rules that hold for every schema, tenants kept apart.
#![allow(
    dead_code,
    reason = "each test program that includes this module uses a part of it"
)]

pub(crate) mod house;
pub(crate) mod isolation;
pub(crate) mod plans;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ponte_testkit::TestCluster;
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::Client;

/// A pack in a directory of its own, and a server with a database that an ordinary role owns.
pub(crate) struct Pack {
    pub(crate) cluster: TestCluster,
    directory: TempDir,
    /// The pack's name; the database's, too.
    name: &'static str,
    url: String,
}

impl Pack {
    /// As the pack lies in the repository. `roles` are made beforehand, as an administrator makes them once per server.
    pub(crate) async fn unpacked(name: &'static str, roles: &[&str]) -> Self {
        let cluster = TestCluster::start().await;
        for role in roles {
            let made = format!("CREATE ROLE {role} NOLOGIN");
            cluster.sql("postgres", &made).await;
        }
        let url = cluster.create_database(name, "dono").await;
        let directory = tempfile::tempdir().unwrap();
        copy(&source(name), &directory.path().join(name));
        let pack = Self {
            cluster,
            directory,
            name,
            url,
        };
        std::fs::write(pack.path().join(".env"), format!("DATABASE_URL={}\n", pack.url)).unwrap();
        pack
    }

    /// With all its migrations and its seeds.
    pub(crate) async fn migrated(name: &'static str, roles: &[&str]) -> Self {
        let pack = Self::unpacked(name, roles).await;
        pack.json(&["migrate", "up"]).await;
        pack.seed().await;
        pack
    }

    /// Applies the seeds, in order.
    pub(crate) async fn seed(&self) {
        let owner = self.owner().await;
        for file in files(&self.path().join("seeds")) {
            owner
                .batch_execute(&std::fs::read_to_string(file).unwrap())
                .await
                .unwrap();
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join(self.name)
    }

    /// The owner's URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn owner(&self) -> Client {
        ponte_testkit::connect(&self.url).await
    }

    pub(crate) async fn superuser(&self) -> Client {
        self.cluster.superuser(self.name).await
    }

    /// A login that is a member of `group`, and its URL.
    pub(crate) async fn login(&self, login: &str, group: &str) -> String {
        self.cluster.create_role(login, "").await;
        let grant = format!("GRANT {group} TO {login}");
        self.cluster.sql("postgres", &grant).await;
        self.cluster.url(self.name, login)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
        command.arg("-C").arg(self.path()).args(arguments);
        command.env_clear().stdin(Stdio::null());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        output(self.command(arguments)).await
    }

    /// Runs a command that must succeed and print one JSON document.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat()).await;
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{arguments:?}: {told}{}",
            String::from_utf8_lossy(&output.stdout)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Whether the pack's jobs would work, and do.
    pub(crate) async fn assert_jobs_run(&self, jobs: &[&str]) {
        self.json(&["jobs", "list"]).await;
        for job in jobs {
            self.json(&["jobs", "run", job]).await;
        }
    }

    /// What `ponte verify` finds to be different.
    pub(crate) async fn differences(&self) -> Vec<Value> {
        let output = self.run(&["verify", "--output", "json"]).await;
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() < Some(2), "{told}");
        let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
        verified["differences"].as_array().unwrap().clone()
    }

    /// Runs psql with these arguments on a URL, in the directory above the pack; answers what it printed.
    pub(crate) async fn psql(&self, url: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"])
            .args(arguments);
        command
            .arg(url)
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        let output = output(command).await;
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What `pg_dump` says about the schema `public` of a database.
    pub(crate) async fn dump(&self, database: &str) -> String {
        let mut command = Command::new("pg_dump");
        command
            .args(["--schema-only", "--schema=public", "--no-owner"])
            .arg(self.cluster.superuser_url(database));
        let output = output(command).await;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("--") && !line.starts_with('\\') && !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Runs a program to its end without holding up the test's other work.
pub(crate) async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// The pack in the repository.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../packs")
        .join(name)
}

/// The files of a directory, by name.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

pub(crate) async fn number(client: &Client, sql: &str) -> i64 {
    client
        .query_one(sql, &[])
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e:?}"))
        .get(0)
}

pub(crate) async fn text(client: &Client, sql: &str) -> String {
    client
        .query_one(sql, &[])
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e:?}"))
        .get(0)
}

/// The first column of all rows.
pub(crate) async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client
        .query(sql, &[])
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}

pub(crate) async fn execute(client: &Client, sql: &str) {
    if let Err(e) = client.batch_execute(sql).await {
        panic!("{sql}: {e:?}");
    }
}

/// Runs what the server must refuse; answers SQLSTATE and message.
pub(crate) async fn refused(client: &Client, sql: &str) -> (String, String) {
    let Err(error) = client.batch_execute(sql).await else {
        panic!("this was let through: {sql}");
    };
    let error = error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error:?}"));
    (error.code().code().to_owned(), error.message().to_owned())
}
