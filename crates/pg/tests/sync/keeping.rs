//! `leaving = "keep"`: a row that leaves the filter stays at the other side, and nothing of it travels until it is back.

use ponte_pg::ErrorKind;
use ponte_pg::sync::compare::TableComparison;
use ponte_pg::sync::repair::RepairFrom;
use ponte_pg::sync::{LiveLink, Peer, plan_init};
use ponte_schema::QualifiedName;
use ponte_sync::compare::Divergence;
use ponte_sync::link::{ApplyAs, ConflictRule, Leaving, LinkSpec, Side, TableSpec};
use ponte_sync::rotation::Pace;

use crate::mapping::expression;
use crate::repair;
use crate::support::{World, in_both_modes, number, session, settle, text};

/// The test writes the versions; `ligado` decides who takes part and stays where it is.
pub(crate) const PEDIDO: &str = "CREATE TABLE pedido (id int PRIMARY KEY, texto text, ligado boolean NOT NULL DEFAULT true, \
      updated_at timestamptz NOT NULL DEFAULT '2024-01-01 UTC');";

/// Whatever the sides' `ligado` says; each side has its own.
pub(crate) fn keeping(world: &World) -> LinkSpec {
    let mut spec = world.unlimited(&["pedido"]);
    spec.tables[0].local = [vec!["ligado".into()], vec!["ligado".into()]];
    spec.tables[0].filters = [expression("ligado"), expression("pedido.ligado")];
    spec.tables[0].leaving = Leaving::Keep;
    spec
}

const ROWS: &str = "SELECT coalesce(string_agg(id || texto, ' ' ORDER BY id), '') FROM pedido";

async fn rows(world: &World) -> [String; 2] {
    [text(&world.a, ROWS).await, text(&world.b, ROWS).await]
}

/// What waits on a side, in one line.
async fn waiting(world: &World, side: Side) -> String {
    let sql = "SELECT coalesce(string_agg(concat_ws(' ', key_values, kind, sqlstate, image), '; ' ORDER BY key_values), '') FROM ponte.quarantine";
    text(world.client(side), sql).await
}

async fn assert_kept_rows_are_no_divergence(link: &mut LiveLink) {
    let found = link.compare_table(0).await.unwrap();
    assert!(found.equal(), "{found:?}");
    let plan = repair::plan(link, RepairFrom::Side(Side::First), repair::ALL).await;
    assert_eq!(plan.total(), 0, "{plan:?}");
}

/// Batches that both sides have had.
async fn batches(world: &World) -> i64 {
    let sql = "SELECT sum(batches)::bigint FROM ponte.progress";
    number(&world.a, sql).await + number(&world.b, sql).await
}

#[tokio::test]
async fn a_row_that_leaves_stays_as_it_is_until_it_is_back() {
    in_both_modes(PEDIDO, async |world| {
        world.a("INSERT INTO pedido SELECT g, 'a' FROM generate_series(1, 4) g").await;
        let mut link = world.init(&keeping(world)).await;
        assert_eq!(rows(world).await, ["1a 2a 3a 4a", "1a 2a 3a 4a"]);
        // It leaves together with a change, and changes outside.
        world.a("UPDATE pedido SET ligado = false, texto = 'x', updated_at = '2024-01-02 UTC' WHERE id < 4").await;
        settle(&mut link).await;
        world.a("UPDATE pedido SET texto = 'y', updated_at = '2024-01-03 UTC' WHERE id = 1").await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1y 2x 3x 4a", "1a 2a 3a 4a"]);
        assert_kept_rows_are_no_divergence(&mut link).await;
        // What changes on the other side meanwhile waits, and the newest of it.
        world.b("UPDATE pedido SET texto = 'b', updated_at = '2024-02-01 UTC' WHERE id IN (2, 3)").await;
        let report = link.pass().await.unwrap();
        assert_eq!(report.directions[1].applied.quarantined, 2);
        world.b("UPDATE pedido SET texto = 'B', updated_at = '2024-02-02 UTC' WHERE id = 3").await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1y 2x 3x 4a", "1a 2b 3B 4a"]);
        assert_eq!(
            waiting(world, Side::First).await,
            "{2} outside 02000 {2,b,\"2024-02-01 00:00:00+00\"}; {3} outside 02000 {3,B,\"2024-02-02 00:00:00+00\"}"
        );
        assert_kept_rows_are_no_divergence(&mut link).await;
        // Nobody is asked again and again.
        world.retry_now().await;
        let before = batches(world).await;
        assert!(!link.pass().await.unwrap().moved());
        assert_eq!(batches(world).await, before, "a pass beside rows outside has written something");
        // Back: 1 has changed here only; 2 is the older one of two; 3 the newer.
        world
            .a("UPDATE pedido SET ligado = true WHERE id < 3; UPDATE pedido SET ligado = true, updated_at = '2024-03-01 UTC' WHERE id = 3")
            .await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1y 2b 3x 4a", "1y 2b 3x 4a"]);
        assert_eq!(world.quarantined().await, 0);
        let kept = "SELECT string_agg(concat_ws(' ', here_image[1], here_image[2], there_image[2], winner), '; ' ORDER BY key_values) FROM ponte.conflict";
        assert_eq!(text(&world.a, kept).await, "2 x b b; 3 x B a");
        assert!(link.compare().await.unwrap()[0].equal());
        assert!(!link.pass().await.unwrap().moved());
    })
    .await;
}

