//! A real PgBouncer in transaction mode.

use std::io::ErrorKind::NotFound;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ponte_pg::check::check_server;
use ponte_pg::pooler::{self, Behaviour};
use ponte_pg::{ConnectOptions, Conninfo, ErrorKind, Session};
use ponte_testkit::{TestCluster, eventually};
use tempfile::TempDir;

use crate::support::{ROLE, options, server, settings};

/// Where Debian puts it, which is not in everybody's PATH.
const PROGRAMS: [&str; 2] = ["pgbouncer", "/usr/sbin/pgbouncer"];

/// A pooler in front of a server; it ends with the value.
struct Bouncer {
    child: Child,
    port: u16,
    _files: TempDir,
}

impl Bouncer {
    async fn start(cluster: &TestCluster) -> Self {
        let files = TempDir::new().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let ini = files.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={ROLE} password={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n",
            cluster.port(),
            cluster.cluster().password(),
        );
        std::fs::write(&ini, text).unwrap();
        // It refuses root, as the server does: so it runs as whoever the server runs as.
        let server = std::fs::metadata(cluster.cluster().data_dir()).unwrap();
        for path in [files.path(), &ini] {
            chown(path, Some(server.uid()), Some(server.gid())).unwrap();
        }
        let child = spawn(&ini, &server);
        let bouncer = Self {
            child,
            port,
            _files: files,
        };
        eventually(Duration::from_secs(10), "pgbouncer", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        bouncer
    }

    fn conninfo(&self) -> Conninfo {
        Conninfo::parse(&format!(
            "host=127.0.0.1 port={} user={ROLE} dbname={ROLE}",
            self.port
        ))
        .unwrap()
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(ini: &std::path::Path, server: &std::fs::Metadata) -> Child {
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

fn allowing() -> ConnectOptions {
    ConnectOptions {
        allow_pooled: true,
        pinned: false,
        ..options()
    }
}

#[tokio::test]
async fn a_pooler_is_known_by_its_behaviour() {
    let cluster = server().await;
    let bouncer = Bouncer::start(&cluster).await;
    let seen = pooler::by_behaviour(&bouncer.conninfo(), &options())
        .await
        .unwrap();
    assert_eq!(seen, Some(Behaviour::SharedBackend));
    let error = pooler::require_direct(&bouncer.conninfo(), &options())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnPooled);
    let check = check_server(&bouncer.conninfo(), &options()).await.unwrap();
    assert!(check.pooling.pooled && check.pooling.suspicion.is_none());
}

#[tokio::test]
async fn a_direct_server_shows_nothing_of_a_pooler() {
    let cluster = server().await;
    let conninfo = Conninfo::parse(&settings(&cluster, "127.0.0.1")).unwrap();
    assert_eq!(pooler::by_behaviour(&conninfo, &options()).await.unwrap(), None);
    pooler::require_direct(&conninfo, &options()).await.unwrap();
}

#[tokio::test]
async fn work_that_can_do_with_a_pooler_leaves_no_setting_in_it() {
    let cluster = server().await;
    let bouncer = Bouncer::start(&cluster).await;
    let session = Session::connect(&bouncer.conninfo(), &allowing()).await.unwrap();
    assert!(session.server_version_num() >= 130_000);
    drop(session);
    let stranger = ponte_testkit::connect(&bouncer.conninfo().expose_url()).await;
    let rows = stranger.simple_query("SHOW search_path").await.unwrap();
    let path = rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    assert_eq!(path.as_deref(), Some("\"$user\", public"));
}

#[tokio::test]
async fn a_url_that_says_pgbouncer_is_refused_without_a_connection() {
    let conninfo = Conninfo::parse("postgresql://me@nowhere.invalid/db?pgbouncer=true").unwrap();
    let error = Session::connect(&conninfo, &options()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnPooled);
}
