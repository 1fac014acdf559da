//! Losing history: a streaming replica that was cut off before it took over, and a backup that is put back.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::{TestCluster, connect, eventually};

/// How long a replica may take for what it is told.
const DEADLINE: Duration = Duration::from_secs(30);

/// A physical replica of a cluster. It ends with the value.
#[derive(Debug)]
pub struct Standby {
    server: Child,
    port: u16,
    primary: u16,
}

impl Standby {
    /// Stops a cluster for a moment, copies it and follows it with the copy.
    ///
    /// # Panics
    /// When the replica does not start or does not catch up.
    pub async fn of(cluster: &TestCluster) -> Self {
        let Backup { directory } = Backup::of(cluster).await;
        let follow = format!("primary_conninfo = '{}'\n", cluster.superuser_url("postgres"));
        for (file, text) in [("standby.signal", ""), ("postgresql.auto.conf", follow.as_str())] {
            append(&directory.join(file), text);
        }
        give_to_owner_of(&cluster.cluster().data_dir(), &directory);
        let port = free_port();
        let standby = Self {
            server: serve(&cluster.binaries().directory().join("postgres"), &directory, port),
            port,
            primary: cluster.port(),
        };
        let url = standby.at(&cluster.superuser_url("postgres"));
        wait_until(
            &url,
            "the replica to stream",
            "SELECT count(*) = 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'",
        )
        .await;
        standby
    }

    /// A URL of the primary as one of the replica.
    pub fn at(&self, url: &str) -> String {
        url.replace(&format!(":{}/", self.primary), &format!(":{}/", self.port))
    }

    /// Waits until the replica has everything that the primary has.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn catch_up(&self, cluster: &TestCluster) {
        let primary = cluster.superuser("postgres").await;
        let row = primary
            .query_one("SELECT pg_current_wal_flush_lsn()::text", &[])
            .await;
        let reached: String = row.map_or_else(|e| panic!("cannot ask the primary: {e}"), |row| row.get(0));
        let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{reached}'::pg_lsn");
        wait_until(
            &self.at(&cluster.superuser_url("postgres")),
            "the replica to catch up",
            &sql,
        )
        .await;
    }

    /// Makes the replica deaf: what the primary does from now on is lost when the replica takes over.
    ///
    /// # Panics
    /// When the replica refuses.
    pub async fn cut_off(&self, cluster: &TestCluster) {
        let url = self.at(&cluster.superuser_url("postgres"));
        let client = connect(&url).await;
        for sql in [
            "ALTER SYSTEM SET primary_conninfo = ''",
            "SELECT pg_reload_conf()",
        ] {
            if let Err(e) = client.batch_execute(sql).await {
                panic!("cannot cut off the replica: {e}");
            }
        }
        wait_until(
            &url,
            "the replica to be cut off",
            "SELECT count(*) = 0 FROM pg_stat_wal_receiver",
        )
        .await;
    }

    /// Kills the primary and lets the replica take over.
    ///
    /// # Panics
    /// When it does not.
    pub async fn take_over(&self, cluster: &TestCluster) {
        cluster.kill().await;
        let url = self.at(&cluster.superuser_url("postgres"));
        if let Err(e) = connect(&url).await.batch_execute("SELECT pg_promote()").await {
            panic!("cannot promote the replica: {e}");
        }
        wait_until(
            &url,
            "the replica to accept writes",
            "SELECT NOT pg_is_in_recovery()",
        )
        .await;
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        // Without its first process, the others end by themselves.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A copy of a cluster's files at one moment.
#[derive(Debug)]
pub struct Backup {
    directory: PathBuf,
}

impl Backup {
    /// Stops the cluster for a moment and copies it.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub async fn of(cluster: &TestCluster) -> Self {
        let data = cluster.cluster().data_dir();
        let directory = data.with_file_name("backup");
        cluster.stop().await;
        run(Command::new("cp").arg("-a").arg(&data).arg(&directory));
        cluster.restart().await;
        Self { directory }
    }

    /// Puts the copy in the place of what has become of the cluster.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restore(&self, cluster: &TestCluster) {
        let data = cluster.cluster().data_dir();
        cluster.stop().await;
        run(Command::new("rm").arg("-rf").arg(&data));
        run(Command::new("cp").arg("-a").arg(&self.directory).arg(&data));
        cluster.restart().await;
    }
}

fn serve(postgres: &Path, directory: &Path, port: u16) -> Child {
    let owner = std::fs::metadata(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut command = Command::new(postgres);
    command
        .arg("-D")
        .arg(directory)
        .args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
        ])
        .arg(format!("port={port}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if owner.uid() != std::fs::metadata("/proc/self").map_or(owner.uid(), |me| me.uid()) {
        command.uid(owner.uid()).gid(owner.gid());
    }
    command
        .spawn()
        .unwrap_or_else(|e| panic!("cannot run the replica: {e}"))
}

/// PostgreSQL starts only on files of its own account.
fn give_to_owner_of(model: &Path, directory: &Path) {
    run(Command::new("chown")
        .arg("-R")
        .arg(format!("--reference={}", model.display()))
        .arg(directory));
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn append(file: &Path, text: &str) {
    let opened = OpenOptions::new().append(true).create(true).open(file);
    if let Err(e) = opened.and_then(|mut f| f.write_all(text.as_bytes())) {
        panic!("{}: {e}", file.display());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    listener.map_or_else(|e| panic!("no free port: {e}"), |address| address.port())
}

async fn wait_until(url: &str, what: &str, sql: &str) {
    eventually(DEADLINE, what, async || {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.ok()?;
        let running = tokio::spawn(connection);
        let holds = client.query_one(sql, &[]).await.ok()?.get::<_, bool>(0);
        running.abort();
        holds.then_some(())
    })
    .await;
}