#[tokio::test]
async fn deletes_of_rows_outside_do_not_travel_and_those_of_the_other_side_wait() {
    in_both_modes(PEDIDO, async |world| {
        world.a("INSERT INTO pedido SELECT g, 'a' FROM generate_series(1, 8) g").await;
        let mut link = world.init(&keeping(world)).await;
        world.a("UPDATE pedido SET ligado = false WHERE id < 7").await;
        settle(&mut link).await;
        // Gone on its own side only, by whatever way.
        world.a("DELETE FROM pedido WHERE id IN (1, 7); UPDATE pedido SET id = 12 WHERE id = 2").await;
        // The other side's deletes wait.
        world.b("DELETE FROM pedido WHERE id IN (3, 4)").await;
        // A change there and a delete here.
        world.b("UPDATE pedido SET texto = 'b', updated_at = '2024-02-01 UTC' WHERE id = 5").await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["3a 4a 5a 6a 8a 12a", "1a 2a 5b 6a 8a"]);
        assert_eq!(
            waiting(world, Side::First).await,
            "{3} outside 02000; {4} outside 02000; {5} outside 02000 {5,b,\"2024-02-01 00:00:00+00\"}"
        );
        let found = link.compare_table(0).await.unwrap();
        assert_eq!(
            found.keys,
            [Divergence::MissingInFirst("{1}".into()), Divergence::MissingInFirst("{2}".into())],
            "a row that one side deleted while it was outside is no kept one"
        );
        world.retry_now().await;
        // 3 is back with the older version, 4 with the newer; 5 is deleted, which is the newest.
        world
            .a("UPDATE pedido SET ligado = true WHERE id = 3; UPDATE pedido SET ligado = true, updated_at = 'infinity' WHERE id = 4; DELETE FROM pedido WHERE id = 5")
            .await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["4a 6a 8a 12a", "1a 2a 4a 6a 8a"]);
        assert_eq!(world.quarantined().await, 0);
        let kept = "SELECT string_agg(concat_ws(' ', key_values, winner, here_image[2], there_image[2]), '; ' ORDER BY key_values) FROM ponte.conflict";
        assert_eq!(text(&world.a, kept).await, "{3} b a; {4} a a; {5} a b");
        // What is gone here comes back if the other side changes it.
        world.b("UPDATE pedido SET texto = 'b', updated_at = '2024-02-02 UTC' WHERE id = 1").await;
        // Of a truncated table the rows outside stay at the other side.
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1b 4a 6a 8a 12a", "1b 2a 4a 6a 8a"]);
        world.a("TRUNCATE pedido").await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["", "2a 6a"]);
    })
    .await;
}

