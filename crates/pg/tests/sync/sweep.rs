//! A batch is written first and checked afterwards where nobody else seems to write; here somebody does.

use std::time::Duration;

use ponte_testkit::{connect, eventually};
use tokio_postgres::Client;

use crate::support::{PERFIS, World, number, settle, text};

const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until some session of the database waits for another one's lock.
async fn until_somebody_waits(client: &Client) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'ponte%'";
    eventually(PATIENCE, "a batch that waits for a lock", async || {
        (number(client, waiting).await > 0).then_some(())
    })
    .await;
}

async fn world_with_one_row() -> World {
    let world = World::with(PERFIS).await;
    world.a("INSERT INTO perfis (id, nome) VALUES (1, 'um')").await;
    world
}

#[tokio::test]
async fn a_change_that_commits_while_its_row_is_being_swept_is_a_conflict() {
    let world = world_with_one_row().await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world.a("UPDATE perfis SET nome = 'de a' WHERE id = 1").await;
    let writer = connect(&world.pair.url_b).await;
    writer
        .batch_execute("BEGIN; UPDATE perfis SET nome = 'de b' WHERE id = 1")
        .await
        .unwrap();
    let pass = async {
        link.pass().await.unwrap();
    };
    let commit = async {
        until_somebody_waits(&world.b).await;
        writer.batch_execute("COMMIT").await.unwrap();
    };
    tokio::join!(pass, commit);
    settle(&mut link).await;
    world.assert_equal("perfis").await;
    // b wrote last, and a's row is kept.
    assert_eq!(text(&world.a, "SELECT nome FROM perfis").await, "de b");
    assert_eq!(number(&world.b, "SELECT count(*) FROM ponte.conflict").await, 1);
}

#[tokio::test]
async fn a_row_that_appears_while_the_same_key_is_being_swept_is_a_conflict() {
    let world = world_with_one_row().await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world.a("INSERT INTO perfis (id, nome) VALUES (7, 'de a')").await;
    let writer = connect(&world.pair.url_b).await;
    writer
        .batch_execute("BEGIN; INSERT INTO perfis (id, nome) VALUES (7, 'de b')")
        .await
        .unwrap();
    let pass = async {
        link.pass().await.unwrap();
    };
    let commit = async {
        until_somebody_waits(&world.b).await;
        writer.batch_execute("COMMIT").await.unwrap();
    };
    tokio::join!(pass, commit);
    settle(&mut link).await;
    let rows = world.assert_equal("perfis").await;
    assert_eq!(rows.len(), 2);
    assert_eq!(number(&world.b, "SELECT count(*) FROM ponte.conflict").await, 1);
}

#[tokio::test]
async fn rows_that_the_sweep_cannot_place_are_left_to_the_rounds() {
    let world = world_with_one_row().await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    // Updated here and never there: the row is missing on the other side without a change of it.
    world.b("ALTER TABLE perfis DISABLE TRIGGER USER").await;
    world.b("DELETE FROM perfis").await;
    world.b("ALTER TABLE perfis ENABLE TRIGGER USER").await;
    // A changed key, a row that comes and goes, one that goes and comes back, one that ends as it was.
    world
        .a("INSERT INTO perfis (id, nome) VALUES (2, 'dois'), (3, 'tres'), (4, 'quatro'), (5, 'cinco')")
        .await;
    settle(&mut link).await;
    world
        .a(
            "UPDATE perfis SET nome = 'UM' WHERE id = 1; UPDATE perfis SET id = 20 WHERE id = 2;
            INSERT INTO perfis (id, nome) VALUES (6, 'seis'); DELETE FROM perfis WHERE id = 6;
            DELETE FROM perfis WHERE id = 3; INSERT INTO perfis (id, nome) VALUES (3, 'TRES')",
        )
        .await;
    world.a("ALTER TABLE perfis DISABLE TRIGGER carimbo").await;
    world.a("UPDATE perfis SET nome = nome WHERE id = 4").await;
    world.a("ALTER TABLE perfis ENABLE TRIGGER carimbo").await;
    settle(&mut link).await;
    let rows = world.assert_equal("perfis").await;
    assert_eq!(rows.len(), 5);
    assert_eq!(number(&world.b, "SELECT count(*) FROM ponte.conflict").await, 0);
}

#[tokio::test]
async fn a_refused_sweep_leaves_nothing_behind_and_the_rounds_set_the_row_aside() {
    let world = world_with_one_row().await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world.b("ALTER TABLE perfis ADD CHECK (saldo < 100)").await;
    world
        .a("INSERT INTO perfis (id, nome, saldo) VALUES (2, 'dois', 1); UPDATE perfis SET saldo = 500 WHERE id = 1")
        .await;
    assert_eq!(link.pass().await.unwrap().quarantined(), 1);
    assert_eq!(
        number(&world.b, "SELECT count(*) FROM perfis WHERE saldo = 1").await,
        1
    );
    world.a("UPDATE perfis SET saldo = 5 WHERE id = 1").await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("perfis").await.len(), 2);
}

