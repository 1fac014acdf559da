//! Changelogs give their space back, and never what somebody still waits for.

use ponte_pg::sync::LiveLink;
use ponte_pg::sync::upkeep::Tended;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::rotation::Pace;
use ponte_testkit::Backup;
use tokio_postgres::Client;

use crate::support::{NOTA, World, number, settle};

/// Entries of `nota` in all parts of its changelog.
const ENTRIES: &str = "SELECT count(*) FROM ponte.entries_nota";

/// A link that keeps nothing.
fn forgetful(world: &World) -> LinkSpec {
    let mut spec = world.spec(&["nota"]);
    spec.retention.changelog_seconds = 0;
    spec
}

async fn tend(link: &mut LiveLink) -> Tended {
    link.tend(Pace::EAGER).await.unwrap()
}

/// Bytes of the changelog of `nota` with its indexes.
async fn bytes(client: &Client) -> i64 {
    let sql = "SELECT sum(pg_total_relation_size(r))::bigint FROM unnest('{ponte.changelog_nota,ponte.changelog1_nota,ponte.changelog2_nota,ponte.changelog3_nota}'::regclass[]) r";
    number(client, sql).await
}

/// AT-015: what has arrived goes, what has not stays.
#[tokio::test]
async fn a_part_is_emptied_once_everything_in_it_has_arrived() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&forgetful(&world)).await;
    world
        .a("INSERT INTO nota (id) SELECT generate_series(1, 100)")
        .await;
    let tended = tend(&mut link).await;
    assert_eq!((tended.turns, tended.bytes), (1, 0), "nothing had arrived");
    assert_eq!(number(&world.a, ENTRIES).await, 100);
    world.a("UPDATE nota SET texto = 'x' WHERE id <= 10").await;
    settle(&mut link).await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 0);
    assert_eq!(world.assert_equal("nota").await.len(), 100);
    assert_eq!(
        tend(&mut link).await,
        Tended::default(),
        "an idle link is left alone"
    );
    link.check().await.unwrap();
    world.a("DELETE FROM nota WHERE id = 7").await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("nota").await.len(), 99);
}

/// The default: nothing of the last days goes, and capture fills the first part.
#[tokio::test]
async fn entries_stay_for_the_retention() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    world
        .a("INSERT INTO nota (id) SELECT generate_series(1, 100)")
        .await;
    settle(&mut link).await;
    assert_eq!(tend(&mut link).await, Tended::default());
    let aged = |days: i64| format!("UPDATE ponte.changelog_part SET since = since - interval '{days} days'");
    world.a(&aged(4)).await;
    assert_eq!(
        (tend(&mut link).await.turns, number(&world.a, ENTRIES).await),
        (1, 100)
    );
    world.a(&aged(6)).await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 100);
    world.a(&aged(1)).await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 0);
}

/// AT-015: a snapshot that was taken long ago does not hold back the space; a transaction that has written holds back its own part only.
#[tokio::test]
async fn a_held_xmin_does_not_make_the_changelog_grow() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&forgetful(&world)).await;
    let [reader, writer] = [world.another(Side::First).await, world.another(Side::First).await];
    reader
        .batch_execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id(); SELECT * FROM nota",
        )
        .await
        .unwrap();
    writer
        .batch_execute("BEGIN; INSERT INTO nota VALUES (-1, 'tarde')")
        .await
        .unwrap();
    let mut largest = 0;
    for n in 0..8 {
        world
            .a(&format!(
                "INSERT INTO nota (id) SELECT generate_series({n} * 1000, {n} * 1000 + 999)"
            ))
            .await;
        settle(&mut link).await;
        tend(&mut link).await;
        if n > 1 {
            largest = largest.max(bytes(&world.a).await);
        }
    }
    println!("at most {largest} bytes while two transactions were open, for 8,000 entries");
    assert!(largest < 600_000, "{largest} bytes");
    assert!(
        tend(&mut link).await.held > 0,
        "the writer's part was emptied under it"
    );
    writer.batch_execute("COMMIT").await.unwrap();
    settle(&mut link).await;
    tend(&mut link).await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 0);
    assert_eq!(world.assert_equal("nota").await.len(), 8001);
    reader.batch_execute("COMMIT").await.unwrap();
}

