//! Servers that are killed, connections that are cut, answers that are lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ponte_pg::sync::{LiveLink, Peer};
use ponte_pg::{ConnectOptions, Conninfo, ErrorKind, Result, Session};
use ponte_sync::link::{ApplyAs, LinkSpec, Side};
use ponte_testkit::{Proxy, TestCluster, eventually};
use tokio_postgres::{Client, NoTls};

use crate::support::{NOTA, PERFIS, World, in_both_modes, number, settle, text};

/// A transaction number that no crash survives is given out again; the change that gets it must not count as consumed.
#[tokio::test]
async fn a_transaction_number_that_is_given_out_again_after_a_crash_hides_nothing() {
    for lost in [
        "BEGIN; INSERT INTO nota VALUES (99, 'nunca'); ROLLBACK",
        "BEGIN; SET LOCAL synchronous_commit = off; INSERT INTO outra VALUES (1); COMMIT",
    ] {
        // Nothing is flushed but by commits.
        let builder = TestCluster::builder()
            .setting("wal_writer_delay", "10s")
            .setting("bgwriter_delay", "10s");
        let schema = format!("{NOTA} CREATE TABLE outra (x int)");
        let world = World::over(builder, &schema, ApplyAs::Plain).await;
        let spec = world.spec(&["nota"]);
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO nota VALUES (0, 'lida')").await;
        for _ in 0..3 {
            world.a(lost).await;
        }
        link.pass().await.unwrap();
        world.cluster(Side::First).kill().await;
        world.cluster(Side::First).restart().await;
        let a = world.another(Side::First).await;
        for n in 1..9 {
            a.batch_execute(&format!("INSERT INTO nota VALUES ({n}, 'depois')"))
                .await
                .unwrap();
        }
        link = world.open(&spec).await;
        settle(&mut link).await;
        let count = number(&world.b, "SELECT count(*) FROM nota").await;
        assert_eq!(count, 9, "changes after the crash were skipped");
    }
}

/// An update that waits for a row has a number already and has written nothing: a crash forgets it. The number was part of the
/// snapshot that was read, and its return is no sign of a restored backup.
#[tokio::test]
async fn a_crash_while_transactions_were_open_is_not_taken_for_a_restored_backup() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    let mut link = world.init(&spec).await;
    world.a("INSERT INTO nota VALUES (1, 'um'), (2, 'dois')").await;
    settle(&mut link).await;
    let (holder, waiter) = (world.another(Side::First).await, world.another(Side::First).await);
    world.a("UPDATE nota SET texto = 'lida' WHERE id = 2").await;
    holder
        .batch_execute("BEGIN; SELECT FROM nota WHERE id = 1 FOR UPDATE")
        .await
        .unwrap();
    let waiting = tokio::spawn(async move {
        drop(
            waiter
                .execute("UPDATE nota SET texto = 'espera' WHERE id = 1", &[])
                .await,
        );
    });
    let superuser = world.cluster(Side::First).superuser("app").await;
    eventually(Duration::from_secs(10), "the update to wait", async || {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE nota%'";
        (number(&superuser, waits).await > 0).then_some(())
    })
    .await;
    // What was written so far is on disk: the sync finds nothing to flush, and the waiting transaction leaves no trace.
    superuser.batch_execute("CHECKPOINT").await.unwrap();
    link.pass().await.unwrap();
    let consumed = text(&world.b, "SELECT consumed::text FROM ponte.progress").await;
    world.cluster(Side::First).kill().await;
    world.cluster(Side::First).restart().await;
    waiting.await.unwrap();
    let a = world.another(Side::First).await;
    let now = text(&a, "SELECT pg_current_snapshot()::text").await;
    println!("consumed {consumed}, after the crash {now}");
    let mut link = world.open(&spec).await;
    link.pass().await.unwrap();
    a.batch_execute("UPDATE nota SET texto = 'depois' WHERE id = 1")
        .await
        .unwrap();
    settle(&mut link).await;
    assert_eq!(
        text(&world.b, "SELECT texto FROM nota WHERE id = 1").await,
        "depois"
    );
}

/// How long data may stay unacknowledged on these connections.
const UNACKNOWLEDGED_MILLISECONDS: u32 = 2_000;

/// Both nodes through proxies.
pub(crate) struct Wires(pub(crate) [Proxy; 2]);

