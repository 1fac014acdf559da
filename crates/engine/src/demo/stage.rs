//! The directory, the servers and the link: everything that is there before the traffic begins and has to go afterwards.
//!
//! Ordinarily the servers are throw-away clusters, which end with this process even if it is killed, in a directory below the
//! temporary one. A demo that is kept lives in a directory of its own with named clusters, which every command of the project
//! there finds and starts.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use ponte_pg::embedded::{Binaries, Cluster, ClusterOptions, SearchPlaces};
use ponte_pg::migrate::{self, Migrator, UpRequest};
use ponte_pg::sync::{init, plan_init};
use ponte_pg::{ConnectOptions, Conninfo, Session};
use ponte_schema::migration::MigrationSet;
use ponte_sync::link::Side;
use tokio_util::sync::CancellationToken;

use super::show::Show;
use super::{APPLICATION, NODES, during};
use crate::config::{Config, Environment, FILE_NAME};
use crate::error::{Error, ErrorKind, Result};
use crate::link::LinkPlan;
use crate::servers::{EMBEDDED_DATABASE, EMBEDDED_OWNER, PROJECT_STATE_DIR, Servers};

const PROJECT: &str = include_str!("project.toml");
const MIGRATION: &str = include_str!("../../../../packs/perfis/migrations/001_initial_schema.sql");
const MIGRATION_NAME: &str = "001_initial_schema.sql";
const SEED: &str = include_str!("../../../../packs/perfis/seeds/001_perfis.sql");
const SEED_NAME: &str = "001_perfis.sql";
const GRANTS: &str = include_str!("grants.sql");

/// What a demo is asked to be.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Where the project is made and stays. Without it, it is a temporary directory and goes.
    pub keep_in: Option<PathBuf>,
    /// The port of the first server, whose successor is the second one's; free ones if nobody asks.
    pub port: Option<u16>,
    /// The variables of the process, to find the server programs with.
    pub environment: Environment,
}

/// What is being done before the traffic begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Two servers of this release are started.
    Servers {
        /// The release of PostgreSQL, such as `15.18`.
        release: String,
    },
    /// The pack's schema is created on both.
    Schema,
    /// The link is installed.
    Link,
}

/// How to get at one of the databases by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The node.
    pub node: String,
    /// Its port on the loopback address.
    pub port: u16,
    /// A connection string without a password.
    pub conninfo: String,
}

/// The directory, and what has been built on it so far. [`Stage::close`] takes all of it away.
pub struct Stage {
    options: DemoOptions,
    directory: PathBuf,
    clusters: Vec<Cluster>,
    set: Option<Set>,
}

/// What a show is played with.
pub(super) struct Set {
    pub(super) plan: LinkPlan,
    pub(super) servers: Servers,
    pub(super) applications: [Conninfo; 2],
    pub(super) ports: [u16; 2],
}

