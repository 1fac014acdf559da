//! Two servers with a project on them.

use std::path::PathBuf;

use ponte_engine::config::{Config, Environment};
use ponte_engine::link::LinkPlan;
use ponte_engine::servers::Servers;
use ponte_pg::sync::{InitReport, LiveLink, drop_link, init, plan_init};
use ponte_testkit::{Pair, TestCluster, connect};
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::Result;
use crate::workload::{TABLE, digest};

/// The ordinary role that owns everything; it has no privileges beyond that.
pub(crate) const OWNER: &str = "app";
/// The database with many rows, and the link on it.
pub(crate) const LARGE: &str = "perfis";
/// The database with ten rows, and the link on it.
pub(crate) const SMALL: &str = "poucos";

/// Servers as somebody sets them up who means to work with them, and safe: a commit is on disk when it returns. Planner
/// settings are as shipped.
pub(crate) const SETTINGS: [(&str, &str); 14] = [
    ("synchronous_commit", "on"),
    ("shared_buffers", "1GB"),
    ("effective_cache_size", "8GB"),
    ("work_mem", "32MB"),
    ("maintenance_work_mem", "256MB"),
    ("max_wal_size", "8GB"),
    ("min_wal_size", "1GB"),
    ("checkpoint_timeout", "15min"),
    ("random_page_cost", "1.1"),
    ("autovacuum", "on"),
    ("autovacuum_naptime", "1min"),
    ("jit", "on"),
    ("max_parallel_workers_per_gather", "2"),
    ("max_connections", "60"),
];

/// Two servers, an owner's connection to the large database on each, and a project directory.
pub(crate) struct Arena {
    pub(crate) pair: Pair,
    pub(crate) a: Client,
    pub(crate) b: Client,
    pub(crate) config: Config,
    pub(crate) servers: Servers,
    project: TempDir,
}

impl Arena {
    /// Starts both servers and makes the tables, empty. `extra` are lines for `postgresql.conf`.
    pub(crate) async fn start(extra: &[(String, String)]) -> Result<Self> {
        let builder = TestCluster::builder().fsync();
        let builder = SETTINGS
            .iter()
            .fold(builder, |builder, (name, value)| builder.setting(name, value));
        let builder = extra
            .iter()
            .fold(builder, |builder, (name, value)| builder.setting(name, value));
        let pair = Pair::start_from(builder, LARGE, OWNER).await;
        let project = tempfile::tempdir()?;
        let mut toml = node("a", &pair.url_a) + &node("b", &pair.url_b);
        for (name, cluster) in [("a", &pair.a), ("b", &pair.b)] {
            let url = cluster.create_database(SMALL, OWNER).await;
            connect(&url).await.batch_execute(TABLE).await?;
            toml += &node(&format!("few_{name}"), &url);
        }
        toml += &link(LARGE, "");
        toml += &link(SMALL, "few_");
        std::fs::write(project.path().join("ponte.toml"), toml)?;
        let config = Config::open(project.path(), None, Environment::of_process())?;
        let arena = Self {
            a: connect(&pair.url_a).await,
            b: connect(&pair.url_b).await,
            servers: Servers::new(&config),
            config,
            pair,
            project,
        };
        for client in [&arena.a, &arena.b] {
            client.batch_execute(TABLE).await?;
        }
        Ok(arena)
    }

    /// Where `ponte.toml` is.
    pub(crate) fn project(&self) -> PathBuf {
        self.project.path().to_owned()
    }

    /// A link of the configuration.
    pub(crate) fn plan(&self, link: &'static str) -> Result<LinkPlan> {
        Ok(LinkPlan::new(&self.config, self.config.link(link)?)?)
    }

    /// A link with fresh connections, checked.
    pub(crate) async fn open(&self, link: &'static str) -> Result<LiveLink> {
        Ok(self.plan(link)?.open(&self.servers).await?)
    }

    /// What `ponte sync init` does.
    pub(crate) async fn init(&self, link: &'static str) -> Result<InitReport> {
        let plan = self.plan(link)?;
        let mut peers = plan.peers(&self.servers).await?;
        let installed = plan_init(&plan.spec, &mut peers).await?;
        Ok(init(plan.spec.clone(), peers, installed).await?)
    }

    /// What `ponte sync drop` does.
    pub(crate) async fn drop_link(&self, link: &'static str) -> Result<()> {
        let plan = self.plan(link)?;
        for peer in &mut plan.peers(&self.servers).await? {
            drop_link(link, peer).await?;
        }
        Ok(())
    }

    /// Leaves neither server any work from before.
    pub(crate) async fn rest(&self, tables_at_b: &'static str) -> Result<()> {
        rest(&self.pair, tables_at_b).await
    }

    /// Refuses to go on where a measurement would be of something that did not work.
    pub(crate) async fn expect_equal(&self, table_at_b: &str) -> Result<()> {
        expect_equal(&self.a, &self.b, table_at_b).await
    }
}

/// Leaves neither server any work from before: dead rows, old statistics, dirty pages.
pub(crate) async fn rest(pair: &Pair, tables_at_b: &'static str) -> Result<()> {
    let tidy = async |cluster: &TestCluster, vacuum: &'static str| -> Result<()> {
        let client = cluster.superuser(LARGE).await;
        client.batch_execute(vacuum).await?;
        client.batch_execute("CHECKPOINT").await?;
        Ok(())
    };
    tokio::try_join!(
        tidy(&pair.a, "VACUUM (ANALYZE) perfis"),
        tidy(&pair.b, tables_at_b)
    )?;
    Ok(())
}

/// Refuses to go on where a measurement would be of something that did not work.
pub(crate) async fn expect_equal(a: &Client, b: &Client, table_at_b: &str) -> Result<()> {
    let (a, b) = tokio::try_join!(digest(a, "perfis"), digest(b, table_at_b))?;
    if a == b {
        Ok(())
    } else {
        Err(format!("perfis and {table_at_b} differ: {} and {} rows", a.0, b.0).into())
    }
}

fn node(name: &str, url: &str) -> String {
    format!("[nodes.{name}]\nurl = \"{url}\"\n\n")
}

fn link(name: &str, prefix: &str) -> String {
    format!(
        "[[links]]\nname = \"{name}\"\nbetween = [\"{prefix}a\", \"{prefix}b\"]\nevery = \"continuous\"\n\n\
         [[links.tables]]\ntable = \"perfis\"\n\n"
    )
}