impl Wires {
    pub(crate) async fn of(world: &World) -> Self {
        Self([
            Proxy::to(world.pair.a.port()).await,
            Proxy::to(world.pair.b.port()).await,
        ])
    }

    async fn peer(&self, world: &World, side: Side) -> Result<Peer> {
        let (name, url, port) = match side {
            Side::First => ("a", &world.pair.url_a, world.pair.a.port()),
            Side::Second => ("b", &world.pair.url_b, world.pair.b.port()),
        };
        let through = self.0[side.index()].through(url, port);
        let url = format!(
            "{through}{}tcp_user_timeout={UNACKNOWLEDGED_MILLISECONDS}",
            if through.contains('?') { '&' } else { '?' }
        );
        let session = Session::connect(&Conninfo::parse(&url)?, &ConnectOptions::new("ponte test")).await?;
        Ok(Peer::new(name, session))
    }

    pub(crate) async fn open(&self, world: &World, spec: &LinkSpec) -> Result<LiveLink> {
        let peers = [
            self.peer(world, Side::First).await?,
            self.peer(world, Side::Second).await?,
        ];
        LiveLink::open(spec.clone(), peers).await
    }
}

/// Random numbers from a seed that a failing test prints.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(test: &str) -> Self {
        let seed = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .subsec_nanos();
        println!("{test}: seed {seed}");
        Self(u64::from(seed) | 1)
    }

    pub(crate) fn from(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// AT-143: after any number of bytes.
#[tokio::test]
async fn a_connection_cut_at_any_moment_neither_loses_nor_doubles_anything() {
    let schema = format!(
        "{PERFIS} CREATE TABLE aviso (perfil bigint); CREATE FUNCTION avisar() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO public.aviso VALUES (NEW.id); RETURN NULL; END';
         CREATE TRIGGER avisar AFTER INSERT ON perfis FOR EACH ROW EXECUTE FUNCTION avisar();"
    );
    in_both_modes(&schema, async |world| {
        let spec = world.spec(&["perfis"]);
        world.init(&spec).await;
        let wires = Wires::of(world).await;
        let mut random = Random::seeded("cut");
        let mut cuts = 0;
        for round in 0..25 {
            let rows = if round % 3 == 0 { 3000 } else { 20 };
            let insert = |of: &str| {
                format!("INSERT INTO perfis (nome) SELECT '{of}{round}' FROM generate_series(1, {rows})")
            };
            world.sides(&insert("a"), &insert("b")).await;
            let Ok(mut link) = wires.open(world, &spec).await else {
                continue;
            };
            let moment = Duration::from_micros(random.below(if round % 3 == 0 { 200_000 } else { 40_000 }));
            let side = random.below(2);
            let (passed, ()) = tokio::join!(link.pass(), async {
                tokio::time::sleep(moment).await;
                wires.0[usize::try_from(side).unwrap()].cut();
            });
            if let Err(error) = passed {
                assert!(
                    matches!(error.kind(), ErrorKind::ConnLost | ErrorKind::SqlTransient),
                    "after {moment:?}: {error:?}"
                );
                cuts += 1;
            }
        }
        // What a cut left behind on the servers may take a moment to be rolled back.
        let mut link = eventually(Duration::from_secs(20), "the link to go on", async || {
            let mut link = world.open(&spec).await;
            link.pass().await.is_ok().then_some(link)
        })
        .await;
        settle(&mut link).await;
        let rows = i64::try_from(world.assert_equal("perfis").await.len()).unwrap();
        assert_eq!(world.conflicts().await, 0);
        for side in Side::BOTH {
            let there = world.client(side);
            let counted = number(there, "SELECT upserts FROM ponte.progress").await;
            assert_eq!(counted, rows / 2, "rows were counted twice on {side:?}");
            if spec.apply == ApplyAs::Plain {
                assert_eq!(
                    number(there, "SELECT count(*) FROM aviso").await,
                    rows,
                    "rows were applied twice on {side:?}"
                );
            }
        }
        assert!(cuts > 3, "only {cuts} passes were cut");
    })
    .await;
}

/// B commits, but its answer never arrives.
#[tokio::test]
async fn a_lost_answer_to_a_commit_is_found_out_and_not_guessed() {
    let schema = format!(
        "{NOTA} CREATE TABLE aviso (n int); CREATE FUNCTION esperar() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER esperar AFTER INSERT ON aviso DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION esperar();
         ALTER TABLE aviso ENABLE ALWAYS TRIGGER esperar;
         -- What is deferred is checked before the commit; this puts the waiting off once more.
         CREATE FUNCTION anotar() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN SET CONSTRAINTS public.esperar DEFERRED; INSERT INTO public.aviso VALUES (NEW.id); RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER anotar AFTER INSERT ON nota DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION anotar();
         ALTER TABLE nota ENABLE ALWAYS TRIGGER anotar;"
    );
    in_both_modes(&schema, async |world| {
        let spec = world.spec(&["nota"]);
        world.init(&spec).await;
        let wires = Wires::of(world).await;
        let mut link = wires.open(world, &spec).await.unwrap();
        world
            .a("INSERT INTO nota VALUES (1, 'um'); DELETE FROM aviso")
            .await;
        let holder = world.another(Side::Second).await;
        holder
            .batch_execute("SELECT pg_advisory_lock(4711)")
            .await
            .unwrap();
        let (passed, ()) = tokio::join!(link.pass(), async {
            world.sync_waits_on(Side::Second).await;
            wires.0[1].cut();
            holder
                .batch_execute("SELECT pg_advisory_unlock(4711)")
                .await
                .unwrap();
        });
        assert_eq!(passed.unwrap_err().kind(), ErrorKind::ConnLost);
        eventually(Duration::from_secs(10), "the commit at B", async || {
            (number(&world.b, "SELECT count(*) FROM nota").await == 1).then_some(())
        })
        .await;
        let mut link = world.open(&spec).await;
        assert!(!link.pass().await.unwrap().moved(), "the batch was applied again");
        assert_eq!(number(&world.b, "SELECT count(*) FROM aviso").await, 1);
        assert_eq!(
            number(&world.a, "SELECT count(*) FROM nota_changelog WHERE NOT synced").await,
            0
        );
        assert_eq!(number(&world.b, "SELECT batches FROM ponte.progress").await, 1);
    })
    .await;
}

/// AT-153: A has not got to a COMMIT yet whose process was given up, and takes a change of a row that the batch had found equal. The next
/// process must not carry that change on from a snapshot that does not show the batch: both sides would wait for the other's row.
#[tokio::test]
async fn a_commit_that_comes_late_does_not_make_both_sides_wait_for_each_other() {
    let schema = format!(
        "{NOTA} CREATE FUNCTION esperar() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN IF NEW.id = 9 THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER esperar AFTER INSERT ON nota DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION esperar();"
    );
    let world = World::with(&schema).await;
    let spec = world.spec(&["nota"]);
    world.init(&spec).await;
    let wires = Wires::of(&world).await;
    let mut link = wires.open(&world, &spec).await.unwrap();
    world
        .sides(
            "INSERT INTO nota VALUES (1, 'a', '2024-01-06 UTC')",
            "INSERT INTO nota VALUES (1, 'b', '2024-01-04 UTC'), (9, 'espera', now())",
        )
        .await;
    let holder = world.another(Side::First).await;
    holder
        .batch_execute("SELECT pg_advisory_lock(4711)")
        .await
        .unwrap();
    let (passed, ()) = tokio::join!(link.pass(), async {
        world.sync_waits_on(Side::First).await;
        world
            .a("UPDATE nota SET texto = 'depois', updated_at = '2024-01-01 UTC' WHERE id = 1")
            .await;
        wires.0[0].cut();
    });
    passed.unwrap_err();
    let mut link = world.open(&spec).await;
    assert_eq!(link.pass().await.unwrap_err().kind(), ErrorKind::SyncOvertaken);
    holder
        .batch_execute("SELECT pg_advisory_unlock(4711)")
        .await
        .unwrap();
    let mut link = eventually(Duration::from_secs(20), "the link to go on", async || {
        let mut link = world.open(&spec).await;
        link.pass().await.is_ok().then_some(link)
    })
    .await;
    settle(&mut link).await;
    world.assert_equal("nota").await;
}

/// Writes until told to stop, through any number of crashes, and counts; answers the ids of acknowledged inserts and updates.
async fn write_through_crashes(url: &str, stop: &AtomicBool, count: &AtomicUsize) -> Vec<(i64, i64)> {
    let mut acknowledged = Vec::new();
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        let Ok((client, connection)) = tokio_postgres::connect(url, NoTls).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let serving = tokio::spawn(connection);
        while !stop.load(Ordering::Relaxed) {
            n += 1;
            let inserted = client
                .query_one("INSERT INTO perfis (nome) VALUES ('novo') RETURNING id", &[])
                .await;
            let Ok(row) = inserted else { break };
            let id: i64 = row.get(0);
            acknowledged.push((id, 0));
            count.store(acknowledged.len(), Ordering::Relaxed);
            let older = acknowledged[usize::try_from(n).unwrap() * 7 % acknowledged.len()].0;
            let sql = "UPDATE perfis SET saldo = $2::bigint WHERE id = $1";
            match client.execute(sql, &[&older, &n]).await {
                Ok(1) => acknowledged.push((older, n)),
                Ok(_) => panic!("row {older} is gone"),
                Err(_) => break,
            }
        }
        serving.abort();
    }
    acknowledged
}

