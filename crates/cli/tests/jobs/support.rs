//! A project with jobs in a database of its own.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use ponte_testkit::{TestCluster, eventually};
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::Client;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Project {
    pub(crate) url: String,
    pub(crate) directory: TempDir,
}

pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl Project {
    /// A database with this schema, and these jobs.
    pub(crate) async fn with(cluster: &TestCluster, database: &str, schema: &str, jobs: &str) -> Self {
        let url = cluster.create_database(database, "dono").await;
        let project = Self {
            url,
            directory: tempfile::tempdir().unwrap(),
        };
        project.client().await.batch_execute(schema).await.unwrap();
        project.configure(jobs);
        project
    }

    pub(crate) fn configure(&self, jobs: &str) {
        self.configure_at(&self.url, jobs);
    }

    pub(crate) fn configure_at(&self, url: &str, jobs: &str) {
        let text = format!("[nodes.base]\nurl = \"{url}\"\n{jobs}");
        std::fs::write(self.directory.path().join("ponte.toml"), text).unwrap();
    }

    pub(crate) async fn client(&self) -> Client {
        ponte_testkit::connect(&self.url).await
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.client().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until a condition in the database is true.
    pub(crate) async fn comes_true(&self, sql: &str) {
        let client = self.client().await;
        eventually(PATIENCE, sql, || async {
            let row = client.query_one(&format!("SELECT {sql}"), &[]).await.ok()?;
            row.get::<_, Option<bool>>(0)?.then_some(())
        })
        .await;
    }

    /// Runs a command that has to end with this code.
    pub(crate) async fn ends(&self, code: i32, arguments: &[&str]) -> Run {
        let mut command = command(self.directory.path(), arguments);
        let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let run = Run {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}{}",
            run.stdout,
            run.stderr
        );
        run
    }

    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        self.ends(0, &[arguments, &["--output", "json"]].concat())
            .await
            .json()
    }

    /// A daemon, which says nothing.
    pub(crate) fn daemon(&self) -> Daemon {
        let child = command(self.directory.path(), &["-q", "jobs", "daemon"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Daemon(child)
    }
}

/// A process that does not outlive its test.
pub(crate) struct Daemon(Child);

impl Daemon {
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends SIGTERM and waits; the daemon has to end well.
    pub(crate) async fn terminate(self) {
        self.signal("-TERM");
        self.has_ended().await;
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) async fn has_ended(mut self) {
        let status = eventually(PATIENCE, "the daemon to end", || {
            let status = self.0.try_wait().unwrap();
            async move { status }
        })
        .await;
        assert!(status.success(), "{status}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
    command
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null());
    command
}
