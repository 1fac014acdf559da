//! Any number of databases on one server, with links between them, and what must hold of all of them together.

use std::collections::{BTreeMap, BTreeSet};

use ponte_pg::sync::{InitReport, LiveLink, Peer, drop_link, init, plan_init};
use ponte_pg::{ErrorKind, Result};
use ponte_schema::QualifiedName;
use ponte_sync::link::{ApplyAs, ConflictRule, FirstContact, LinkSpec, Retention, TableSpec};
use ponte_sync::rotation::Pace;
use ponte_testkit::TestCluster;
use tokio_postgres::Client;

use crate::support::{number, session, text};

pub(crate) struct Network {
    pub(crate) cluster: TestCluster,
    pub(crate) clients: Vec<Client>,
    pub(crate) urls: Vec<String>,
    pub(crate) links: Vec<LiveLink>,
    /// Whether links keep nothing, and rotate at every pass.
    pub(crate) forgets: bool,
    apply: ApplyAs,
}

impl Network {
    /// Databases `n0`, `n1`, … with the same schema, all owned by a plain role.
    pub(crate) async fn start(nodes: usize, schema: &str) -> Self {
        Self::applying(nodes, schema, ApplyAs::Plain).await
    }

    pub(crate) async fn applying(nodes: usize, schema: &str, apply: ApplyAs) -> Self {
        // Nobody but the sync and the test may take transaction numbers.
        let cluster = TestCluster::builder().setting("autovacuum", "off").start().await;
        let mut network = Self {
            cluster,
            clients: Vec::new(),
            urls: Vec::new(),
            links: Vec::new(),
            forgets: false,
            apply,
        };
        for n in 0..nodes {
            network.add(&format!("n{n}"), schema).await;
        }
        network
    }

    async fn add(&mut self, name: &str, schema: &str) {
        let url = self.cluster.create_database(name, "dono").await;
        if self.apply == ApplyAs::Replica {
            let grant = "GRANT SET ON PARAMETER session_replication_role TO dono";
            self.cluster.sql(name, grant).await;
        }
        let client = ponte_testkit::connect(&url).await;
        client.batch_execute(schema).await.unwrap();
        self.clients.push(client);
        self.urls.push(url);
    }

    pub(crate) fn spec(&self, one: usize, other: usize, tables: &[&str]) -> LinkSpec {
        LinkSpec {
            name: format!("l{one}-{other}"),
            nodes: [format!("n{one}"), format!("n{other}")],
            tables: tables
                .iter()
                .map(|t| TableSpec::same(QualifiedName::new("public", *t)))
                .collect(),
            conflict: ConflictRule::Latest,
            first_contact: FirstContact::Merge,
            apply: self.apply,
            max_future_seconds: 300,
            retention: Retention {
                changelog_seconds: if self.forgets { 0 } else { 604_800 },
                conflicts_seconds: None,
            },
        }
    }

    pub(crate) async fn peer(&self, node: usize) -> Peer {
        Peer::new(format!("n{node}"), session(&self.urls[node]).await)
    }

    pub(crate) async fn peers(&self, one: usize, other: usize) -> [Peer; 2] {
        [self.peer(one).await, self.peer(other).await]
    }

    pub(crate) async fn try_init(&self, one: usize, other: usize, spec: &LinkSpec) -> Result<InitReport> {
        let mut peers = self.peers(one, other).await;
        let plan = plan_init(spec, &mut peers).await?;
        init(spec.clone(), peers, plan).await
    }

    pub(crate) async fn link(&mut self, one: usize, other: usize, tables: &[&str]) {
        let spec = self.spec(one, other, tables);
        self.try_init(one, other, &spec).await.unwrap();
        let peers = self.peers(one, other).await;
        self.links.push(LiveLink::open(spec, peers).await.unwrap());
    }

    /// Takes a link away at both of its ends.
    pub(crate) async fn unlink(&mut self, one: usize, other: usize) {
        let name = format!("l{one}-{other}");
        self.links.retain(|link| link.spec().name != name);
        for node in [one, other] {
            assert!(drop_link(&name, &mut self.peer(node).await).await.unwrap());
        }
    }

    pub(crate) async fn run(&self, node: usize, sql: &str) {
        self.clients[node].batch_execute(sql).await.unwrap();
    }

