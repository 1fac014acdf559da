//! A real PgBouncer in transaction mode in front of a server.

use std::io::ErrorKind::NotFound;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::cluster::TestCluster;
use crate::eventually;

/// Where Debian puts it, which is not in everybody's PATH.
const PROGRAMS: [&str; 2] = ["pgbouncer", "/usr/sbin/pgbouncer"];

/// A pooler that lends a server's session for one transaction at a time. It ends with the value.
#[derive(Debug)]
pub struct Bouncer {
    child: Child,
    port: u16,
    role: String,
    _files: TempDir,
}

impl Bouncer {
    /// Starts one that logs in as `role` and keeps at most so many sessions per database. Whoever connects to it needs no password.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    pub async fn start(cluster: &TestCluster, role: &str, sessions_max: u32) -> Self {
        let files = must(TempDir::new(), "make a directory for pgbouncer");
        let port = free_port();
        let ini = files.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={role} password={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {sessions_max}\n",
            cluster.port(),
            cluster.cluster().password(),
        );
        must(std::fs::write(&ini, text), "configure pgbouncer");
        // It refuses root, as the server does: so it runs as whoever the server runs as.
        let server = must(
            std::fs::metadata(cluster.cluster().data_dir()),
            "look at the server",
        );
        for path in [files.path(), &ini] {
            must(
                chown(path, Some(server.uid()), Some(server.gid())),
                "hand pgbouncer its files",
            );
        }
        let bouncer = Self {
            child: spawn(&ini, &server),
            port,
            role: role.to_owned(),
            _files: files,
        };
        eventually(Duration::from_secs(10), "pgbouncer", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        bouncer
    }

    /// A URL of one database through the pooler.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{}@127.0.0.1:{}/{database}", self.role, self.port)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = must(std::net::TcpListener::bind("127.0.0.1:0"), "find a free port");
    must(listener.local_addr(), "find a free port").port()
}

fn spawn(ini: &Path, server: &std::fs::Metadata) -> Child {
    for program in PROGRAMS {
        let mut command = Command::new(program);
        command.arg("--quiet").arg(ini).stdin(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(server.uid()).gid(server.gid());
        }
        match command.spawn() {
            Ok(child) => return child,
            Err(e) if e.kind() == NotFound => {}
            Err(e) => panic!("cannot start {program}: {e}"),
        }
    }
    panic!("pgbouncer is not installed: run `make setup`, or install the package pgbouncer");
}

fn must<T>(result: std::io::Result<T>, what: &str) -> T {
    result.unwrap_or_else(|e| panic!("cannot {what}: {e}"))
}