#[tokio::test]
async fn a_row_outside_on_both_sides_is_decided_when_both_are_back() {
    in_both_modes(PEDIDO, async |world| {
        world.a("INSERT INTO pedido SELECT g, 'a' FROM generate_series(1, 2) g").await;
        let mut link = world.init(&keeping(world)).await;
        world.a("UPDATE pedido SET ligado = false").await;
        settle(&mut link).await;
        world.b("UPDATE pedido SET texto = 'b', updated_at = '2024-02-01 UTC'").await;
        settle(&mut link).await;
        world.b("UPDATE pedido SET ligado = false").await;
        settle(&mut link).await;
        // Only one is back: what waits for it does not take part at its source, and has to wait longer.
        world.a("UPDATE pedido SET ligado = true, texto = 'A', updated_at = '2024-03-01 UTC'").await;
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1A 2A", "1b 2b"]);
        let patient = "SELECT count(*) FROM ponte.quarantine WHERE attempts > 1 AND next_try_at > clock_timestamp()";
        assert_eq!(number(&world.a, patient).await, 2);
        let before = batches(world).await;
        assert!(!link.pass().await.unwrap().moved());
        assert_eq!(batches(world).await, before);
        // The other one is back too, once as the older and once as the newer.
        world
            .b("UPDATE pedido SET ligado = true WHERE id = 1; UPDATE pedido SET ligado = true, updated_at = '2024-04-01 UTC' WHERE id = 2")
            .await;
        world.retry_now().await;
        settle(&mut link).await;
        world.retry_now().await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1A 2b", "1A 2b"]);
        assert_eq!(world.quarantined().await, 0);
        assert!(world.conflicts().await >= 2);
    })
    .await;
}

/// The first contact leaves rows outside alone too, on either side.
#[tokio::test]
async fn the_first_contact_and_a_table_that_joins_keep_rows_outside_apart() {
    in_both_modes(PEDIDO, async |world| {
        world.both("CREATE TABLE outra (id int PRIMARY KEY)").await;
        let other = world.spec(&["outra"]);
        world.init(&other).await;
        world
            .a("INSERT INTO pedido VALUES (1, 'a', false, '2024-01-01 UTC'), (2, 'a', true, '2024-02-01 UTC'), (3, 'a', true, '2024-01-01 UTC')")
            .await;
        world
            .b("INSERT INTO pedido VALUES (1, 'b', true, '2024-01-01 UTC'), (2, 'b', false, '2024-01-01 UTC'), (4, 'b', true, '2024-01-01 UTC')")
            .await;
        let mut spec = keeping(world);
        spec.tables
            .insert(0, TableSpec::same(QualifiedName::new("public", "outra")));
        let mut link = world.init(&spec).await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1a 2a 3a 4b", "1b 2b 3a 4b"]);
        let found = link.compare().await.unwrap();
        assert!(found.iter().all(TableComparison::equal), "{found:?}");
        world
            .a("DELETE FROM pedido WHERE id = 1; UPDATE pedido SET ligado = false WHERE id = 3")
            .await;
        world.b("UPDATE pedido SET ligado = true WHERE id = 2").await;
        world.retry_now().await;
        settle(&mut link).await;
        world.a("DELETE FROM pedido WHERE id = 3").await;
        settle(&mut link).await;
        // 1 was deleted here after it had changed there: a conflict, and the delete is the newer one.
        assert_eq!(rows(world).await, ["2a 4b", "2a 3a 4b"]);
        assert_eq!(world.quarantined().await, 0);
    })
    .await;
}

/// A switch in another table counts once the row itself is touched, without a new version.
#[tokio::test]
async fn a_filter_over_another_table_counts_when_the_row_is_touched() {
    let schema = format!("{PEDIDO} CREATE TABLE chave (pedido int PRIMARY KEY, ligada boolean NOT NULL);");
    in_both_modes(&schema, async |world| {
        world.a("INSERT INTO pedido SELECT g, 'a' FROM generate_series(1, 3) g; INSERT INTO chave SELECT g, true FROM generate_series(1, 3) g").await;
        let mut spec = keeping(world);
        spec.tables[0].filters = [
            expression("NOT EXISTS (SELECT FROM chave c WHERE c.pedido = pedido.id AND NOT c.ligada)"),
            None,
        ];
        let mut link = world.init(&spec).await;
        world.a("UPDATE chave SET ligada = false; UPDATE pedido SET texto = 'x' WHERE id = 1; DELETE FROM pedido WHERE id = 3").await;
        world.b("UPDATE pedido SET texto = 'b', updated_at = '2024-02-01 UTC' WHERE id = 2").await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1x 2a", "1a 2b 3a"]);
        let found = link.compare_table(0).await.unwrap();
        assert_eq!(found.keys, [Divergence::MissingInFirst("{3}".into())]);
        world.retry_now().await;
        world.a("UPDATE chave SET ligada = true; UPDATE pedido SET texto = texto").await;
        settle(&mut link).await;
        assert_eq!(rows(world).await, ["1x 2b", "1x 2b 3a"]);
        // A filter that cannot be evaluated any more keeps nobody from deleting.
        world.a("DROP TABLE chave; DELETE FROM pedido").await;
        assert_eq!(text(&world.a, ROWS).await, "");
    })
    .await;
}

