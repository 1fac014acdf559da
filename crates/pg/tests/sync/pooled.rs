//! Both ends behind a real PgBouncer that lends two server sessions, one transaction at a time, to the sync and to strangers who
//! change their settings in between.

use ponte_pg::sync::install::drop_link;
use ponte_pg::sync::repair::{RepairFrom, RepairKinds};
use ponte_pg::sync::status::{node_status, set_paused};
use ponte_pg::sync::{LiveLink, Peer, conflicts, init, plan_init, quarantine};
use ponte_pg::{ConnectOptions, Conninfo, Session};
use ponte_sync::link::{ApplyAs, ConflictRule, LinkSpec, Side};
use ponte_testkit::{Bouncer, connect};
use tokio_postgres::Client;

use crate::install::inventory;
use crate::support::{NOTA, PERFIS, World, in_both_modes, settle, text};

/// What others leave in a session that they do not know to be shared. None of it may reach the sync.
const MESS: &[&str] = &[
    "SET search_path = nowhere",
    "SET DateStyle = 'German'; SET IntervalStyle = 'sql_standard'; SET TimeZone = 'Asia/Kathmandu'",
    "SET extra_float_digits = -10; SET bytea_output = 'escape'; SET standard_conforming_strings = off",
    "SET lock_timeout = 1; SET statement_timeout = 1000",
    "SET default_transaction_read_only = on",
    "SET default_transaction_isolation = 'serializable'",
    "SET ponte.applying = 'teste'",
    "SET xmloption = 'document'; SET array_nulls = off; SET quote_all_identifiers = on; SET transform_null_equals = on",
    "SET client_min_messages = debug1; SET enable_seqscan = off",
    "SET role = 'outro'",
];

const MORE: &str = "
    CREATE TABLE amostra (id int PRIMARY KEY, em timestamptz, dura interval, x float8, dado bytea, lista text[],
      doc xml, pai int REFERENCES amostra);";

/// Two poolers in front of a world's servers.
struct Pooled {
    bouncers: [Bouncer; 2],
    strangers: [Client; 2],
}

impl Pooled {
    async fn of(world: &World) -> Self {
        for side in Side::BOTH {
            let cluster = world.cluster(side);
            cluster.create_role("outro", "NOLOGIN").await;
            cluster.sql("app", "GRANT outro TO dono").await;
        }
        let bouncers = [
            Bouncer::start(world.cluster(Side::First), "dono", 2).await,
            Bouncer::start(world.cluster(Side::Second), "dono", 2).await,
        ];
        let strangers = [
            connect(&bouncers[0].url("app")).await,
            connect(&bouncers[1].url("app")).await,
        ];
        Self { bouncers, strangers }
    }

    /// Every session of the pools gets somebody's settings.
    async fn mess(&self) {
        for (stranger, bouncer) in self.strangers.iter().zip(&self.bouncers) {
            // A transaction that stays open holds one session, so that the other one gets its share too.
            let holder = connect(&bouncer.url("app")).await;
            for client in [stranger, &holder] {
                client.batch_execute("BEGIN; SELECT 1").await.unwrap();
                for settings in MESS {
                    client.batch_execute(settings).await.unwrap();
                }
            }
            for client in [stranger, &holder] {
                client.batch_execute("COMMIT").await.unwrap();
            }
        }
    }

    async fn peer(&self, side: Side) -> Peer {
        let options = ConnectOptions {
            allow_pooled: true,
            pinned: false,
            ..ConnectOptions::new("ponte test")
        };
        let conninfo = Conninfo::parse(&self.bouncers[side.index()].url("app")).unwrap();
        let session = Session::connect(&conninfo, &options).await.unwrap();
        Peer::pooled(["a", "b"][side.index()], session)
    }

    async fn peers(&self) -> [Peer; 2] {
        self.mess().await;
        [self.peer(Side::First).await, self.peer(Side::Second).await]
    }

    async fn init(&self, spec: &LinkSpec) -> LiveLink {
        let mut peers = self.peers().await;
        let plan = plan_init(spec, &mut peers).await.unwrap();
        self.mess().await;
        init(spec.clone(), peers, plan).await.unwrap();
        LiveLink::open(spec.clone(), self.peers().await).await.unwrap()
    }

