//! Conflicts merged column by column, beyond the matrix in `policies`: mappings, chains, ties, what capture notes, and links that begin to
//! ask for it.

use ponte_pg::ErrorKind;
use ponte_pg::sync::conflicts::conflicts;
use ponte_pg::sync::{LiveLink, plan_init};
use ponte_sync::link::{ColumnMap, ConflictRule, LinkSpec, Side};

use crate::mapping::expression;
use crate::network::Network;
use crate::support::{World, in_both_modes, in_both_modes_apart, number, settle, text};

pub(crate) const FICHA: &str = "CREATE TABLE ficha (id int PRIMARY KEY, a text, b text, c int, updated_at timestamptz NOT NULL DEFAULT clock_timestamp())";

/// Versions come from the clock.
const SEM_VERSAO: &str = "CREATE TABLE ficha (id int PRIMARY KEY, a text, b text, c int)";

pub(crate) fn merging(world: &World, tables: &[&str]) -> LinkSpec {
    let mut spec = world.spec(tables);
    spec.conflict = ConflictRule::Merge;
    spec
}

/// Columns of the row `id` without its version.
pub(crate) async fn row(world: &World, side: Side, id: i32) -> String {
    let sql = format!("SELECT concat_ws(' ', a, b, c) FROM ficha WHERE id = {id}");
    text(world.client(side), &sql).await
}

/// AT-032: both images are kept, and from where each column came.
#[tokio::test]
async fn the_record_of_a_merge_says_which_column_came_from_where() {
    in_both_modes(FICHA, async |world| {
        let mut link = world.init(&merging(world, &["ficha"])).await;
        world
            .a("INSERT INTO ficha VALUES (1, 'a', 'b', 1, '2024-01-01 UTC')")
            .await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE ficha SET a = 'a1', c = 5, updated_at = '2024-01-02 UTC'",
                "UPDATE ficha SET b = 'b2', c = 6, updated_at = '2024-01-03 UTC'",
            )
            .await;
        settle(&mut link).await;
        let found = world.assert_equal("ficha").await;
        assert_eq!(row(world, Side::First, 1).await, "a1 b2 6");
        assert!(found[0].contains("2024-01-03"), "{found:?}");
        let mut peer = world.peer(Side::Second).await;
        let recorded = conflicts("teste", &mut peer, 10).await.unwrap();
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0].winner.as_deref(), Some("merged"));
        let taken: Vec<_> = recorded[0]
            .taken
            .as_ref()
            .unwrap()
            .iter()
            .map(|t| t.as_deref())
            .collect();
        assert_eq!(taken, [None, Some("a"), Some("b"), Some("b"), Some("b")]);
        assert_eq!(world.conflicts().await, 1);
    })
    .await;
}

/// Without a version column every note has the time of the clock, and the merged row has to be the newest on both sides.
#[tokio::test]
async fn a_table_without_a_version_column_is_merged_too() {
    in_both_modes(SEM_VERSAO, async |world| {
        let mut link = world.init(&merging(world, &["ficha"])).await;
        world
            .a("INSERT INTO ficha SELECT g, 'a', 'b', g FROM generate_series(1, 700) g")
            .await;
        settle(&mut link).await;
        for round in 1..=3 {
            world
                .sides(
                    &format!("UPDATE ficha SET a = 'a{round}'"),
                    &format!("UPDATE ficha SET b = 'b{round}'"),
                )
                .await;
            settle(&mut link).await;
            world.assert_equal("ficha").await;
            let sql =
                format!("SELECT count(*) FROM ficha WHERE a = 'a{round}' AND b = 'b{round}' AND c = id");
            assert_eq!(number(&world.b, &sql).await, 700, "round {round}");
        }
        assert_eq!(world.conflicts().await, 2_100);
    })
    .await;
}

/// Which columns a note names, by their numbers.
async fn noted(world: &World) -> Vec<String> {
    let sql = "SELECT coalesce(changed::text, 'all') FROM ponte.changelog_ficha ORDER BY seq";
    let rows = world.a.query(sql, &[]).await.unwrap();
    rows.iter().map(|r| r.get(0)).collect()
}

