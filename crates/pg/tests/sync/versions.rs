//! Servers of different major versions on the two ends of a link. `make matrix` runs all of the scenarios on more pairs; the
//! oldest against the newest is in every run.

use ponte_pg::ErrorKind;
use ponte_pg::sync::install::drop_link;
use ponte_sync::link::{ApplyAs, Side};
use ponte_testkit::{OLDEST_AND_NEWEST, Pair, TestCluster, binaries_of};

use crate::install::inventory;
use crate::support::{PERFIS, World, settle, text};

const MORE: &str = "
    CREATE TABLE pedido (id uuid PRIMARY KEY, perfil bigint REFERENCES perfis ON DELETE CASCADE, total numeric, linhas jsonb);
    CREATE TABLE medida (dia date, id int GENERATED ALWAYS AS IDENTITY, valor float8, PRIMARY KEY (dia, id)) PARTITION BY RANGE (dia);
    CREATE TABLE medida_1 PARTITION OF medida FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE medida_2 PARTITION OF medida DEFAULT;";

const TABLES: &[&str] = &["perfis", "pedido", "medida"];

async fn pair(first: u32, second: u32) -> Pair {
    let builders = [first, second].map(|major| TestCluster::builder().binaries(binaries_of(major)));
    Pair::start_each(builders, "app", "dono").await
}

/// What a link lives through, from the first contact to the end.
async fn a_whole_life(world: &World) {
    let before = [inventory(&world.a).await, inventory(&world.b).await];
    world
        .sides(
            "INSERT INTO perfis (id, nome) SELECT g, 'a' || g FROM generate_series(1, 40) g; \
             INSERT INTO medida (dia, valor) SELECT '2024-12-20'::date + g, g FROM generate_series(1, 20) g",
            "INSERT INTO perfis (id, nome) SELECT g, 'b' || g FROM generate_series(41, 50) g",
        )
        .await;
    let spec = world.unlimited(TABLES);
    let mut link = world.init(&spec).await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("perfis").await.len(), 50);
    assert_eq!(world.assert_equal("medida").await.len(), 20);

    world
        .sides(
            "UPDATE perfis SET saldo = 1 WHERE id <= 10; DELETE FROM perfis WHERE id = 11; UPDATE perfis SET id = 1000 WHERE id = 12; \
             INSERT INTO pedido SELECT gen_random_uuid(), 1, g, '{\"b\":1,\"a\":[null,1.0]}' FROM generate_series(1, 700) g",
            "UPDATE perfis SET saldo = 2 WHERE id > 20 AND id <= 30; UPDATE medida SET valor = -valor; \
             INSERT INTO pedido SELECT gen_random_uuid(), 41, g, NULL FROM generate_series(1, 30) g",
        )
        .await;
    settle(&mut link).await;
    // Another day for a row is another partition, and on both sides another key.
    world
        .b("UPDATE medida SET dia = dia + 400 WHERE dia = '2024-12-21'")
        .await;
    world.a("UPDATE perfis SET nome = 'velho' WHERE id = 5").await;
    world.b("UPDATE perfis SET nome = 'novo' WHERE id = 5").await;
    settle(&mut link).await;
    for table in TABLES {
        world.assert_equal(table).await;
    }
    assert_eq!(world.conflicts().await, 1);
    assert_eq!(
        text(&world.a, "SELECT nome FROM perfis WHERE id = 5").await,
        "novo"
    );

    world.a("DELETE FROM perfis WHERE id = 1").await;
    world.b("TRUNCATE medida").await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("pedido").await.len(), 30);
    assert_eq!(world.assert_equal("medida").await.len(), 0);
    assert!(link.compare().await.unwrap().iter().all(|t| t.equal()));
    drop(link);
    for side in Side::BOTH {
        drop_link(&spec.name, &mut world.peer(side).await).await.unwrap();
        assert_eq!(inventory(world.client(side)).await, before[side.index()]);
    }
}