    /// Passes until nothing moves, with strangers in between.
    async fn settle(&self, link: &mut LiveLink) {
        for _ in 0..5 {
            self.mess().await;
            if !link.pass().await.unwrap().moved() {
                return;
            }
        }
        panic!("the link does not fall silent");
    }

    /// Nothing of the sync's is left in a session that it gave back.
    async fn leaves_nothing(&self) {
        for stranger in &self.strangers {
            let sql = "SELECT (SELECT count(*) FROM pg_catalog.pg_class WHERE relpersistence = 't') \
                       + (SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory')";
            let left = stranger.simple_query(sql).await.unwrap();
            let left = left.iter().find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            });
            assert_eq!(left.as_deref(), Some("0"));
        }
    }
}

/// AT-163: the first contact, changes both ways, conflicts, foreign keys, comparing and the end, all through poolers.
#[tokio::test]
async fn a_sync_lives_its_whole_life_behind_poolers() {
    in_both_modes(&format!("{PERFIS}{MORE}"), async |world| {
        let pooled = Pooled::of(world).await;
        let before = [inventory(&world.a).await, inventory(&world.b).await];
        world
            .sides(
                "INSERT INTO perfis (id, nome) SELECT g, 'a' || g FROM generate_series(1, 30) g; \
                 INSERT INTO amostra SELECT g, '2024-05-06 07:08:09.123456Z', '1 year -2 days 03:04:05.6', pi() * g, '\\x00ff5c', \
                   '{NULL,\"NULL\"}', '<a/>text', CASE WHEN g > 1 THEN g - 1 END FROM generate_series(1, 20) g",
                "INSERT INTO perfis (id, nome) SELECT g, 'b' || g FROM generate_series(25, 40) g",
            )
            .await;
        let spec = world.spec(&["perfis", "amostra"]);
        let mut link = pooled.init(&spec).await;
        pooled.settle(&mut link).await;
        assert_eq!(world.assert_equal("perfis").await.len(), 40);
        assert_eq!(world.assert_equal("amostra").await.len(), 20);
        assert_eq!(world.conflicts().await, 6);

        world
            .sides(
                "INSERT INTO perfis (id, nome) SELECT g, 'm' || g FROM generate_series(1001, 1900) g; UPDATE amostra SET x = x / 3 WHERE id < 9",
                "DELETE FROM perfis WHERE id < 5; UPDATE amostra SET dura = -dura, doc = '<b/>' WHERE id > 12",
            )
            .await;
        pooled.settle(&mut link).await;
        world.a("UPDATE perfis SET nome = 'velho' WHERE id = 7").await;
        world.b("UPDATE perfis SET nome = 'novo' WHERE id = 7").await;
        pooled.settle(&mut link).await;
        for table in ["perfis", "amostra"] {
            world.assert_equal(table).await;
        }
        assert_eq!(text(&world.a, "SELECT nome FROM perfis WHERE id = 7").await, "novo");
        assert_eq!(world.conflicts().await, 7);

        pooled.mess().await;
        assert!(link.compare().await.unwrap().iter().all(|t| t.equal()));
        world.a("ALTER TABLE amostra DISABLE TRIGGER USER; UPDATE amostra SET x = 0 WHERE id = 3; ALTER TABLE amostra ENABLE TRIGGER USER").await;
        let found = link.compare().await.unwrap();
        assert_eq!(found.iter().map(|t| t.different).sum::<u64>(), 1);
        drop(link);
        pooled.leaves_nothing().await;
        for side in Side::BOTH {
            pooled.mess().await;
            assert!(drop_link(&spec.name, &mut pooled.peer(side).await).await.unwrap());
            assert_eq!(inventory(world.client(side)).await, before[side.index()]);
        }
    })
    .await;
}

/// AT-163: what strangers write through the same sessions is theirs, and is carried.
#[tokio::test]
async fn what_others_write_through_the_same_sessions_is_captured() {
    let world = World::applying(PERFIS, ApplyAs::Plain).await;
    let pooled = Pooled::of(&world).await;
    let mut link = pooled.init(&world.spec(&["perfis"])).await;
    let write = "BEGIN READ WRITE; SET LOCAL role TO DEFAULT; INSERT INTO public.perfis (nome) SELECT 'estranho'; COMMIT";
    for _ in 0..10 {
        let [first, second] = &pooled.strangers;
        let (a, b, passed) = tokio::join!(
            first.batch_execute(write),
            second.batch_execute(write),
            link.pass()
        );
        a.unwrap();
        b.unwrap();
        passed.unwrap();
    }
    settle(&mut link).await;
    assert_eq!(world.assert_equal("perfis").await.len(), 20);
    assert_eq!(world.conflicts().await, 0);
}