/// A function that a session has begun to use goes on writing to the part that was left; its entry is read all the same.
#[tokio::test]
async fn an_entry_in_a_part_whose_turn_is_over_travels() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&forgetful(&world)).await;
    let slow = world.another(Side::First).await;
    slow.batch_execute("BEGIN; INSERT INTO nota VALUES (1, 'um')")
        .await
        .unwrap();
    assert_eq!(tend(&mut link).await.turns, 1);
    world.a("INSERT INTO nota VALUES (2, 'dois')").await;
    slow.batch_execute("INSERT INTO nota VALUES (3, 'três')")
        .await
        .unwrap();
    settle(&mut link).await;
    slow.batch_execute("COMMIT").await.unwrap();
    settle(&mut link).await;
    assert_eq!(world.assert_equal("nota").await.len(), 3);
    tend(&mut link).await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 0);
}

/// Killed between any two statements, the rotation has happened or it has not.
#[tokio::test]
async fn a_rotation_that_is_killed_half_way_is_as_if_it_had_not_begun() {
    let world = World::with(NOTA).await;
    let spec = forgetful(&world);
    let mut link = world.init(&spec).await;
    world
        .a("INSERT INTO nota (id) SELECT generate_series(1, 10)")
        .await;
    settle(&mut link).await;
    // Somebody reads the part, so that the rotation waits for its lock while it is ended.
    let reader = world.another(Side::First).await;
    reader
        .batch_execute("BEGIN; SELECT count(*) FROM ponte.changelog1_nota")
        .await
        .unwrap();
    let superuser = world.cluster(Side::First).superuser("app").await;
    let (outcome, ()) = tokio::join!(link.tend(Pace::EAGER), async {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ponte test' AND wait_event_type = 'Lock'";
        ponte_testkit::eventually(
            std::time::Duration::from_secs(10),
            "the rotation to wait",
            async || (number(&superuser, kill).await > 0).then_some(()),
        )
        .await;
    });
    assert!(outcome.is_err(), "{outcome:?}");
    reader.batch_execute("COMMIT").await.unwrap();
    assert_eq!(number(&world.a, ENTRIES).await, 10);
    world.a("INSERT INTO nota (id) VALUES (11)").await;
    let mut link = world.open(&spec).await;
    settle(&mut link).await;
    tend(&mut link).await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 0);
    assert_eq!(world.assert_equal("nota").await.len(), 11);
}

/// Two processes on one link.
#[tokio::test]
async fn two_processes_that_rotate_at_once_leave_one_part_that_is_filled() {
    let world = World::with(NOTA).await;
    let spec = forgetful(&world);
    let mut links = [world.init(&spec).await, world.open(&spec).await];
    for n in 0..10 {
        world.a(&format!("INSERT INTO nota (id) VALUES ({n})")).await;
        let [one, other] = &mut links;
        let (a, b) = tokio::join!(one.pass(), other.tend(Pace::EAGER));
        a.unwrap();
        b.unwrap();
        let (a, b) = tokio::join!(one.tend(Pace::EAGER), other.tend(Pace::EAGER));
        a.unwrap();
        b.unwrap();
        let filled = "SELECT count(*) FROM ponte.changelog_part WHERE filling";
        assert_eq!(number(&world.a, filled).await, 1);
        links[1].check().await.unwrap();
    }
    world.assert_equal("nota").await;
}

/// What a refused row keeps at home is still known after the part is gone in which it was noted.
#[tokio::test]
async fn changes_that_the_quarantine_holds_back_survive_the_rotation() {
    let world = World::apart([
        "CREATE TABLE nota (id int PRIMARY KEY, texto text, updated_at timestamptz NOT NULL DEFAULT clock_timestamp())",
        "CREATE TABLE nota (id int PRIMARY KEY, texto text CHECK (texto <> 'mau'), updated_at timestamptz NOT NULL DEFAULT clock_timestamp())",
    ])
    .await;
    let mut link = world.init(&forgetful(&world)).await;
    world.a("INSERT INTO nota VALUES (1, 'um'), (2, 'dois')").await;
    settle(&mut link).await;
    world
        .a("UPDATE nota SET texto = 'mau', updated_at = clock_timestamp() WHERE id = 1")
        .await;
    link.pass().await.unwrap();
    assert_eq!(world.quarantined().await, 1);
    world
        .b("UPDATE ponte.quarantine SET next_try_at = now() + interval '1 day'")
        .await;
    world
        .b("UPDATE nota SET texto = 'daqui', updated_at = clock_timestamp() WHERE id = 1")
        .await;
    world
        .b("UPDATE nota SET texto = 'também', updated_at = clock_timestamp() WHERE id = 2")
        .await;
    for _ in 0..4 {
        link.pass().await.unwrap();
        tend(&mut link).await;
    }
    assert_eq!(
        number(&world.b, ENTRIES).await,
        1,
        "the change of key 1 is kept, the other one is not"
    );
    world
        .a("UPDATE nota SET texto = 'bom', updated_at = updated_at - interval '1 hour' WHERE id = 1")
        .await;
    world.retry_now().await;
    settle(&mut link).await;
    let rows = world.assert_equal("nota").await;
    assert!(rows[0].starts_with("(1,daqui,"), "{rows:?}");
    assert_eq!(
        world.conflicts().await,
        1,
        "the older change was not noticed as a conflict"
    );
}

