//! Throw-away clusters: quick to come, sure to go, and open to nobody else.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Program, SOON, Uses, gone, is_alive, open_directory};
use ponte_pg::embedded::{Cluster, ClusterOptions, SUPERUSER};
use ponte_testkit::{binaries, connect, eventually};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

/// Generous, for machines that do much else; the test prints what it really was.
const START_MAX: Duration = Duration::from_secs(3);

async fn start() -> Cluster {
    Cluster::start(ClusterOptions::throw_away(binaries()))
        .await
        .unwrap()
}

async fn gone_is(directory: &Path) {
    let end = || async { (!directory.exists()).then_some(()) };
    eventually(SOON, "the end of the directory", end).await;
}

#[tokio::test]
async fn the_second_start_is_quick() {
    start().await.leave().await.unwrap();
    let started = Instant::now();
    let cluster = start().await;
    let took = started.elapsed();
    println!("a start from the template took {took:?}");
    assert!(took < START_MAX, "{took:?}");
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn leaving_removes_the_server_and_its_files() {
    let cluster = start().await;
    let (pid, data) = (cluster.pid().unwrap(), cluster.data_dir());
    cluster.leave().await.unwrap();
    assert!(!is_alive(pid));
    assert!(!data.parent().unwrap().exists());
}

#[tokio::test]
async fn dropping_it_removes_the_server_and_its_files_a_moment_later() {
    let cluster = start().await;
    let (pid, data) = (cluster.pid().unwrap(), cluster.data_dir());
    drop(cluster);
    gone(pid).await;
    gone_is(data.parent().unwrap()).await;
}

#[tokio::test]
async fn a_killed_program_leaves_neither_server_nor_files() {
    let temp = open_directory();
    let mut program = Program::start(Uses::ThrowAway, temp.path());
    let (pid, data) = program.up();
    assert!(is_alive(pid));
    program.kill();
    gone(pid).await;
    gone_is(data.parent().unwrap()).await;
}

#[tokio::test]
async fn many_at_once_share_one_template() {
    let temp = open_directory();
    let one = async || {
        let mut options = ClusterOptions::throw_away(binaries());
        options.temp_dir = temp.path().to_owned();
        Cluster::start(options).await.unwrap()
    };
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let mut ports = [a.port(), b.port(), c.port(), d.port()];
    ports.sort_unstable();
    assert!(ports.windows(2).all(|pair| pair[0] != pair[1]));
    for cluster in [a, b, c, d] {
        connect(&cluster.conninfo("postgres", SUPERUSER)).await;
        cluster.leave().await.unwrap();
    }
}

#[tokio::test]
async fn it_listens_on_the_loopback_address_only_even_when_told_otherwise() {
    let cluster = start().await;
    let client = connect(&cluster.url("postgres", SUPERUSER)).await;
    client
        .batch_execute("ALTER SYSTEM SET listen_addresses = '*'")
        .await
        .unwrap();
    cluster.restart().await.unwrap();

    let client = connect(&cluster.url("postgres", SUPERUSER)).await;
    let row = client.query_one("SHOW listen_addresses", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "127.0.0.1");
    // Every other address of this host, those of the loopback network included, would answer a server on `*`.
    for address in ["127.0.0.2", "::1"]
        .map(str::to_owned)
        .into_iter()
        .chain(outside())
    {
        let answer = TcpStream::connect((address.as_str(), cluster.port())).await;
        assert!(answer.is_err(), "{address} answers");
    }
    cluster.leave().await.unwrap();
}

/// This host's address towards the world, if it has one. Nothing is sent.
fn outside() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}

#[tokio::test]
async fn without_the_password_nobody_gets_in_over_the_network() {
    let cluster = start().await;
    let url = cluster.url("postgres", SUPERUSER);
    connect(&url).await;
    let wrong = url.replace(cluster.password(), "guess");
    let error = tokio_postgres::connect(&wrong, NoTls).await.err().unwrap();
    assert_eq!(error.code().unwrap().code(), "28P01");
    cluster.leave().await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_server_has_neither_our_privileges_nor_our_environment() {
    use std::os::unix::fs::MetadataExt;
    let cluster = start().await;
    let process = format!("/proc/{}", cluster.pid().unwrap());
    let owner = std::fs::metadata(&process).unwrap().uid();
    if rustix::process::geteuid().is_root() {
        assert_ne!(owner, 0);
        let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
        let groups = status.lines().find(|line| line.starts_with("Groups:")).unwrap();
        assert_eq!(groups.trim_start_matches("Groups:").trim(), "");
    } else {
        assert_eq!(owner, rustix::process::geteuid().as_raw());
    }
    let environment = std::fs::read(format!("{process}/environ")).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("CARGO"));
    let socket_dir = std::fs::metadata(cluster.data_dir().parent().unwrap().join("s")).unwrap();
    assert_eq!(socket_dir.mode() & 0o777, 0o700);
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn roles_and_databases_are_made_once_and_may_have_odd_names() {
    let cluster = start().await;
    let (role, database) = ("o'dd \"owner\"", "data base/é");
    for _ in 0..2 {
        cluster.ensure_role(role).await.unwrap();
        cluster.ensure_database(database, role).await.unwrap();
    }
    for conninfo in [cluster.url(database, role), cluster.conninfo(database, role)] {
        let client = connect(&conninfo).await;
        let sql = "SELECT current_user::text, current_database()::text";
        let row = client.query_one(sql, &[]).await.unwrap();
        assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), (role, database));
    }
    cluster.leave().await.unwrap();
}