/// AT-163: a pass that was given up half-way leaves a session that the pooler takes back, and the link goes on.
#[tokio::test]
async fn a_pass_given_up_half_way_is_made_again() {
    let world = World::applying(PERFIS, ApplyAs::Plain).await;
    let pooled = Pooled::of(&world).await;
    let mut link = pooled.init(&world.spec(&["perfis"])).await;
    world
        .a("INSERT INTO perfis (id, nome) SELECT g, 'x' FROM generate_series(1, 3000) g")
        .await;
    world.b("BEGIN; LOCK TABLE perfis IN SHARE MODE").await;
    let given_up = tokio::select! {
        _ = link.pass() => false,
        () = world.sync_waits_on(Side::Second) => true,
    };
    assert!(given_up);
    world.b("COMMIT").await;
    // It still holds a session of each pool, which only its owner can end.
    assert!(link.pass().await.unwrap().moved());
    pooled.settle(&mut link).await;
    assert_eq!(world.assert_equal("perfis").await.len(), 3000);
}

/// AT-163: what a person looks at and decides goes through poolers too: refused rows, parked conflicts, repairs, pauses.
#[tokio::test]
async fn what_a_person_decides_goes_through_poolers() {
    in_both_modes(NOTA, async |world| {
        let pooled = Pooled::of(world).await;
        let mut spec = world.spec(&["nota"]);
        spec.conflict = ConflictRule::Manual;
        world.both("INSERT INTO nota SELECT g, 'x', '2024-01-01 UTC' FROM generate_series(1, 20) g").await;
        world.b("ALTER TABLE nota ADD CONSTRAINT curto CHECK (length(texto) < 9)").await;
        let mut link = pooled.init(&spec).await;
        pooled.settle(&mut link).await;

        world
            .sides(
                "UPDATE nota SET texto = 'a' WHERE id = 1; UPDATE nota SET texto = 'comprido demais' WHERE id = 2",
                "UPDATE nota SET texto = 'b' WHERE id = 1",
            )
            .await;
        pooled.settle(&mut link).await;
        let mut peer = pooled.peer(Side::Second).await;
        pooled.mess().await;
        let status = node_status(&spec, &mut peer).await.unwrap().unwrap();
        assert_eq!((status.parked, status.quarantined), (1, 1));
        let refused = quarantine::quarantine(&spec.name, &mut peer).await.unwrap();
        assert_eq!(refused[0].key, ["2"]);
        world.b("ALTER TABLE nota DROP CONSTRAINT curto").await;
        assert_eq!(quarantine::retry(&spec.name, &mut peer, None).await.unwrap(), 1);
        let parked = conflicts::conflicts(&spec.name, &mut peer, 10).await.unwrap();
        conflicts::resolve(&spec, &mut peer, parked[0].id, "a").await.unwrap();
        pooled.settle(&mut link).await;
        let both = "SELECT string_agg(texto, ' ' ORDER BY id) FROM nota WHERE id < 3";
        assert_eq!(text(&world.b, both).await, "a comprido demais");
        world.assert_equal("nota").await;

        world.a("ALTER TABLE nota DISABLE TRIGGER USER; DELETE FROM nota WHERE id > 18; ALTER TABLE nota ENABLE TRIGGER USER").await;
        pooled.mess().await;
        let found = link.compare_table(0).await.unwrap();
        let kinds = RepairKinds { insert: true, update: true, delete: true };
        let plan = link.plan_repair(0, &found.keys, RepairFrom::Newest, kinds).await.unwrap();
        assert_eq!(link.repair(0, &plan).await.unwrap(), 2);
        pooled.settle(&mut link).await;
        assert_eq!(world.assert_equal("nota").await.len(), 20);
        for paused in [true, false] {
            set_paused(&spec, &mut peer, paused).await.unwrap();
            assert_eq!(node_status(&spec, &mut peer).await.unwrap().unwrap().paused, paused);
        }
        drop((link, peer));
        pooled.leaves_nothing().await;
    })
    .await;
}
