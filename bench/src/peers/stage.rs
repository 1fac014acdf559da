//! Two servers for one product.

use std::sync::Arc;

use ponte_pg::embedded::{Binaries, SUPERUSER};
use ponte_testkit::{Pair, TestCluster};
use tokio_postgres::{Client, NoTls};

use crate::Result;
use crate::arena::{LARGE, OWNER, SETTINGS, rest};
use crate::workload::{Change, Keys, TABLE};

/// A line of `postgresql.conf`.
pub(super) type Setting = (&'static str, &'static str);

/// Two servers with the table on both and its rows at A; sessions of the owner, and of the superuser, whom most products ask for.
pub(super) struct Stage {
    pub(super) pair: Pair,
    pub(super) a: Client,
    pub(super) b: Client,
    pub(super) admin_a: Arc<Client>,
    pub(super) admin_b: Arc<Client>,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl Stage {
    /// Starts both servers and fills the table at A. A task of its own, because the testkit reports by panicking.
    pub(super) async fn start(
        binaries: Option<Binaries>,
        settings: &'static [Setting],
        extra: Vec<(String, String)>,
        rows: i64,
    ) -> Result<Self> {
        let started = tokio::spawn(Self::start_or_panic(binaries, settings, extra, rows)).await;
        started.map_err(|_| "its servers did not start")?
    }

    async fn start_or_panic(
        binaries: Option<Binaries>,
        settings: &'static [Setting],
        extra: Vec<(String, String)>,
        rows: i64,
    ) -> Result<Self> {
        let mut builder = TestCluster::builder().fsync();
        if let Some(binaries) = binaries {
            builder = builder.binaries(binaries);
        }
        for (name, value) in SETTINGS.iter().chain(settings) {
            builder = builder.setting(name, value);
        }
        for (name, value) in &extra {
            builder = builder.setting(name, value);
        }
        let pair = Pair::start_from(builder, LARGE, OWNER).await;
        let stage = Self {
            a: session(&pair.url_a).await?,
            b: session(&pair.url_b).await?,
            admin_a: Arc::new(session(&pair.a.superuser_url(LARGE)).await?),
            admin_b: Arc::new(session(&pair.b.superuser_url(LARGE)).await?),
            pair,
        };
        stage.a.batch_execute(TABLE).await?;
        stage.b.batch_execute(TABLE).await?;
        Change::Insert.make(&stage.a, Keys::run(1, rows)).await?;
        Ok(stage)
    }

    /// The superuser's session.
    pub(super) fn admin(&self, side: Side) -> &Client {
        match side {
            Side::A => &self.admin_a,
            Side::B => &self.admin_b,
        }
    }

    pub(super) fn cluster(&self, side: Side) -> &TestCluster {
        match side {
            Side::A => &self.pair.a,
            Side::B => &self.pair.b,
        }
    }

    /// How another program or the other server gets in as the superuser.
    pub(super) fn conninfo(&self, side: Side) -> String {
        let cluster = self.cluster(side);
        format!(
            "host=127.0.0.1 port={} dbname={LARGE} user={SUPERUSER} password={}",
            cluster.port(),
            cluster.cluster().password()
        )
    }

    /// Leaves neither server any work from before.
    pub(super) async fn rest(&self) -> Result<()> {
        rest(&self.pair, "VACUUM (ANALYZE) perfis").await
    }

    /// The processes of both servers, of which all others of theirs are children.
    pub(super) fn postmasters(&self) -> Vec<u32> {
        [Side::A, Side::B]
            .into_iter()
            .filter_map(|side| u32::try_from(self.cluster(side).cluster().pid()?).ok())
            .collect()
    }
}

/// A session whose failure is an error and not the end of the run.
async fn session(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