/// AT-044: a peer that was away for longer than the retention.
#[tokio::test]
async fn a_peer_that_was_away_brings_no_deleted_row_back() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&forgetful(&world)).await;
    world
        .a("INSERT INTO nota (id, texto) SELECT g, 'v' FROM generate_series(1, 20) g")
        .await;
    settle(&mut link).await;
    world.a("DELETE FROM nota WHERE id <= 10").await;
    // Away: the sides tidy up, but nothing is carried.
    for _ in 0..6 {
        tend(&mut link).await;
        world
            .a("UPDATE nota SET texto = texto || 'x', updated_at = clock_timestamp() WHERE id > 15")
            .await;
    }
    world.b("INSERT INTO nota (id) VALUES (30)").await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("nota").await.len(), 11);
    tend(&mut link).await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 0);
}

/// AT-015: passes of a link go past the notes of a table that is still joining it; those are written again when it joins.
#[tokio::test]
async fn notes_of_a_table_that_is_joining_stay_until_it_has_joined() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&forgetful(&world)).await;
    world
        .a("UPDATE ponte.link_table SET joined = false, installed_snapshot = pg_current_snapshot()")
        .await;
    world.a("INSERT INTO nota (id) VALUES (1)").await;
    world
        .a("UPDATE ponte.outgoing SET consumed = pg_current_snapshot()")
        .await;
    tend(&mut link).await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 1);
    world.a("UPDATE ponte.link_table SET joined = true").await;
    tend(&mut link).await;
    assert_eq!(number(&world.a, ENTRIES).await, 0);
}

/// AT-044: a peer that was put back to a time before the retention is not brought into step as if nothing were missing.
#[tokio::test]
async fn a_backup_older_than_the_retention_is_told_of_before_its_rows_come_back() {
    let world = World::with(NOTA).await;
    let spec = forgetful(&world);
    let mut link = world.init(&spec).await;
    world.a("INSERT INTO nota (id) VALUES (1), (2)").await;
    settle(&mut link).await;
    let backup = Backup::of(&world.pair.b).await;
    let (a, b) = (&world.a, &world.pair.url_b);
    a.batch_execute("DELETE FROM nota WHERE id = 1").await.unwrap();
    let mut link = world.open(&spec).await;
    settle(&mut link).await;
    tend(&mut link).await;
    tend(&mut link).await;
    assert_eq!(number(a, ENTRIES).await, 0);
    backup.restore(&world.pair.b).await;
    assert_eq!(
        number(&ponte_testkit::connect(b).await, "SELECT count(*) FROM nota").await,
        2
    );
    let mut link = LiveLink::open_estranged(spec.clone(), world.peers().await)
        .await
        .unwrap();
    assert!(
        link.pass().await.is_err(),
        "it went on as if nothing were missing"
    );
    let found = link.estrangement().await.unwrap();
    assert_eq!(
        (found.lost.as_deref(), found.forgotten),
        (Some("b"), vec!["a".to_owned()])
    );
}

/// A million changes leave nothing behind; prints what was there at most.
#[tokio::test]
async fn a_million_changes_leave_a_small_changelog() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&forgetful(&world)).await;
    world
        .a("INSERT INTO nota (id, texto) SELECT g, 'v' FROM generate_series(1, 1000) g")
        .await;
    settle(&mut link).await;
    let (mut largest, mut given_back) = (0, 0);
    for _ in 0..20 {
        let update = "UPDATE nota SET texto = 'w', updated_at = clock_timestamp()";
        world
            .a(&format!(
                "DO $$ BEGIN FOR n IN 1..50 LOOP {update}; END LOOP; END $$"
            ))
            .await;
        settle(&mut link).await;
        largest = largest.max(bytes(&world.a).await);
        given_back += tend(&mut link).await.bytes;
    }
    tend(&mut link).await;
    let left = bytes(&world.a).await;
    println!("1,001,000 changes: {largest} bytes of changelog at most, {given_back} given back, {left} left");
    assert!(left < 100_000, "{left} bytes are left");
    assert!(largest < 16_000_000, "{largest} bytes at most");
    world.assert_equal("nota").await;
}