#[tokio::test]
async fn capture_notes_the_columns_that_a_statement_changed_in_each_row() {
    let world = World::with(&format!("{FICHA}; ALTER TABLE ficha ADD j json, ADD p point")).await;
    world
        .a("INSERT INTO ficha VALUES (0, 'x', 'x', 1), (1, 'x', 'y', 1)")
        .await;
    world.init(&merging(&world, &["ficha"])).await;
    world.a("TRUNCATE ponte.changelog_ficha").await;
    world.a("UPDATE ficha SET a = 'y' WHERE id < 2").await;
    world.a("UPDATE ficha SET b = 'y', c = c WHERE id < 2").await;
    world
        .a("UPDATE ficha SET c = id, j = '{}', p = '(1,2)' WHERE id = 1")
        .await;
    world.a("UPDATE ficha SET id = id + 10 WHERE id = 0").await;
    world.a("UPDATE ficha SET a = a || id, id = 12 - id").await;
    let notes = noted(&world).await;
    let updates = ["0100000", "0100000", "0010000", "0000000", "0000011"];
    assert_eq!(notes[..5], updates, "{notes:?}");
    // 0 moves to 10: nobody had that key. Then 1 and 10 move to 11 and 2.
    assert_eq!(notes[5..], ["all"; 6], "{notes:?}");
}

#[tokio::test]
async fn columns_that_come_go_and_are_renamed_neither_fail_a_write_nor_move_a_mask() {
    in_both_modes(FICHA, async |world| {
        let spec = merging(world, &["ficha"]);
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO ficha SELECT g, 'a', 'b', 1, '2024-01-01 UTC' FROM generate_series(1, 4) g").await;
        settle(&mut link).await;
        // A change under the old columns, then the columns change on both sides, then more changes.
        world
            .sides(
                "UPDATE ficha SET c = 7, updated_at = '2024-01-02 UTC' WHERE id = 1",
                "UPDATE ficha SET b = 'b2', updated_at = '2024-01-03 UTC' WHERE id = 1",
            )
            .await;
        world
            .both("ALTER TABLE ficha DROP COLUMN a; ALTER TABLE ficha RENAME COLUMN b TO a; ALTER TABLE ficha ADD COLUMN d text")
            .await;
        world.a("UPDATE ficha SET d = 'd', updated_at = '2024-01-02 UTC' WHERE id = 2").await;
        world.b("UPDATE ficha SET a = 'a2', updated_at = '2024-01-03 UTC' WHERE id = 2").await;
        drop(link);
        let mut link = world.open(&spec).await;
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        let one = "SELECT concat_ws(' ', a, c, d) FROM ficha WHERE id = $1";
        let get = async |id: i32| -> String { world.b.query_one(one, &[&id]).await.unwrap().get(0) };
        assert_eq!(get(1).await, "b2 7");
        assert_eq!(get(2).await, "a2 1", "columns that capture does not know are decided by the newer version");
        // From the next init on, the new columns are noted.
        drop(link);
        assert!(!plan_init(&spec, &mut world.peers().await).await.unwrap().complete());
        world.try_init(&spec).await.unwrap();
        assert!(plan_init(&spec, &mut world.peers().await).await.unwrap().complete());
        let mut link = world.open(&spec).await;
        world
            .sides(
                "UPDATE ficha SET d = 'd', updated_at = '2024-01-04 UTC' WHERE id = 3",
                "UPDATE ficha SET a = 'a3', updated_at = '2024-01-05 UTC' WHERE id = 3",
            )
            .await;
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        assert_eq!(get(3).await, "a3 1 d");
    })
    .await;
}

/// A link that is asked to merge from now on: `init` makes what that needs, and until then the link does not run. What was noted before counts
/// as a change of every column.
#[tokio::test]
async fn a_link_that_exists_begins_to_merge_with_init_and_stops_with_it() {
    in_both_modes(FICHA, async |world| {
        let mut link = world.init(&world.spec(&["ficha"])).await;
        world
            .a("INSERT INTO ficha SELECT g, 'a', 'b', 1, '2024-01-01 UTC' FROM generate_series(1, 4) g")
            .await;
        settle(&mut link).await;
        let plain = text(
            &world.a,
            "SELECT prosrc FROM pg_proc WHERE proname = 'capture_ficha_update'",
        )
        .await;
        world
            .sides(
                "UPDATE ficha SET a = 'a1', updated_at = '2024-01-02 UTC' WHERE id = 1",
                "UPDATE ficha SET b = 'b1', updated_at = '2024-01-03 UTC' WHERE id = 1",
            )
            .await;
        drop(link);
        let spec = merging(world, &["ficha"]);
        let error = LiveLink::open(spec.clone(), world.peers().await)
            .await
            .map(drop)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncNotReady);
        assert_eq!(error.next_step(), Some("ponte sync init teste"));
        world.try_init(&spec).await.unwrap();
        world
            .sides(
                "UPDATE ficha SET a = 'a2', updated_at = '2024-01-02 UTC' WHERE id = 2",
                "UPDATE ficha SET b = 'b2', updated_at = '2024-01-03 UTC' WHERE id = 2",
            )
            .await;
        let mut link = world.open(&spec).await;
        settle(&mut link).await;
        world.assert_equal("ficha").await;
        assert_eq!(row(world, Side::First, 1).await, "a b1 1");
        assert_eq!(row(world, Side::First, 2).await, "a2 b2 1");
        drop(link);
        world.try_init(&world.spec(&["ficha"])).await.unwrap();
        let again = text(
            &world.a,
            "SELECT prosrc FROM pg_proc WHERE proname = 'capture_ficha_update'",
        )
        .await;
        assert_eq!(again, plain);
        let mut link = world.open(&world.spec(&["ficha"])).await;
        world.a("UPDATE ficha SET a = 'depois'").await;
        settle(&mut link).await;
        world.assert_equal("ficha").await;
    })
    .await;
}

