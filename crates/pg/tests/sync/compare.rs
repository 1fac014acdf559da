//! Whether both sides hold the same rows, found out inside the databases.

use std::sync::atomic::{AtomicBool, Ordering};

use ponte_sync::compare::Divergence;
use ponte_sync::link::Side;
use tokio_postgres::Client;

use crate::support::{NOTA, PERFIS, World, settle};

/// A session past capture, as only a superuser has it.
async fn unseen(world: &World, side: Side) -> Client {
    let client = world.cluster(side).superuser("app").await;
    client
        .batch_execute("SET session_replication_role = replica")
        .await
        .unwrap();
    client
}

#[tokio::test]
async fn equal_tables_have_equal_checksums() {
    let world = World::with(&format!("{PERFIS}{NOTA}")).await;
    let mut link = world.init(&world.spec(&["perfis", "nota"])).await;
    world
        .a("INSERT INTO perfis (nome, saldo) SELECT 'a' || g, g FROM generate_series(1, 5000) g")
        .await;
    settle(&mut link).await;
    let found = link.compare().await.unwrap();
    assert_eq!(found.len(), 2);
    for table in &found {
        assert!(table.equal() && table.in_flight == 0, "{table:?}");
        assert_eq!(table.checksum[0], table.checksum[1]);
    }
    let perfis = found.iter().find(|t| t.table == "perfis").unwrap();
    assert_eq!(perfis.rows, [5000, 5000]);
    assert_ne!(
        perfis.checksum[0],
        found.iter().find(|t| t.table == "nota").unwrap().checksum[0]
    );
}

fn different(id: i32, columns: &[&str]) -> Divergence {
    let columns = columns.iter().map(ToString::to_string).collect();
    Divergence::Different(format!("{{{id}}}"), columns)
}

/// AT-170, AT-172: whatever differs is found, also before the first and after the last key, and named with its columns.
#[tokio::test]
async fn rows_that_drifted_past_capture_are_found_and_located() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    world
        .a("INSERT INTO nota SELECT g, 'x' || g FROM generate_series(1, 3000) g")
        .await;
    settle(&mut link).await;
    let (a, b) = (
        unseen(&world, Side::First).await,
        unseen(&world, Side::Second).await,
    );
    a.batch_execute("INSERT INTO nota VALUES (9001, 'so em a'); UPDATE nota SET texto = NULL WHERE id = 7; DELETE FROM nota WHERE id = 3000")
        .await
        .unwrap();
    b.batch_execute("INSERT INTO nota VALUES (-5, 'so em b'); UPDATE nota SET texto = 'x8 ' WHERE id = 8; DELETE FROM nota WHERE id = 1; \
                     UPDATE nota SET updated_at = updated_at + interval '1 microsecond' WHERE id = 9")
        .await
        .unwrap();
    let found = link.compare().await.unwrap().remove(0);
    assert!(!found.equal());
    assert_eq!(
        (found.missing, found.different, found.in_flight),
        ([2, 2], 3, 0),
        "{found:?}"
    );
    let mut keys = found.keys;
    keys.sort();
    let expected = [
        Divergence::MissingInFirst("{-5}".into()),
        Divergence::MissingInFirst("{3000}".into()),
        Divergence::MissingInSecond("{1}".into()),
        Divergence::MissingInSecond("{9001}".into()),
        different(7, &["texto"]),
        different(8, &["texto"]),
        different(9, &["updated_at"]),
    ];
    assert_eq!(keys, expected);
    assert_ne!(found.checksum[0], found.checksum[1]);
    // Two values that changed places leave every sum over single columns as it was.
    a.batch_execute(
        "TRUNCATE nota; INSERT INTO nota VALUES (1, 'p', '2024-01-01 UTC'), (2, 'q', '2024-01-01 UTC')",
    )
    .await
    .unwrap();
    b.batch_execute(
        "TRUNCATE nota; INSERT INTO nota VALUES (1, 'q', '2024-01-01 UTC'), (2, 'p', '2024-01-01 UTC')",
    )
    .await
    .unwrap();
    let found = link.compare().await.unwrap().remove(0);
    assert_eq!((found.missing, found.different), ([0, 0], 2));
}