/// Large enough to travel by itself, not among the small batches.
const MANY: i64 = 3_000;

/// Both sides change many rows, and a few of them are the same ones.
#[tokio::test]
async fn only_rows_that_both_sides_changed_are_kept_out_of_the_sweep() {
    let world = World::with(PERFIS).await;
    world
        .a(&format!(
            "INSERT INTO perfis (id, nome, email) SELECT g, 'velho', 'e' || g FROM generate_series(1, {MANY}) g"
        ))
        .await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    let half = MANY / 2;
    world
        .a(&format!("UPDATE perfis SET nome = 'de a' WHERE id <= {half}"))
        .await;
    // Ten of those too, a row of each kind besides, and one that frees a unique value for another.
    world
        .b(&format!(
            "UPDATE perfis SET nome = 'de b' WHERE id BETWEEN {half} - 9 AND {half} + 1000;
             DELETE FROM perfis WHERE id = {MANY};
             INSERT INTO perfis (id, nome, email) VALUES ({MANY} + 1, 'novo', 'e{MANY}')"
        ))
        .await;
    world
        .a(&format!(
            "INSERT INTO perfis (id, nome) SELECT g, 'novo' FROM generate_series({MANY} + 100, {MANY} + 400) g;
             DELETE FROM perfis WHERE id > {MANY} + 390"
        ))
        .await;
    let report = link.pass().await.unwrap();
    assert_eq!(report.conflicts(), 10);
    settle(&mut link).await;
    world.assert_equal("perfis").await;
    let count = async |name: &str| {
        number(
            &world.a,
            &format!("SELECT count(*) FROM perfis WHERE nome = '{name}'"),
        )
        .await
    };
    // b wrote later.
    assert_eq!(
        (count("de a").await, count("de b").await, count("novo").await),
        (half - 10, 1010, 292)
    );
}

/// What was deleted and inserted again comes to a place where a row is; what is only new does not.
#[tokio::test]
async fn rows_that_are_replaced_in_a_large_batch_arrive_as_they_are() {
    let world = World::with(PERFIS).await;
    world
        .a(&format!(
            "INSERT INTO perfis (id, nome) SELECT g, 'velho' FROM generate_series(1, {MANY}) g"
        ))
        .await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world
        .a(&format!(
            "DELETE FROM perfis WHERE id > 100; INSERT INTO perfis (id, nome) SELECT g, 'novo' FROM generate_series(101, 2 * {MANY}) g"
        ))
        .await;
    settle(&mut link).await;
    let rows = world.assert_equal("perfis").await;
    assert_eq!(i64::try_from(rows.len()).unwrap(), 2 * MANY);
    assert_eq!(number(&world.b, "SELECT count(*) FROM ponte.conflict").await, 0);
    assert_eq!(
        number(&world.b, "SELECT count(*) FROM perfis WHERE nome = 'velho'").await,
        100
    );
}

/// Rows that are only new go straight into their table, until one of them cannot.
#[tokio::test]
async fn new_rows_that_cannot_go_straight_into_their_table_go_like_all_others() {
    let world = world_with_one_row().await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    let insert = |first: i64, saldo: i64| {
        format!(
            "INSERT INTO perfis (id, nome, saldo) SELECT g, 'de a', CASE g WHEN {first} + 5 THEN {saldo} ELSE 1 END
             FROM generate_series({first}, {first} + {MANY} - 1) g"
        )
    };
    world.a(&insert(1_000_000, 1)).await;
    assert_eq!(
        link.pass().await.unwrap().directions[0].applied.upserts,
        u64::try_from(MANY).unwrap()
    );
    // A row that is refused.
    world.b("ALTER TABLE perfis ADD CHECK (saldo < 100)").await;
    world.a(&insert(2_000_000, 500)).await;
    assert_eq!(link.pass().await.unwrap().quarantined(), 1);
    world.a("UPDATE perfis SET saldo = 5 WHERE saldo = 500").await;
    settle(&mut link).await;
    // A row that the target was about to add itself.
    world.a(&insert(3_000_000, 1)).await;
    let writer = connect(&world.pair.url_b).await;
    writer
        .batch_execute("BEGIN; INSERT INTO perfis (id, nome) VALUES (3000007, 'de b')")
        .await
        .unwrap();
    let pass = async {
        assert_eq!(link.pass().await.unwrap().conflicts(), 1);
    };
    let commit = async {
        until_somebody_waits(&world.b).await;
        writer.batch_execute("COMMIT").await.unwrap();
    };
    tokio::join!(pass, commit);
    settle(&mut link).await;
    let rows = world.assert_equal("perfis").await;
    assert_eq!(i64::try_from(rows.len()).unwrap(), 3 * MANY + 1);
    assert_eq!(
        text(&world.a, "SELECT nome FROM perfis WHERE id = 3000007").await,
        "de b"
    );
}