/// Columns of other names, order, types and units.
#[tokio::test]
async fn mapped_columns_are_merged_by_what_they_mean() {
    let other = "CREATE TABLE conta (alterado timestamptz NOT NULL DEFAULT clock_timestamp(), b text, centavos bigint, chave int PRIMARY KEY, a text, soma text)";
    let this = "CREATE TABLE ficha (id int PRIMARY KEY, a text, b text, reais numeric(12,2), updated_at timestamptz NOT NULL DEFAULT clock_timestamp())";
    in_both_modes_apart([this, other], async |world| {
        let mut spec = merging(world, &["ficha"]);
        let table = &mut spec.tables[0];
        table.names[1] = ponte_schema::QualifiedName::new("public", "conta");
        table.keys = [Some(vec!["id".into()]), Some(vec!["chave".into()])];
        table.versions = [Some("updated_at".into()), Some("alterado".into())];
        table.maps = vec![
            // The names cross over: a is their b.
            ColumnMap::renamed("a", "b"),
            ColumnMap::renamed("b", "a"),
            ColumnMap::renamed("updated_at", "alterado"),
            ColumnMap {
                columns: [Some("reais".into()), Some("centavos".into())],
                into: [expression("centavos / 100.0"), expression("round(reais * 100)")],
            },
            ColumnMap {
                columns: [None, Some("soma".into())],
                into: [None, expression("concat(a, '+', b)")],
            },
        ];
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO ficha SELECT g, 'a', 'b', 1, '2024-01-01 UTC' FROM generate_series(1, 3) g").await;
        settle(&mut link).await;
        world
            .sides(
                "UPDATE ficha SET a = 'A', updated_at = '2024-01-02 UTC' WHERE id = 1; UPDATE ficha SET reais = 2.5, updated_at = '2024-01-03 UTC' WHERE id = 2;
                 UPDATE ficha SET b = 'B', reais = 3, updated_at = '2024-01-03 UTC' WHERE id = 3",
                "UPDATE conta SET a = 'B', alterado = '2024-01-03 UTC' WHERE chave = 1; UPDATE conta SET b = 'A', alterado = '2024-01-02 UTC' WHERE chave = 2;
                 UPDATE conta SET centavos = 950, b = 'A', alterado = '2024-01-02 UTC' WHERE chave = 3",
            )
            .await;
        settle(&mut link).await;
        let first = "SELECT string_agg(concat_ws(' ', id, a, b, reais), ', ' ORDER BY id) FROM ficha";
        assert_eq!(text(&world.a, first).await, "1 A B 1.00, 2 A b 2.50, 3 A B 3.00");
        let second = "SELECT string_agg(concat_ws(' ', chave, b, a, centavos, soma), ', ' ORDER BY chave) FROM conta";
        assert_eq!(text(&world.b, second).await, "1 A B 100 A+B, 2 A b 250 A+b, 3 A B 300 A+B");
        assert_eq!(world.conflicts().await, 3);
        assert!(link.compare().await.unwrap()[0].equal());
    })
    .await;
}

