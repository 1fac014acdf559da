//! Rows that were there before the link was.

use ponte_sync::link::{ConflictRule, FirstContact, Side};

use crate::support::{NOTA, PERFIS, World, in_both_modes, number, settle, text};

#[tokio::test]
async fn an_empty_side_is_filled_from_the_other_whichever_it_is() {
    in_both_modes(&format!("{PERFIS}{NOTA}"), async |world| {
        world
            .a("INSERT INTO perfis (nome) SELECT 'a' || g FROM generate_series(1, 1000) g")
            .await;
        world
            .b("INSERT INTO nota SELECT g, 'b' FROM generate_series(1, 500) g")
            .await;
        let report = world.try_init(&world.spec(&["perfis", "nota"])).await.unwrap();
        assert_eq!(report.copied, 1500);
        assert!(!report.settled.unwrap().moved());
        assert_eq!(world.assert_equal("perfis").await.len(), 1000);
        assert_eq!(world.assert_equal("nota").await.len(), 500);
        assert_eq!(world.conflicts().await, 0);
    })
    .await;
}

#[tokio::test]
async fn sides_that_are_equal_already_are_left_alone() {
    in_both_modes(NOTA, async |world| {
        world
            .both("INSERT INTO nota SELECT g, 'igual', '2024-01-01 UTC' FROM generate_series(1, 1000) g")
            .await;
        let xmin = "SELECT count(DISTINCT xmin::text) FROM nota";
        let report = world.try_init(&world.spec(&["nota"])).await.unwrap();
        assert_eq!((report.merged.upserts, report.merged.conflicts), (0, 0));
        assert!(!report.settled.unwrap().moved());
        assert_eq!(
            number(&world.a, xmin).await + number(&world.b, xmin).await,
            2,
            "rows were written"
        );
    })
    .await;
}

/// 1 to 3 only at A, 4 to 6 only at B, 7 to 9 at both: 7 newer at A, 8 newer at B, 9 equal.
const APART_A: &str = "INSERT INTO nota SELECT g, 'a', CASE g WHEN 7 THEN '2024-02-01 UTC' ELSE '2024-01-01 UTC' END::timestamptz
     FROM unnest(ARRAY[1,2,3,7,8]) g; INSERT INTO nota VALUES (9, 'igual', '2024-01-01 UTC')";
const APART_B: &str = "INSERT INTO nota SELECT g, 'b', CASE g WHEN 8 THEN '2024-02-01 UTC' ELSE '2024-01-01 UTC' END::timestamptz
     FROM unnest(ARRAY[4,5,6,7,8]) g; INSERT INTO nota VALUES (9, 'igual', '2024-01-01 UTC')";

async fn check_merge(first_contact: FirstContact, rule: ConflictRule, expected: &str) {
    in_both_modes(NOTA, async |world| {
        world.sides(APART_A, APART_B).await;
        let mut spec = world.spec(&["nota"]);
        spec.first_contact = first_contact;
        spec.conflict = rule;
        let mut link = world.init(&spec).await;
        settle(&mut link).await;
        world.assert_equal("nota").await;
        let content = "SELECT string_agg(id || coalesce(texto, ''), ' ' ORDER BY id) FROM nota";
        assert_eq!(text(&world.a, content).await, expected);
        assert_eq!(world.conflicts().await, 2, "the losers are kept");
        let images =
            "SELECT string_agg(here_image[2] || there_image[2], ' ' ORDER BY key_values) FROM ponte.conflict";
        assert_eq!(text(&world.b, images).await, "ba ba");
    })
    .await;
}

#[tokio::test]
async fn different_rows_are_merged_by_version() {
    check_merge(
        FirstContact::Merge,
        ConflictRule::Latest,
        "1a 2a 3a 4b 5b 6b 7a 8b 9igual",
    )
    .await;
}

#[tokio::test]
async fn a_side_that_wins_the_first_contact_keeps_its_rows_and_gets_the_others() {
    check_merge(
        FirstContact::Wins(Side::First),
        ConflictRule::Latest,
        "1a 2a 3a 4b 5b 6b 7a 8a 9igual",
    )
    .await;
    check_merge(
        FirstContact::Wins(Side::Second),
        ConflictRule::Latest,
        "1a 2a 3a 4b 5b 6b 7b 8b 9igual",
    )
    .await;
}