/// AT-172, AT-173: composite keys of texts and numbers; values are equal where they are stored alike, which is what a pass would make them.
#[tokio::test]
async fn values_are_equal_where_they_are_stored_alike() {
    let schema = "CREATE TABLE medida (a text, b numeric, n numeric, f float8, t timestamptz, j jsonb, PRIMARY KEY (a, b));";
    let world = World::with(schema).await;
    let row = |key: &str| {
        format!("INSERT INTO medida VALUES ({key}, 1.50, 0.1, '2024-01-01 00:00:00.000001+00', NULL)")
    };
    world
        .both(
            &[
                row("'a,\"b\\', 1"),
                row("'', -1"),
                row("'é', 2"),
                row("'z', 1e30"),
                row("'{}', 3"),
            ]
            .join(";"),
        )
        .await;
    let mut link = world.init(&world.spec(&["medida"])).await;
    assert!(link.compare().await.unwrap()[0].equal());
    unseen(&world, Side::First)
        .await
        .batch_execute(
            "UPDATE medida SET n = 1.5 WHERE b = 1; UPDATE medida SET f = 0.1::float8 + 1e-18 WHERE b = -1; UPDATE medida SET f = 0.30000000000000004 - 0.2 WHERE b = 2; \
             UPDATE medida SET t = t + '1 microsecond' WHERE b = 1e30; UPDATE medida SET j = 'null' WHERE b = 3",
        )
        .await
        .unwrap();
    let mut found = link.compare().await.unwrap().remove(0).keys;
    found.sort();
    let columns: Vec<String> = found
        .iter()
        .map(|d| match d {
            Divergence::Different(key, columns) => format!("{key} {}", columns.join(",")),
            _ => panic!("{d:?}"),
        })
        .collect();
    let expected = [
        r#"{"a,\"b\\",1} n"#,
        r#"{"{}",3} j"#,
        "{z,1000000000000000000000000000000} t",
        "{é,2} f",
    ];
    assert_eq!(columns, expected);
}

#[tokio::test]
async fn keys_that_are_on_their_way_are_no_divergence() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    world
        .a("INSERT INTO nota SELECT g, 'x' FROM generate_series(1, 100) g")
        .await;
    settle(&mut link).await;
    world
        .sides(
            "UPDATE nota SET texto = 'y' WHERE id <= 10",
            "DELETE FROM nota WHERE id > 95",
        )
        .await;
    unseen(&world, Side::Second)
        .await
        .batch_execute("UPDATE nota SET texto = 'z' WHERE id = 50")
        .await
        .unwrap();
    let found = link.compare().await.unwrap().remove(0);
    assert_eq!(
        (found.missing, found.different, found.in_flight),
        ([0, 0], 1, 15),
        "{found:?}"
    );
}

/// Trap 56.
#[tokio::test]
async fn live_sides_that_agree_are_not_accused() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    let mut link = world.init(&spec).await;
    world
        .a("INSERT INTO nota SELECT g, 'x' FROM generate_series(1, 50) g")
        .await;
    settle(&mut link).await;
    let mut other = world.open(&spec).await;
    let stop = AtomicBool::new(false);
    let write = async |side: Side| {
        let client = world.another(side).await;
        let sql = "UPDATE nota SET texto = random()::text, updated_at = clock_timestamp() WHERE id = $1";
        for id in (1..=50).cycle() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            client.execute(sql, &[&id]).await.unwrap();
        }
    };
    let (accused, (), (), ()) = tokio::join!(
        async {
            let mut accused = Vec::new();
            for _ in 0..4 {
                accused.extend(link.compare().await.unwrap().into_iter().filter(|t| !t.equal()));
            }
            stop.store(true, Ordering::Relaxed);
            accused
        },
        write(Side::First),
        write(Side::Second),
        async {
            while !stop.load(Ordering::Relaxed) {
                other.pass().await.unwrap();
            }
        }
    );
    assert_eq!(accused, []);
}