/// AT-032: versions that are equal but for the node, and even updates that leave the version column alone.
#[tokio::test]
async fn ties_are_merged_alike_whichever_side_finds_them() {
    in_both_modes(FICHA, async |world| {
        let mut link = world.init(&merging(world, &["ficha"])).await;
        world
            .a("INSERT INTO ficha SELECT g, 'a', 'b', 1, '2024-01-01 UTC' FROM generate_series(1, 40) g")
            .await;
        settle(&mut link).await;
        for version in [
            "'2024-05-05 UTC'",
            "'2024-05-05 UTC'",
            "'-infinity'",
            "updated_at",
        ] {
            let both = format!("UPDATE ficha SET c = c + 1 + (id % 2), {{}}, updated_at = {version}");
            world
                .sides(
                    &both.replace("{}", "a = a || '+'").replace("id % 2", "1"),
                    &both.replace("{}", "b = b || '-'"),
                )
                .await;
            world
                .both("UPDATE ponte.changelog_ficha SET changed_at = '2024-06-06 UTC' WHERE k1 <= 20")
                .await;
            settle(&mut link).await;
            world.assert_equal("ficha").await;
        }
        let whole = "SELECT count(*) FROM ficha WHERE a = 'a++++' AND b = 'b----'";
        assert_eq!(number(&world.a, whole).await, 40);
        assert_eq!(world.conflicts().await, 160);
    })
    .await;
}

/// AT-032 AT-022: the ends of a chain and its middle each change a column of their own.
#[tokio::test]
async fn what_three_nodes_of_a_chain_changed_is_all_there_in_the_end() {
    for order in [[0, 1], [1, 0]] {
        for schema in [FICHA, SEM_VERSAO] {
            let mut network = Network::start(3, schema).await;
            network
                .run(
                    0,
                    "INSERT INTO ficha SELECT g, 'a', 'b', 0 FROM generate_series(1, 600) g",
                )
                .await;
            for (one, other) in [(0, 1), (1, 2)] {
                let mut spec = network.spec(one, other, &["ficha"]);
                spec.conflict = ConflictRule::Merge;
                network.try_init(one, other, &spec).await.unwrap();
                let peers = network.peers(one, other).await;
                network.links.push(LiveLink::open(spec, peers).await.unwrap());
            }
            network.settle().await;
            for round in 1..=3 {
                network
                    .run(0, &format!("UPDATE ficha SET a = 'a{round}' WHERE id % 5 <> 0"))
                    .await;
                network
                    .run(1, &format!("UPDATE ficha SET b = 'b{round}' WHERE id % 5 <> 1"))
                    .await;
                network
                    .run(2, &format!("UPDATE ficha SET c = {round} WHERE id % 5 <> 2"))
                    .await;
                network.pass(order[0]).await;
                network
                    .run(1, &format!("UPDATE ficha SET b = 'b{round}!' WHERE id % 5 = 3"))
                    .await;
                network.pass(order[1]).await;
                network.settle().await;
                network.assert_equal("ficha").await;
                let whole = format!(
                    "SELECT count(*) FROM ficha WHERE (a = 'a{round}') = (id % 5 <> 0) AND (c = {round}) = (id % 5 <> 2) \
                     AND b = CASE id % 5 WHEN 1 THEN 'b' WHEN 3 THEN 'b{round}!' ELSE 'b{round}' END"
                );
                assert_eq!(
                    number(&network.clients[2], &whole).await,
                    600,
                    "round {round}, {order:?}"
                );
            }
        }
    }
}

/// A link that merges and one that does not may share a table: capture serves the one that asks.
#[tokio::test]
async fn a_link_that_merges_and_one_that_does_not_share_a_table() {
    let mut network = Network::start(3, FICHA).await;
    network.run(1, "INSERT INTO ficha VALUES (1, 'a', 'b', 1)").await;
    network.link(0, 1, &["ficha"]).await;
    let mut spec = network.spec(1, 2, &["ficha"]);
    spec.conflict = ConflictRule::Merge;
    network.try_init(1, 2, &spec).await.unwrap();
    let peers = network.peers(1, 2).await;
    network.links.push(LiveLink::open(spec, peers).await.unwrap());
    network.settle().await;
    let plain = network.spec(0, 1, &["ficha"]);
    let mut peers = network.peers(0, 1).await;
    assert!(
        plan_init(&plain, &mut peers).await.unwrap().complete(),
        "the other link's masks are in the way"
    );
    network
        .run(1, "UPDATE ficha SET a = 'do meio', updated_at = '2030-01-01 UTC'")
        .await;
    network
        .run(
            2,
            "UPDATE ficha SET b = 'da ponta', updated_at = '2029-01-01 UTC'",
        )
        .await;
    network.settle().await;
    let rows = network.assert_equal("ficha").await;
    let peers = network.peers(0, 1).await;
    let again = LiveLink::open(plain, peers).await.map(drop);
    assert!(
        again.is_ok(),
        "a trigger that was replaced is taken for a gap: {again:?}"
    );
    assert!(
        rows[0].contains("do meio") && rows[0].contains("da ponta"),
        "{rows:?}"
    );
}