#[tokio::test]
async fn a_merge_follows_the_rule_for_conflicts() {
    check_merge(
        FirstContact::Merge,
        ConflictRule::Wins(Side::Second),
        "1a 2a 3a 4b 5b 6b 7b 8b 9igual",
    )
    .await;
}

#[tokio::test]
async fn trusted_sides_are_not_compared_but_followed_from_then_on() {
    let world = World::with(NOTA).await;
    world
        .sides(
            "INSERT INTO nota VALUES (1, 'a')",
            "INSERT INTO nota VALUES (2, 'b')",
        )
        .await;
    let mut spec = world.spec(&["nota"]);
    spec.first_contact = FirstContact::Trust;
    let mut link = world.init(&spec).await;
    settle(&mut link).await;
    assert_eq!(number(&world.a, "SELECT sum(id) FROM nota").await, 1);
    world.a("INSERT INTO nota VALUES (3, 'a')").await;
    settle(&mut link).await;
    assert_eq!(number(&world.b, "SELECT sum(id) FROM nota").await, 5);
}

#[tokio::test]
async fn children_are_brought_together_with_their_parents() {
    let schema = "CREATE TABLE pai (id int PRIMARY KEY); CREATE TABLE filho (id int PRIMARY KEY, pai int NOT NULL REFERENCES pai);
                  CREATE TABLE neto (id int PRIMARY KEY, filho int NOT NULL REFERENCES filho);";
    in_both_modes(schema, async |world| {
        world
            .sides(
                "INSERT INTO pai VALUES (1), (2); INSERT INTO filho VALUES (1, 1), (2, 2); INSERT INTO neto VALUES (1, 1)",
                "INSERT INTO pai VALUES (2), (3)",
            )
            .await;
        let mut link = world.init(&world.spec(&["neto", "filho", "pai"])).await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("pai").await.len(), 3);
        assert_eq!(world.assert_equal("filho").await.len(), 2);
        assert_eq!(world.assert_equal("neto").await.len(), 1);
    })
    .await;
    in_both_modes(schema, async |world| {
        world
            .sides(
                "INSERT INTO pai VALUES (1)",
                "INSERT INTO pai VALUES (2); INSERT INTO filho VALUES (1, 2); INSERT INTO neto VALUES (1, 1)",
            )
            .await;
        let mut link = world.init(&world.spec(&["neto", "filho", "pai"])).await;
        settle(&mut link).await;
        assert_eq!(world.assert_equal("pai").await.len(), 2);
        assert_eq!(world.assert_equal("neto").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn writes_that_go_on_during_init_arrive_too() {
    in_both_modes(PERFIS, async |world| {
        world.a("INSERT INTO perfis (nome) SELECT 'a' || g FROM generate_series(1, 5000) g").await;
        world.b("INSERT INTO perfis (id, nome) SELECT 100000 + g, 'b' || g FROM generate_series(1, 5000) g; SELECT setval('perfis_id_seq', 105000)").await;
        let stop = std::sync::atomic::AtomicBool::new(false);
        let write = async |side: Side| {
            let client = world.another(side).await;
            let mut writes = 0_i64;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let sql = format!(
                    "INSERT INTO perfis (nome) VALUES ('durante'); UPDATE perfis SET saldo = saldo + 1 WHERE nome = '{}{}'; DELETE FROM perfis WHERE nome = '{0}{}'",
                    ["a", "b"][side.index()],
                    1 + writes % 2000,
                    3000 + writes % 1000
                );
                client.batch_execute(&sql).await.unwrap();
                writes += 1;
            }
            writes
        };
        let spec = world.spec(&["perfis"]);
        let (report, of_a, of_b) = tokio::join!(
            async {
                let report = world.try_init(&spec).await;
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
                report
            },
            write(Side::First),
            write(Side::Second)
        );
        report.unwrap();
        let mut link = world.open(&spec).await;
        settle(&mut link).await;
        world.assert_equal("perfis").await;
        assert_eq!(number(&world.a, "SELECT count(*) FROM perfis WHERE nome = 'durante'").await, of_a + of_b);
        let deleted = of_a.min(1000) + of_b.min(1000);
        assert_eq!(number(&world.b, "SELECT count(*) FROM perfis WHERE nome <> 'durante'").await, 10_000 - deleted);
        assert!(of_a > 0 && of_b > 0);
    })
    .await;
}