    /// One pass of one link; a batch that has to be read anew is no failure.
    pub(crate) async fn pass(&mut self, link: usize) -> bool {
        if self.forgets {
            self.links[link].tend(Pace::EAGER).await.unwrap();
        }
        match self.links[link].pass().await {
            Ok(report) => report.moved(),
            Err(error) if error.kind() == ErrorKind::SqlTransient => true,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn cycle(&mut self) {
        for link in 0..self.links.len() {
            self.pass(link).await;
        }
    }

    /// The next transaction number of the server: the same as long as nobody writes anything.
    async fn next_number(&self) -> String {
        text(
            &self.clients[0],
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text",
        )
        .await
    }

    /// Passes until all is quiet, then ten more cycles in which nothing at all may be written.
    pub(crate) async fn settle(&mut self) {
        let mut before = self.next_number().await;
        for _ in 0..(4 * self.clients.len() + 10) {
            self.cycle().await;
            let now = self.next_number().await;
            if now == before {
                for _ in 0..10 {
                    self.cycle().await;
                }
                assert_eq!(self.next_number().await, now, "an idle cycle writes");
                return;
            }
            before = now;
        }
        panic!("the links do not fall silent");
    }

    /// The rows of a table, which have to be the same everywhere.
    pub(crate) async fn assert_equal(&self, table: &str) -> Vec<String> {
        let sql = format!("SELECT t::text FROM {table} t ORDER BY 1");
        let mut all: Vec<Vec<String>> = Vec::new();
        for client in &self.clients {
            let rows = client.query(&sql, &[]).await.unwrap();
            all.push(rows.iter().map(|r| r.get(0)).collect());
        }
        for (node, rows) in all.iter().enumerate() {
            assert_eq!(*rows, all[0], "{table} differs between n0 and n{node}");
        }
        all.swap_remove(0)
    }

    pub(crate) async fn conflicts(&self) -> i64 {
        let mut all = 0;
        for client in &self.clients {
            all += number(client, "SELECT count(*) FROM ponte.conflict").await;
        }
        all
    }

    /// Every value that was kept as one side of a conflict, anywhere.
    async fn kept(&self) -> BTreeSet<String> {
        let sql =
            "SELECT unnest(coalesce(here_image, '{}') || coalesce(there_image, '{}')) FROM ponte.conflict";
        let mut kept = BTreeSet::new();
        for client in &self.clients {
            let rows = client.query(sql, &[]).await.unwrap();
            kept.extend(rows.iter().filter_map(|r| r.get::<_, Option<String>>(0)));
        }
        kept
    }
}

/// What clients wrote, to find out whether anything was lost.
#[derive(Default)]
pub(crate) struct History {
    /// Every value that was committed, with the ones that were written on top of it.
    written: BTreeMap<String, bool>,
}

impl History {
    /// One transaction on one row: upsert or delete. `version` is what an application would set, where the table has such a column.
    pub(crate) async fn write(
        &mut self,
        network: &Network,
        node: usize,
        random: &mut fastrand::Rng,
        values: u32,
    ) {
        let client = &network.clients[node];
        let key = random.i32(0..6);
        client.batch_execute("BEGIN").await.unwrap();
        let seen = client
            .query_opt("SELECT texto FROM nota WHERE id = $1 FOR UPDATE", &[&key])
            .await
            .unwrap();
        if random.u8(0..4) == 0 {
            let sql = "DELETE FROM nota WHERE id = $1";
            client.execute(sql, &[&key]).await.unwrap();
        } else {
            let value = if values == 0 {
                format!("n{node}:{}", self.written.len())
            } else {
                random.u32(0..values).to_string()
            };
            let ago = f64::from(random.u32(0..1_000));
            let sql = if network.versioned().await {
                "INSERT INTO nota (id, texto, updated_at) VALUES ($1, $2, now() - make_interval(secs => $3)) \
                 ON CONFLICT (id) DO UPDATE SET texto = excluded.texto, updated_at = excluded.updated_at"
            } else {
                "INSERT INTO nota (id, texto) SELECT $1, $2 WHERE $3::float8 >= 0 ON CONFLICT (id) DO UPDATE SET texto = excluded.texto"
            };
            client.execute(sql, &[&key, &value, &ago]).await.unwrap();
            self.written.entry(value).or_insert(false);
        }
        client.batch_execute("COMMIT").await.unwrap();
        if let Some(row) = seen {
            self.written.insert(row.get(0), true);
        }
    }

    /// Every value is there, or was seen by who overwrote it, or was kept as a conflict.
    pub(crate) async fn assert_nothing_lost(&self, network: &Network) {
        let kept = network.kept().await;
        let rows = network.clients[0]
            .query("SELECT texto FROM nota", &[])
            .await
            .unwrap();
        let there: BTreeSet<String> = rows.iter().map(|r| r.get(0)).collect();
        for (value, overwritten) in &self.written {
            assert!(
                *overwritten || there.contains(value) || kept.contains(value),
                "the write {value} was lost without a trace"
            );
        }
    }
}

impl Network {
    async fn versioned(&self) -> bool {
        let sql =
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'nota'::regclass AND attname = 'updated_at'";
        number(&self.clients[0], sql).await > 0
    }
}
