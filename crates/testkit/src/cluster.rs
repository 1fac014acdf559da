//! A server of a test's own.

use std::path::PathBuf;
use std::time::Duration;

use ponte_pg::embedded::{Binaries, Cluster, ClusterOptions, SUPERUSER, SearchPlaces};
use tokio_postgres::Client;

use crate::certificates::{Authority, Certificate};
use crate::{connect, eventually};

/// How long a server may take to follow a reload.
const RELOAD: Duration = Duration::from_secs(10);

/// The server programs to test with: `PONTE_PG_BIN` if it is set, otherwise the newest that are found.
///
/// # Panics
/// When there are none.
pub fn binaries() -> Binaries {
    let places = SearchPlaces {
        only: environment("PONTE_PG_BIN").map(PathBuf::from),
        path: environment("PATH").map(Into::into),
    };
    or_panic(Binaries::find(None, &places), "find PostgreSQL's server programs")
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration to read these from"
)]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What a test cluster is to be like.
#[derive(Debug, Clone)]
#[must_use]
pub struct TestClusterBuilder {
    binaries: Option<Binaries>,
    settings: Vec<(String, String)>,
}

impl TestClusterBuilder {
    /// Safe against a crash of the machine, as a production server is. For measurements.
    pub fn fsync(self) -> Self {
        self.setting("fsync", "on").setting("full_page_writes", "on")
    }

    /// One line of `postgresql.conf`.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The server programs to use.
    pub fn binaries(mut self, binaries: Binaries) -> Self {
        self.binaries = Some(binaries);
        self
    }

    /// The same, with these server programs where nobody chose any.
    pub(crate) fn binaries_by_default(self, binaries: Option<Binaries>) -> Self {
        Self {
            binaries: self.binaries.or(binaries),
            ..self
        }
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(self) -> TestCluster {
        let binaries = self.binaries.unwrap_or_else(binaries);
        let mut options = ClusterOptions::throw_away(binaries.clone());
        options.settings.extend(self.settings);
        TestCluster {
            binaries,
            cluster: or_panic(Cluster::start(options).await, "start a test cluster"),
        }
    }
}

/// A server that ends with the value, or at the latest with the process.
#[derive(Debug)]
pub struct TestCluster {
    binaries: Binaries,
    cluster: Cluster,
}

impl TestCluster {
    /// Starts one with small settings and without fsync.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts from other settings.
    pub fn builder() -> TestClusterBuilder {
        TestClusterBuilder {
            binaries: None,
            settings: Vec::new(),
        }
    }

    /// The cluster underneath, with the rest of its verbs.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The server programs that it runs on.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The port on the loopback address, the same after every restart.
    pub fn port(&self) -> u16 {
        self.cluster.port()
    }

    /// A URL of the superuser.
    pub fn superuser_url(&self, database: &str) -> String {
        self.cluster.url(database, SUPERUSER)
    }

    /// A URL of a role that [`TestCluster::create_role`] or [`TestCluster::create_database`] made.
    pub fn url(&self, database: &str, role: &str) -> String {
        self.cluster.url(database, role)
    }

    /// A superuser's session.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn superuser(&self, database: &str) -> Client {
        connect(&self.superuser_url(database)).await
    }

    /// Makes a role that can log in with the cluster's password, then gives it `attributes` such as `REPLICATION`.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn create_role(&self, name: &str, attributes: &str) {
        or_panic(self.cluster.ensure_role(name).await, "create a role");
        if !attributes.is_empty() {
            let name = name.replace('"', "\"\"");
            self.sql("postgres", &format!("ALTER ROLE \"{name}\" {attributes}"))
                .await;
        }
    }

    /// Makes a database owned by `owner`, an ordinary role that is made if need be. Returns the owner's URL.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn create_database(&self, name: &str, owner: &str) -> String {
        or_panic(self.cluster.ensure_role(owner).await, "create a role");
        or_panic(
            self.cluster.ensure_database(name, owner).await,
            "create a database",
        );
        self.url(name, owner)
    }

    /// Runs SQL text as the superuser.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn sql(&self, database: &str, text: &str) {
        if let Err(e) = self.superuser(database).await.batch_execute(text).await {
            panic!("cannot run {text}: {e:?}");
        }
    }

    /// Turns TLS on with this certificate; `client_ca` signs the clients'.
    ///
    /// # Panics
    /// When the server does not follow.
    pub async fn encrypt(&self, certificate: &Certificate, client_ca: Option<&Authority>) {
        let write = |name: &str, text: &str| {
            or_panic(
                self.cluster.write_file(name, text.as_bytes()),
                "write a certificate",
            );
        };
        write("server.crt", &certificate.crt);
        write("server.key", &certificate.key);
        if let Some(authority) = client_ca {
            write("clients.crt", &authority.pem());
            self.sql("postgres", "ALTER SYSTEM SET ssl_ca_file = 'clients.crt'")
                .await;
        }
        self.sql("postgres", "ALTER SYSTEM SET ssl = on").await;
        self.reload().await;
    }

    /// Has the server read its files again, and waits until new sessions see what they say.
    ///
    /// # Panics
    /// When the server does not follow.
    pub async fn reload(&self) {
        let loaded_at = async || {
            let client = self.superuser("postgres").await;
            let sql = "SELECT pg_conf_load_time()::text";
            let row = client.query_one(sql, &[]).await.ok()?;
            row.get::<_, Option<String>>(0)
        };
        let before = loaded_at().await;
        self.cluster.reload();
        eventually(RELOAD, "the server to read its files again", async || {
            (loaded_at().await != before).then_some(())
        })
        .await;
    }

    /// Kills every process of the server, as a crash of its machine would.
    ///
    /// # Panics
    /// When it does not die.
    pub async fn kill(&self) {
        or_panic(self.cluster.kill().await, "kill the server");
    }

    /// Stops the server at once, without a checkpoint.
    ///
    /// # Panics
    /// When it does not stop.
    pub async fn stop_immediate(&self) {
        or_panic(self.cluster.stop_immediate().await, "stop the server at once");
    }

    /// Stops the server in good order.
    ///
    /// # Panics
    /// When it does not stop.
    pub async fn stop(&self) {
        or_panic(self.cluster.stop().await, "stop the server");
    }

    /// Stops the server if it runs, and starts it again on the same port.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&self) {
        or_panic(self.cluster.restart().await, "restart the server");
    }
}

/// The value, or a panic with everything that the error knows.
pub(crate) fn or_panic<T>(result: ponte_pg::Result<T>, what: &str) -> T {
    result.unwrap_or_else(|e| {
        let context = e
            .context()
            .iter()
            .map(|(key, value)| format!("\n  {key}: {value}"));
        panic!("cannot {what}: {e}{}", context.collect::<String>())
    })
}