async fn functions(world: &World) -> String {
    let sql = "SELECT string_agg(pg_get_functiondef(oid) || coalesce(obj_description(oid), ''), '' ORDER BY proname) FROM pg_proc WHERE proname LIKE 'capture_pedido%'";
    text(&world.a, sql).await
}

#[tokio::test]
async fn a_live_link_learns_of_another_filter_by_init_and_says_so_before() {
    let world = World::with(PEDIDO).await;
    world
        .a("INSERT INTO pedido SELECT g, 'a' FROM generate_series(1, 3) g")
        .await;
    let mut keeps = keeping(&world);
    keeps.retention.changelog_seconds = 0;
    let mut spec = keeps.clone();
    spec.tables[0].leaving = Leaving::Delete;
    drop(world.init(&spec).await);
    let plain = functions(&world).await;
    let mut other = keeps.clone();
    other.tables[0].filters[0] = expression("ligado AND id < 100");
    for (spec, said) in [
        (keeps, "keeps rows that leave its filter"),
        (other, "keeps rows that leave its filter"),
        (spec, "still tells such rows apart"),
    ] {
        let error = LiveLink::open(spec.clone(), world.peers().await)
            .await
            .map(drop)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncNotReady);
        assert_eq!(error.next_step(), Some("ponte sync init teste"));
        assert!(error.to_string().contains(said), "{error}");
        world.try_init(&spec).await.unwrap();
        let mut link = world.open(&spec).await;
        world
            .a("UPDATE pedido SET texto = texto || '!', updated_at = clock_timestamp()")
            .await;
        settle(&mut link).await;
        world.assert_equal("pedido").await;
        // Another part of the changelog is filled by functions that ask the same.
        assert!(link.tend(Pace::EAGER).await.unwrap().turns > 0);
        drop(world.open(&spec).await);
    }
    let again = functions(&world)
        .await
        .replace("changelog2_", "changelog1_")
        .replace("changelog3_", "changelog1_");
    assert_eq!(again, plain);
    // A partitioned table's deletes are seen row by row.
    let partitioned = PEDIDO.replace(
        ");",
        ") PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF pedido DEFAULT;",
    );
    let world = world.again(&partitioned, ApplyAs::Plain).await;
    world
        .a("INSERT INTO pedido SELECT g, 'a' FROM generate_series(1, 3) g")
        .await;
    // Merging notes more about each change, and less about deletes.
    let mut merging = keeping(&world);
    merging.conflict = ConflictRule::Merge;
    let mut link = world.init(&merging).await;
    world.a("UPDATE pedido SET ligado = false WHERE id = 1").await;
    settle(&mut link).await;
    world.a("DELETE FROM pedido WHERE id < 3").await;
    settle(&mut link).await;
    assert_eq!(rows(&world).await, ["3a", "1a 3a"]);
    world.a("UPDATE pedido SET ligado = false WHERE id = 3").await;
    world
        .b("UPDATE pedido SET texto = 'b', updated_at = '2024-02-01 UTC' WHERE id = 3")
        .await;
    settle(&mut link).await;
    assert_eq!(rows(&world).await, ["3a", "1a 3b"]);
    world.retry_now().await;
    world.a("UPDATE pedido SET ligado = true WHERE id = 3").await;
    settle(&mut link).await;
    assert_eq!(rows(&world).await, ["3b", "1a 3b"]);
}

#[tokio::test]
async fn a_table_whose_rows_stay_is_carried_by_one_link_only() {
    let world = World::with(PEDIDO).await;
    drop(world.init(&keeping(&world)).await);
    let mut other = world.spec(&["pedido"]);
    other.name = "outro".into();
    // The same two databases are refused for another reason, so the other end moves on to another one.
    world.pair.b.create_database("terceiro", "dono").await;
    let third = world.pair.url_b.replace("/app", "/terceiro");
    let client = ponte_testkit::connect(&third).await;
    client.batch_execute(PEDIDO).await.unwrap();
    let mut peers = [
        world.peer(Side::First).await,
        Peer::new("b", session(&third).await),
    ];
    let error = plan_init(&other, &mut peers).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncAlreadyLinked);
    assert!(
        error.to_string().contains("keeps rows that leave its filter"),
        "{error}"
    );
}