/// AT-141: either server, under load.
#[tokio::test]
async fn no_acknowledged_write_is_lost_when_servers_are_killed_under_load() {
    let world = World::with(PERFIS).await;
    let spec = world.spec(&["perfis"]);
    world.init(&spec).await;
    let stop = AtomicBool::new(false);
    let mut random = Random::seeded("kill");
    let (of_a, of_b, passes) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let enough = || {
        let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
        count(&of_a) > 50 && count(&of_b) > 50 && count(&passes) > 5
    };
    let (of_a, of_b, (), ()) = tokio::join!(
        write_through_crashes(&world.pair.url_a, &stop, &of_a),
        write_through_crashes(&world.pair.url_b, &stop, &of_b),
        async {
            // On a busy machine the kills come less often, until enough has happened to prove anything.
            let started = Instant::now();
            let mut kills = 0;
            while kills < 6 || !enough() {
                let waited = started.elapsed();
                assert!(
                    waited < Duration::from_secs(300),
                    "too little happened in {waited:?}"
                );
                tokio::time::sleep(Duration::from_millis((200 + random.below(900)) * (1 + kills / 6))).await;
                kill_one(&world, &mut random).await;
                kills += 1;
            }
            stop.store(true, Ordering::Relaxed);
        },
        async {
            let wires = Wires::of(&world).await;
            while !stop.load(Ordering::Relaxed) {
                let Ok(mut link) = wires.open(&world, &spec).await else {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                while !stop.load(Ordering::Relaxed) && link.pass().await.is_ok() {
                    passes.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    );
    let (a, b) = (
        world.another(Side::First).await,
        world.another(Side::Second).await,
    );
    let mut link = world.open(&spec).await;
    settle(&mut link).await;
    let rows = "SELECT string_agg(p::text, E'\\n' ORDER BY id) FROM perfis p";
    assert_eq!(text(&a, rows).await, text(&b, rows).await);
    assert_all_there(&of_a, &b).await;
    assert_all_there(&of_b, &a).await;
}

/// One of the servers, in one of two ways; it is there again afterwards.
async fn kill_one(world: &World, random: &mut Random) {
    let cluster = world.cluster(if random.below(2) == 0 {
        Side::First
    } else {
        Side::Second
    });
    if random.below(3) == 0 {
        cluster.stop_immediate().await;
    } else {
        cluster.kill().await;
    }
    cluster.restart().await;
}

/// Every acknowledged write of one side is on the other.
async fn assert_all_there(acknowledged: &[(i64, i64)], there: &Client) {
    let ids: BTreeSet<i64> = acknowledged.iter().map(|(id, _)| *id).collect();
    let wanted: Vec<i64> = ids.iter().copied().collect();
    let rows = there
        .query(
            "SELECT id, saldo::bigint FROM perfis WHERE id = ANY ($1)",
            &[&wanted],
        )
        .await
        .unwrap();
    assert_eq!(rows.len(), ids.len(), "inserts are missing");
    let found: BTreeMap<i64, i64> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    for (id, n) in acknowledged {
        // A later update whose acknowledgement was lost may stand there instead.
        assert!(
            found[id] >= *n,
            "update {n} of row {id} is missing, {} stands there",
            found[id]
        );
    }
}