async fn in_both_modes_between(first: u32, second: u32) {
    let schema = format!("{PERFIS}{MORE}");
    let world = World::in_pair(pair(first, second).await, &schema, ApplyAs::Plain).await;
    a_whole_life(&world).await;
    a_whole_life(&world.again(&schema, ApplyAs::Replica).await).await;
}

#[tokio::test]
async fn the_oldest_release_syncs_with_the_newest() {
    let (oldest, newest) = OLDEST_AND_NEWEST;
    in_both_modes_between(oldest, newest).await;
}

#[tokio::test]
async fn the_newest_release_syncs_with_the_oldest() {
    let (oldest, newest) = OLDEST_AND_NEWEST;
    in_both_modes_between(newest, oldest).await;
}

#[tokio::test]
async fn a_column_may_be_computed_when_read_on_one_side_and_when_written_on_the_other() {
    let (oldest, newest) = OLDEST_AND_NEWEST;
    let world = World::in_pair(pair(oldest, newest).await, "SELECT 1", ApplyAs::Plain).await;
    let table = "CREATE TABLE conta (id int PRIMARY KEY, centavos int, reais numeric GENERATED ALWAYS AS (centavos / 100.0)";
    world
        .sides(&format!("{table} STORED)"), &format!("{table} VIRTUAL)"))
        .await;
    let mut link = world.init(&world.spec(&["conta"])).await;
    world
        .sides(
            "INSERT INTO conta VALUES (1, 150)",
            "INSERT INTO conta VALUES (2, 250)",
        )
        .await;
    settle(&mut link).await;
    world
        .sides(
            "UPDATE conta SET centavos = 275 WHERE id = 2",
            "UPDATE conta SET centavos = 175 WHERE id = 1",
        )
        .await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("conta").await.len(), 2);
    assert!(link.compare().await.unwrap().iter().all(|t| t.equal()));
}

#[tokio::test]
async fn what_only_the_newest_release_knows_is_synced_or_refused_with_a_reason() {
    let newest = OLDEST_AND_NEWEST.1;
    let schema = "
        CREATE EXTENSION btree_gist;
        CREATE TABLE um (id int PRIMARY KEY DEFAULT 0, codigo text, UNIQUE NULLS NOT DISTINCT (codigo));
        CREATE TABLE quarto (id int PRIMARY KEY, numero int, durante daterange, UNIQUE (numero, durante WITHOUT OVERLAPS));
        CREATE TABLE reserva (id int PRIMARY KEY, numero int, durante daterange,
          CONSTRAINT no_quarto FOREIGN KEY (numero, PERIOD durante) REFERENCES quarto (numero, PERIOD durante));
        CREATE TABLE estadia (numero int4range, durante daterange, PRIMARY KEY (numero, durante WITHOUT OVERLAPS));
        CREATE TABLE solto (id int PRIMARY KEY, um int REFERENCES um NOT ENFORCED);";
    let world = World::in_pair(pair(newest, newest).await, schema, ApplyAs::Plain).await;
    let refused = async |table: &str| {
        let error = world.try_init(&world.spec(&[table])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncUnfit, "{error:?}");
        error.to_string()
    };
    let period = refused("reserva").await;
    assert!(
        period.contains("no_quarto") && period.contains("PERIOD"),
        "{period}"
    );
    let key = refused("estadia").await;
    assert!(key.contains("no primary key"), "{key}");

    // The reference that nobody checks is none of ours either: its table goes over the link without the other one.
    let mut link = world.init(&world.spec(&["um", "solto"])).await;
    world
        .a("INSERT INTO um VALUES (1, NULL), (2, 'x'); INSERT INTO solto VALUES (1, 77)")
        .await;
    settle(&mut link).await;
    world
        .b("UPDATE um SET codigo = 'y' WHERE id = 1; DELETE FROM um WHERE id = 2")
        .await;
    settle(&mut link).await;
    world.b("INSERT INTO um VALUES (3, NULL)").await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("um").await.len(), 2);
    assert_eq!(world.assert_equal("solto").await.len(), 1);
}
