//! A copy of the pack beside two servers, with a plain owner's database on each, and an application's role that owns nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ponte_testkit::{Pair, TestCluster};
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::Client;

pub(crate) struct Pack {
    pub(crate) pair: Pair,
    directory: TempDir,
    /// The application at each node.
    pub(crate) replit: Client,
    pub(crate) neon: Client,
}

impl Pack {
    /// As the pack lies in the repository, with addresses in `.env`. Autovacuum is off: it takes transaction ids of its own.
    pub(crate) async fn unpacked() -> Self {
        let builder = TestCluster::builder().setting("autovacuum", "off");
        let pair = Pair::start_from(builder, "perfis", "dono").await;
        for cluster in [&pair.a, &pair.b] {
            cluster.create_role("site", "").await;
        }
        let directory = tempfile::tempdir().unwrap();
        copy(&source(), directory.path());
        let env = format!("DATABASE_URL={}\nEXTERNAL_DB_URL={}\n", pair.url_a, pair.url_b);
        std::fs::write(directory.path().join(".env"), env).unwrap();
        let (replit, neon) = tokio::join!(application(&pair.a), application(&pair.b));
        Self {
            pair,
            directory,
            replit,
            neon,
        }
    }

    /// With the schema on both nodes and the seeds on the first.
    pub(crate) async fn migrated() -> Self {
        let pack = Self::unpacked().await;
        let seeds = std::fs::read_to_string(source().join("seeds/001_perfis.sql")).unwrap();
        for node in ["replit", "neon"] {
            let up = pack.json(&["--node", node, "migrate", "up"]).await;
            assert_eq!(up["applied"][0]["revision"], "001", "{up}");
        }
        let (replit, neon) = pack.owners().await;
        replit.batch_execute(&seeds).await.unwrap();
        for owner in [&replit, &neon] {
            owner
                .batch_execute("GRANT SELECT, INSERT, UPDATE, DELETE ON perfis TO site")
                .await
                .unwrap();
        }
        pack
    }

    /// And with the link.
    pub(crate) async fn linked() -> Self {
        let pack = Self::migrated().await;
        let init = pack.json(&["sync", "init", "-y"]).await;
        assert_eq!(init["links"][0]["rows_copied"], 12, "{init}");
        let (replit, neon) = pack.owners().await;
        for owner in [&replit, &neon] {
            owner
                .batch_execute("GRANT SELECT ON perfis_changelog TO site")
                .await
                .unwrap();
        }
        pack
    }

    pub(crate) async fn owners(&self) -> (Client, Client) {
        let connect = ponte_testkit::connect;
        tokio::join!(connect(&self.pair.url_a), connect(&self.pair.url_b))
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
        command.arg("-C").arg(self.path()).args(arguments);
        command.env_clear().stdin(Stdio::null());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let run = tokio::task::spawn_blocking(move || command.output().unwrap());
        run.await.unwrap()
    }

    /// Runs a command that must succeed and print one JSON document.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat()).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a command that must end in trouble; answers its error.
    pub(crate) async fn trouble(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat()).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        serde_json::from_slice::<Value>(&output.stderr).unwrap()["error"].take()
    }

    /// One pass; answers both directions.
    pub(crate) async fn once(&self) -> [Value; 2] {
        let pass = self.json(&["sync", "once"]).await;
        [0, 1].map(|direction| pass["links"][0]["directions"][direction].clone())
    }

    /// All rows of both nodes, which must be the same.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let [replit, neon] = [rows(&self.replit).await, rows(&self.neon).await];
        assert_eq!(replit, neon);
        replit
    }
}

async fn application(cluster: &TestCluster) -> Client {
    ponte_testkit::connect(&cluster.url("perfis", "site")).await
}

async fn rows(client: &Client) -> Vec<String> {
    let rows = client
        .query("SELECT p::text FROM perfis p ORDER BY id", &[])
        .await;
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The pack in the repository.
fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/perfis")
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

pub(crate) async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

pub(crate) async fn text(client: &Client, sql: &str) -> String {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

pub(crate) async fn execute(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap();
}
