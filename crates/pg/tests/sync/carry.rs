//! What is written on one side arrives on the other.

use ponte_sync::batch;
use ponte_sync::forward::Shipped;
use ponte_sync::link::ApplyAs;
use ponte_testkit::TestCluster;

use crate::support::{PERFIS, World, number, settle, text};

#[tokio::test]
async fn inserts_updates_and_deletes_arrive_from_both_sides() {
    let world = World::with(PERFIS).await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world
        .a("INSERT INTO perfis (nome) SELECT 'a' || g FROM generate_series(1, 20) g")
        .await;
    world
        .b("INSERT INTO perfis (nome) SELECT 'b' || g FROM generate_series(1, 30) g")
        .await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("perfis").await.len(), 50);
    world
        .a("UPDATE perfis SET saldo = 7 WHERE nome LIKE 'b%'; DELETE FROM perfis WHERE nome = 'b1'")
        .await;
    world
        .b("UPDATE perfis SET saldo = 9 WHERE nome LIKE 'a%'; DELETE FROM perfis WHERE nome = 'a1'")
        .await;
    settle(&mut link).await;
    let rows = world.assert_equal("perfis").await;
    assert_eq!(rows.len(), 48);
    assert_eq!(number(&world.a, "SELECT count(*) FROM ponte.conflict").await, 0);
    assert_eq!(
        number(&world.b, "SELECT count(*) FROM perfis WHERE saldo = 7").await,
        29
    );
}

#[tokio::test]
async fn the_newer_of_two_changes_wins_and_the_other_is_kept() {
    let world = World::with(PERFIS).await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world
        .a("INSERT INTO perfis (id, nome) VALUES (1, 'um'), (2, 'dois'), (3, 'tres')")
        .await;
    settle(&mut link).await;
    world
        .a("UPDATE perfis SET nome = 'velho em a' WHERE id = 1")
        .await;
    world.b("UPDATE perfis SET nome = 'novo em b' WHERE id = 1").await;
    world
        .b("UPDATE perfis SET nome = 'velho em b' WHERE id = 2")
        .await;
    world.a("UPDATE perfis SET nome = 'novo em a' WHERE id = 2").await;
    world.a("UPDATE perfis SET nome = 'mudado' WHERE id = 3").await;
    world.b("DELETE FROM perfis WHERE id = 3").await;
    settle(&mut link).await;
    let rows = world.assert_equal("perfis").await;
    assert_eq!(rows.len(), 2);
    assert_eq!(
        text(&world.a, "SELECT nome FROM perfis WHERE id = 1").await,
        "novo em b"
    );
    assert_eq!(
        text(&world.b, "SELECT nome FROM perfis WHERE id = 2").await,
        "novo em a"
    );
    let kept = text(
        &world.b,
        "SELECT string_agg(kind || ' ' || winner || ' ' || coalesce(here_image[3], '-') || ' ' || coalesce(there_image[3], '-'), '; ' ORDER BY key_values) FROM ponte.conflict",
    )
    .await;
    assert_eq!(
        kept,
        "update_origin_differs b novo em b velho em a; update_origin_differs a velho em b novo em a; update_missing b - mudado"
    );
}

#[tokio::test]
async fn an_idle_pass_changes_no_row_counter() {
    let world = World::with(PERFIS).await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world.a("INSERT INTO perfis (nome) VALUES ('x')").await;
    settle(&mut link).await;
    let snapshot = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
    let before = (number(&world.a, snapshot).await, number(&world.b, snapshot).await);
    for _ in 0..10 {
        assert!(!link.pass().await.unwrap().moved());
    }
    let after = (number(&world.a, snapshot).await, number(&world.b, snapshot).await);
    assert_eq!(before, after, "an idle pass took a transaction id");
}

/// Where the server has no statistics of a part of a changelog yet, it took half a range for a third of the part, and read all of it in every pass.
#[tokio::test]
async fn looking_for_changes_reads_a_range_also_where_nothing_was_analyzed() {
    let builder = TestCluster::builder().setting("autovacuum", "off");
    let world = World::over(builder, PERFIS, ApplyAs::Plain).await;
    let mut link = world.init(&world.spec(&["perfis"])).await;
    world
        .a("INSERT INTO perfis (nome) SELECT 'a' || g FROM generate_series(1, 20000) g")
        .await;
    settle(&mut link).await;
    let side = &link.tables()[0].sides[0];
    let count = batch::count_pending(&[(side, Shipped::Others)], "teste", 501);
    let prepare = format!("PREPARE looked (text) AS {}", count.as_str());
    world.a.batch_execute(&prepare).await.unwrap();
    let consumed = text(&world.a, "SELECT consumed::text FROM ponte.outgoing").await;
    let view = "EXPLAIN SELECT * FROM perfis_changelog WHERE synced = FALSE".to_owned();
    for explain in [format!("EXPLAIN EXECUTE looked ('{consumed}')"), view] {
        let rows = world.a.query(&explain, &[]).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let read_whole = plan
            .iter()
            .find(|line| line.contains("Seq Scan on changelog1_perfis"));
        assert_eq!(read_whole, None, "{}", plan.join("\n"));
    }
}