impl Stage {
    /// Makes the directory.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn prepare(options: DemoOptions) -> Result<Self> {
        let directory = match &options.keep_in {
            Some(directory) => {
                std::fs::create_dir_all(directory).map_err(|e| unwritable(directory, e))?;
                directory.clone()
            }
            None => temporary_directory()?,
        };
        Ok(Self {
            options,
            directory,
            clusters: Vec::new(),
            set: None,
        })
    }

    /// The project's directory, for `ponte -C`.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether the directory stays when the stage is closed.
    pub fn is_kept(&self) -> bool {
        self.options.keep_in.is_some()
    }

    /// Starts the servers, creates the schema, installs the link. Answers false where `stop` was cancelled before that was done;
    /// then, as after a failure, what was built so far is there to be closed.
    ///
    /// # Errors
    /// What keeps a server from starting, a statement from running or the link from being installed.
    pub async fn raise(&mut self, told: &dyn Fn(&Step), stop: &CancellationToken) -> Result<bool> {
        let binaries = self.binaries()?;
        told(&Step::Servers {
            release: binaries.release().to_owned(),
        });
        self.start(&binaries).await?;
        if stop.is_cancelled() {
            return Ok(false);
        }
        told(&Step::Schema);
        self.create_schema().await?;
        if stop.is_cancelled() {
            return Ok(false);
        }
        told(&Step::Link);
        self.write_project()?;
        let servers = Servers::at(&self.directory, Environment::default());
        let plan = self.plan()?;
        let mut peers = plan.peers(&servers).await?;
        let install = plan_init(&plan.spec, &mut peers).await?;
        if !install.complete() {
            init(plan.spec.clone(), peers, install).await?;
        }
        self.set = Some(Set {
            plan,
            servers,
            applications: [self.application(Side::First)?, self.application(Side::Second)?],
            ports: [self.clusters[0].port(), self.clusters[1].port()],
        });
        Ok(!stop.is_cancelled())
    }

    /// How to get at both databases by hand; empty before the servers run.
    pub fn access(&self) -> Vec<Access> {
        let nodes = NODES.iter().zip(&self.clusters);
        nodes
            .map(|(node, cluster)| Access {
                node: (*node).to_owned(),
                port: cluster.port(),
                conninfo: unquoted(cluster.conninfo(EMBEDDED_DATABASE, EMBEDDED_OWNER)),
            })
            .collect()
    }

    /// Lets the traffic begin.
    ///
    /// # Errors
    /// The stage was not raised, or another process runs the link.
    pub fn play(&mut self) -> Result<Show> {
        match self.set.take() {
            Some(set) => Show::begin(set),
            None => Err(Error::new(
                ErrorKind::State,
                "cannot begin before both servers run",
            )),
        }
    }

    /// Stops the servers and, unless it is kept, removes the directory.
    ///
    /// # Errors
    /// A server that does not stop, a directory that cannot be removed.
    pub async fn close(mut self) -> Result<()> {
        if let Some(set) = self.set.take() {
            set.servers.leave().await?;
        }
        let mut outcome = Ok(());
        for cluster in std::mem::take(&mut self.clusters) {
            outcome = outcome.and(cluster.leave().await);
        }
        outcome?;
        if self.is_kept() {
            return Ok(());
        }
        std::fs::remove_dir_all(&self.directory).map_err(|e| unwritable(&self.directory, e))
    }

    fn binaries(&self) -> Result<Binaries> {
        let environment = &self.options.environment;
        let places = SearchPlaces {
            only: environment.get("PONTE_PG_BIN").map(PathBuf::from),
            path: environment.get("PATH").map(Into::into),
        };
        let major = Cluster::major_of(&self.cluster_directory(Side::First));
        Ok(Binaries::find(major, &places)?)
    }

    fn cluster_directory(&self, side: Side) -> PathBuf {
        self.directory.join(PROJECT_STATE_DIR).join(NODES[side.index()])
    }

    async fn start(&mut self, binaries: &Binaries) -> Result<()> {
        let start = |side| Cluster::start(self.cluster_options(binaries.clone(), side));
        // Joined and not tried: one that is up has to be left in good order when the other one fails.
        let (first, second) = tokio::join!(start(Side::First), start(Side::Second));
        let mut failure = None;
        for cluster in [first, second] {
            match cluster {
                Ok(cluster) => self.clusters.push(cluster),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if let Some(error) = failure {
            return Err(error.into());
        }
        for cluster in &self.clusters {
            cluster.ensure_role(EMBEDDED_OWNER).await?;
            cluster.ensure_role(APPLICATION).await?;
            cluster.ensure_database(EMBEDDED_DATABASE, EMBEDDED_OWNER).await?;
        }
        Ok(())
    }

    /// As safe as a production server in both cases, so that the milliseconds on the screen are honest.
    fn cluster_options(&self, binaries: Binaries, side: Side) -> ClusterOptions {
        let mut options = if self.is_kept() {
            ClusterOptions::named(binaries, &self.cluster_directory(side))
        } else {
            ClusterOptions::throw_away(binaries)
                .setting("fsync", "on")
                .setting("full_page_writes", "on")
        };
        let offset = if side == Side::First { 0 } else { 1 };
        options.port = self.options.port.map(|port| port.saturating_add(offset));
        options
    }

    /// Applies the pack's migrations; on a kept stage they may be applied already. Seeds go to the first node only, so that the
    /// link's first contact has something to carry.
    async fn create_schema(&self) -> Result<()> {
        let migrations = MigrationSet::from_files([(MIGRATION_NAME.to_owned(), MIGRATION.into())])
            .map_err(ponte_pg::Error::from)?;
        for (side, cluster) in Side::BOTH.into_iter().zip(&self.clusters) {
            let conninfo = Conninfo::parse(&cluster.conninfo(EMBEDDED_DATABASE, EMBEDDED_OWNER))?;
            let options = migrate::Options::new(env!("CARGO_PKG_VERSION"));
            let mut migrator = Migrator::connect(&conninfo, options).await?;
            let applied = migrator
                .up(&migrations, &UpRequest::default(), &mut |_| {})
                .await?;
            if applied.is_empty() {
                continue;
            }
            let session = Session::connect(&conninfo, &ConnectOptions::new("ponte demo")).await?;
            let client = session.client();
            during(client.batch_execute(GRANTS).await, "let the application write")?;
            if side == Side::First {
                let seeded = client
                    .batch_execute(&["SET search_path TO DEFAULT;", SEED].concat())
                    .await;
                during(seeded, "apply the seeds of the pack perfis")?;
            }
        }
        Ok(())
    }

    /// Writes the project that `ponte -C` works in. Addresses are written out: a `DATABASE_URL` in somebody's environment must
    /// not lead a command elsewhere.
    fn write_project(&self) -> Result<()> {
        let url = |side: Side| {
            let address = if self.is_kept() {
                format!("embedded:{}", NODES[side.index()])
            } else {
                self.clusters[side.index()].conninfo(EMBEDDED_DATABASE, EMBEDDED_OWNER)
            };
            toml::Value::String(address).to_string()
        };
        let file = PROJECT
            .replace("{replit}", &url(Side::First))
            .replace("{neon}", &url(Side::Second));
        let files = [
            (PathBuf::from(FILE_NAME), file.as_str()),
            (Path::new("migrations").join(MIGRATION_NAME), MIGRATION),
            (Path::new("seeds").join(SEED_NAME), SEED),
        ];
        for (name, text) in files {
            write(&self.directory.join(name), text)?;
        }
        Ok(())
    }

    fn plan(&self) -> Result<LinkPlan> {
        let file = self.directory.join(FILE_NAME);
        let config = Config::open(&self.directory, Some(&file), Environment::default())?;
        LinkPlan::new(&config, config.link("perfis")?)
    }

    fn application(&self, side: Side) -> Result<Conninfo> {
        let text = self.clusters[side.index()].conninfo(EMBEDDED_DATABASE, APPLICATION);
        Ok(Conninfo::parse(&text)?)
    }
}

impl Drop for Stage {
    /// For when nobody had the time to close it: the clusters end by themselves, the directory does not.
    fn drop(&mut self) {
        if !self.is_kept() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// A directory that nobody else can write to and that the server's account gets through.
fn temporary_directory() -> Result<PathBuf> {
    let name = uuid::Uuid::new_v4().simple().to_string();
    let directory = std::env::temp_dir().join(format!("ponte-demo-{}", &name[..12]));
    std::fs::DirBuilder::new()
        .mode(0o711)
        .create(&directory)
        .map_err(|e| unwritable(&directory, e))?;
    Ok(directory)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let directory = path.parent().unwrap_or(path);
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|e| unwritable(path, e))
}

fn unwritable(path: &Path, e: std::io::Error) -> Error {
    Error::new(ErrorKind::State, "cannot use the demo's directory")
        .with("path", path.display())
        .because(e)
}

/// Without the quotes that a connection string does not need, for people to copy.
fn unquoted(conninfo: String) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-= '".contains(c);
    let spaced = conninfo
        .split('\'')
        .skip(1)
        .step_by(2)
        .any(|value| value.contains(' '));
    if conninfo.chars().all(plain) && !spaced {
        conninfo.replace('\'', "")
    } else {
        conninfo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_left_out_only_where_nobody_needs_them() {
        let check = |text: &str, expected: &str| assert_eq!(unquoted(text.to_owned()), expected);
        check(
            "host='/tmp/p-1/s' port=5 user='ponte'",
            "host=/tmp/p-1/s port=5 user=ponte",
        );
        check("host='/tmp/a b' port=5", "host='/tmp/a b' port=5");
        check("host='/tmp/it\\'s' port=5", "host='/tmp/it\\'s' port=5");
    }
}
