//! From a node of the configuration to a session on its server.
//!
//! An `embedded:NAME` node is started on the way, and stays up as long as some program uses it; all others are only connected to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ponte_pg::embedded::{Binaries, Cluster, ClusterOptions, SearchPlaces};
use ponte_pg::sync::Peer;
use ponte_pg::{ConnectOptions, Conninfo, Session, pooler};
use tokio::sync::Mutex;

use crate::config::{Address, Config, Database, Environment, Node};
use crate::error::Result;

/// The database in an embedded cluster.
pub const EMBEDDED_DATABASE: &str = "ponte";

/// Its owner. Not called `ponte`: the search path begins with the schema that has the role's own name, and schema `ponte`,
/// where the sync and the migrations keep their books, would swallow the project's tables.
pub const EMBEDDED_OWNER: &str = "owner";

/// Where embedded clusters and notes about running links live, below the project.
pub const PROJECT_STATE_DIR: &str = ".ponte";

/// Finds and reaches the servers of a project. Cloning shares the embedded clusters.
#[derive(Clone)]
pub struct Servers {
    root: PathBuf,
    environment: Environment,
    clusters: Arc<Mutex<BTreeMap<String, Cluster>>>,
}

impl Servers {
    /// The servers of a project; none is reached yet.
    pub fn new(config: &Config) -> Self {
        Self::at(config.root(), config.environment().clone())
    }

    /// The servers of a project that has no file.
    pub fn at(root: &Path, environment: Environment) -> Self {
        Self {
            root: root.to_owned(),
            environment,
            clusters: Arc::default(),
        }
    }

    /// The directory that embedded clusters live in.
    pub fn state_dir(&self) -> PathBuf {
        self.root.join(PROJECT_STATE_DIR)
    }

    /// How an address is reached, embedded clusters being started.
    ///
    /// # Errors
    /// `conn.invalid`, or one of the `embedded.…` kinds.
    pub async fn conninfo(&self, address: &Address) -> Result<Conninfo> {
        let lookup = |name: &str| self.environment.get(name).map(str::to_owned);
        Ok(match address {
            Address::Embedded(name) => Conninfo::parse(&self.embedded(name).await?)?,
            Address::Server(text) => Conninfo::resolve(text.expose(), &lookup)?,
            Address::Libpq => Conninfo::resolve("", &lookup)?,
        })
    }

    /// A connection to a node for the sync: around a pooler where the configuration says how, else through it where it says that
    /// this is wanted. What is pinned on a lent session would be pinned for strangers too, so it is left as it is.
    ///
    /// # Errors
    /// What keeps the address from being known, the cluster from starting or the connection from being made.
    pub async fn peer(&self, node: &Node, application_name: &str) -> Result<Peer> {
        let conninfo = self.conninfo(node.direct_address()?).await?;
        self.lent(
            &conninfo,
            node.name.as_str(),
            node.may_be_pooled(),
            application_name,
        )
        .await
    }

    /// A session of its own with the database that a command is about.
    ///
    /// # Errors
    /// As [`Self::peer`].
    pub async fn database_session(&self, database: &Database, application_name: &str) -> Result<Session> {
        self.connect(
            database.session_address(),
            database.allow_pooler,
            application_name,
        )
        .await
    }

    /// A connection to the database that a command is about, for work that may do with one that a pooler lends: as [`Self::peer`].
    ///
    /// # Errors
    /// As [`Self::peer`].
    pub async fn database_peer(&self, database: &Database, application_name: &str) -> Result<Peer> {
        let conninfo = self.conninfo(database.session_address()).await?;
        let pooled = database.allow_pooler && database.direct.is_none();
        self.lent(&conninfo, &database.label, pooled, application_name)
            .await
    }

    /// A connection that is told whether it is one for each transaction.
    async fn lent(
        &self,
        conninfo: &Conninfo,
        name: &str,
        pooled: bool,
        application_name: &str,
    ) -> Result<Peer> {
        let options = ConnectOptions {
            allow_pooled: pooled,
            pinned: !pooled,
            ..ConnectOptions::new(application_name)
        };
        let session = Session::connect(conninfo, &options).await?;
        Ok(if pooled {
            Peer::pooled(name, session)
        } else {
            Peer::new(name, session)
        })
    }

    /// Refuses an address that leads through a pooler which hands every transaction to another session, by what it does and
    /// not only by its name, unless the configuration allows it. Costs two connections, so it is asked once, before something is
    /// installed.
    ///
    /// # Errors
    /// `conn.pooled_url`, or what keeps the connection from being made.
    pub async fn require_direct(&self, node: &Node) -> Result<()> {
        if node.may_be_pooled() {
            return Ok(());
        }
        let conninfo = self.conninfo(node.direct_address()?).await?;
        Ok(pooler::require_direct(&conninfo, &ConnectOptions::new("ponte")).await?)
    }

    async fn connect(
        &self,
        address: &Address,
        allow_pooled: bool,
        application_name: &str,
    ) -> Result<Session> {
        let conninfo = self.conninfo(address).await?;
        let options = ConnectOptions {
            allow_pooled,
            ..ConnectOptions::new(application_name)
        };
        Ok(Session::connect(&conninfo, &options).await?)
    }

    /// The connection string of an embedded cluster's database, over its private socket.
    async fn embedded(&self, name: &str) -> Result<String> {
        let mut clusters = self.clusters.lock().await;
        if let Some(cluster) = clusters.get(name) {
            return Ok(cluster.conninfo(EMBEDDED_DATABASE, EMBEDDED_OWNER));
        }
        let directory = self.state_dir().join(name);
        let binaries = self.binaries(&directory)?;
        let cluster = Cluster::start(ClusterOptions::named(binaries, &directory)).await?;
        cluster.ensure_role(EMBEDDED_OWNER).await?;
        cluster.ensure_database(EMBEDDED_DATABASE, EMBEDDED_OWNER).await?;
        let conninfo = cluster.conninfo(EMBEDDED_DATABASE, EMBEDDED_OWNER);
        clusters.insert(name.to_owned(), cluster);
        Ok(conninfo)
    }

    /// Programs that fit the cluster which is there already, else the newest.
    fn binaries(&self, directory: &Path) -> Result<Binaries> {
        self.find_binaries(Cluster::major_of(directory))
    }

    /// The server programs of this major version, for a server of our own beside one of somebody else's.
    ///
    /// # Errors
    /// `embedded.no_binaries`, naming every place that was looked at.
    pub fn binaries_of(&self, major: u32) -> Result<Binaries> {
        self.find_binaries(Some(major))
    }

    /// The newest server programs of this machine, for work that no database has a say in.
    ///
    /// # Errors
    /// `embedded.no_binaries`, naming every place that was looked at.
    pub fn newest_binaries(&self) -> Result<Binaries> {
        self.find_binaries(None)
    }

    fn find_binaries(&self, major: Option<u32>) -> Result<Binaries> {
        Ok(Binaries::find(major, &self.search_places())?)
    }

    /// Where programs of PostgreSQL are looked for.
    pub fn search_places(&self) -> SearchPlaces {
        SearchPlaces {
            only: self.environment.get("PONTE_PG_BIN").map(PathBuf::from),
            path: self.environment.get("PATH").map(Into::into),
        }
    }

    /// Leaves all embedded clusters; those that nobody else uses stop.
    ///
    /// # Errors
    /// A server that does not stop.
    pub async fn leave(&self) -> Result<()> {
        let clusters = std::mem::take(&mut *self.clusters.lock().await);
        for cluster in clusters.into_values() {
            cluster.leave().await?;
        }
        Ok(())
    }
}
