//! Servers with TLS and rules of their own, and what a failed connection must say.

use ponte_pg::{ConnectOptions, Conninfo, Error, ErrorKind, Result, Session};
use ponte_testkit::TestCluster;

use ponte_testkit::{Authority, Certificate};

/// The role that tests log in as; its password is the cluster's.
pub(crate) const ROLE: &str = "app";

pub(crate) fn options() -> ConnectOptions {
    ConnectOptions::new("ponte test")
}

pub(crate) async fn connect(conninfo: &str) -> Result<Session> {
    Session::connect(&Conninfo::parse(conninfo)?, &options()).await
}

/// A server without TLS, and the role with a database of its own.
pub(crate) async fn server() -> TestCluster {
    let cluster = TestCluster::start().await;
    cluster.create_database(ROLE, ROLE).await;
    cluster
}

/// The same with TLS; `client_ca` signs clients' certificates.
pub(crate) async fn tls_server(certificate: &Certificate, client_ca: Option<&Authority>) -> TestCluster {
    let cluster = server().await;
    cluster.encrypt(certificate, client_ca).await;
    cluster
}

/// Puts lines in front of `pg_hba.conf` and waits until they count.
pub(crate) async fn allow(cluster: &TestCluster, lines: &str) {
    let file = cluster.cluster().data_dir().join("pg_hba.conf");
    let before = std::fs::read_to_string(&file).unwrap();
    let after = format!("{lines}\n{before}");
    cluster
        .cluster()
        .write_file("pg_hba.conf", after.as_bytes())
        .unwrap();
    cluster.reload().await;
}

/// Settings that lead to the role's database on that server.
pub(crate) fn settings(cluster: &TestCluster, host: &str) -> String {
    let password = cluster.cluster().password();
    format!(
        "host={host} port={} user={ROLE} dbname={ROLE} password={password}",
        cluster.port()
    )
}

/// Whether the session's own server sees it encrypted, and with which version.
pub(crate) async fn tls_version(session: &Session) -> Option<String> {
    let sql = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    session.client().query_one(sql, &[]).await.unwrap().get(0)
}

/// Fails as it should: the kind, the facts that a person needs, a next step, and no password.
pub(crate) async fn refused(conninfo: &str, kind: ErrorKind) -> Error {
    let parsed = Conninfo::parse(conninfo).unwrap();
    let Err(error) = Session::connect(&parsed, &options()).await else {
        panic!("connected, instead of {}", kind.code());
    };
    assert_eq!(error.kind(), kind, "{error} {:?} {error:?}", error.context());
    for fact in ["host", "port", "database", "user", "sslmode"] {
        assert!(
            error.context().iter().any(|(key, _)| *key == fact),
            "{fact} is missing: {:?}",
            error.context()
        );
    }
    assert!(!error.next_step().unwrap_or_default().is_empty());
    let shown = format!("{error} {error:?} {:?}", error.context());
    for password in conninfo
        .split(' ')
        .filter_map(|pair| pair.strip_prefix("password="))
    {
        assert!(!shown.contains(password), "the password is in the error");
    }
    error
}
