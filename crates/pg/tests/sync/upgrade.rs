//! Bookkeeping that an older or a newer release left behind.

use ponte_pg::ErrorKind;
use ponte_pg::sync::LiveLink;
use ponte_pg::sync::status::node_status;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::rotation::Pace;

use crate::support::{World, number, settle, text};

const PERFIS: &str = "CREATE TABLE perfis (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, nome text, updated_at timestamptz NOT NULL DEFAULT now())";

/// What earlier layouts installed.
const LAYOUTS: [&str; 3] = [
    include_str!("fixtures/layout_1.sql"),
    include_str!("fixtures/layout_2.sql"),
    include_str!("fixtures/layout_3.sql"),
];

/// A link as an earlier layout recorded it, complete, with one change pending on each side.
async fn earlier_layout(layout: &str) -> (World, LinkSpec) {
    let world = World::with(PERFIS).await;
    world.both(layout).await;
    for (side, names) in [(Side::First, "'a', 'b'"), (Side::Second, "'b', 'a'")] {
        let other = text(world.client(side.other()), "SELECT id::text FROM ponte.node").await;
        let seen = text(world.client(side.other()), "SELECT pg_current_snapshot()::text").await;
        let own = text(world.client(side), "SELECT pg_current_snapshot()::text").await;
        world
            .client(side)
            .batch_execute(&format!(
                "INSERT INTO ponte.link VALUES ('perfis', {names}, '{other}', true, false, '{own}');
                 INSERT INTO ponte.link_table VALUES ('perfis', 'public', 'perfis', '{{id}}', '{{nome,updated_at}}');
                 INSERT INTO ponte.progress (link, consumed) VALUES ('perfis', '{seen}');
                 INSERT INTO ponte.outgoing (link, consumed) VALUES ('perfis', '{own}');"
            ))
            .await
            .unwrap();
    }
    world.a("INSERT INTO perfis (nome) VALUES ('a')").await;
    world
        .b("INSERT INTO perfis (id, nome) OVERRIDING SYSTEM VALUE VALUES (1000, 'b')")
        .await;
    let mut spec = world.spec(&["perfis"]);
    spec.name = "perfis".into();
    (world, spec)
}

#[tokio::test]
async fn an_older_layout_is_brought_up_to_date_by_init_and_by_nothing_else() {
    for layout in LAYOUTS {
        is_brought_up_to_date(layout).await;
    }
}

async fn is_brought_up_to_date(layout: &str) {
    let (world, mut spec) = earlier_layout(layout).await;
    spec.retention.changelog_seconds = 0;
    let error = LiveLink::open(spec.clone(), world.peers().await)
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncNotReady);
    assert!(error.to_string().contains("older release"), "{error}");
    assert!(
        error.next_step().unwrap().contains("ponte sync init perfis"),
        "{error:?}"
    );
    let report = world.try_init(&spec).await.unwrap();
    assert_eq!(
        (report.copied, report.merged.upserts),
        (0, 0),
        "rows were compared again"
    );
    let mut link = world.open(&spec).await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("perfis").await.len(), 2);
    let layout = "SELECT count(*) FROM ponte.metadata WHERE part = 'sync' AND release = 4";
    assert_eq!(number(&world.a, layout).await, 1);
    world.a("UPDATE perfis SET nome = 'depois'").await;
    settle(&mut link).await;
    world.assert_equal("perfis").await;
    let unsynced = "SELECT count(*) FROM perfis_changelog WHERE NOT synced";
    assert_eq!(number(&world.a, unsynced).await, 0);
    // What the older layout logged goes like everything else.
    let entries = "SELECT count(*) FROM ponte.changelog_perfis";
    assert!(number(&world.a, entries).await > 2);
    link.tend(Pace::EAGER).await.unwrap();
    link.tend(Pace::EAGER).await.unwrap();
    assert_eq!(number(&world.a, entries).await, 0);
    link.check().await.unwrap();
    world.a("UPDATE perfis SET nome = 'por fim'").await;
    settle(&mut link).await;
    world.assert_equal("perfis").await;
}

#[tokio::test]
async fn a_newer_layout_is_refused() {
    let world = World::with(PERFIS).await;
    let spec = world.spec(&["perfis"]);
    world.init(&spec).await;
    world.b("UPDATE ponte.metadata SET release = 99").await;
    let check = |error: ponte_pg::Error| {
        assert_eq!(error.kind(), ErrorKind::SyncAlreadyLinked, "{error:?}");
        assert!(error.to_string().contains("newer release"), "{error}");
    };
    check(world.try_init(&spec).await.unwrap_err());
    let opened = LiveLink::open(spec.clone(), world.peers().await).await;
    check(opened.map(drop).unwrap_err());
    check(
        node_status(&spec, &mut world.peer(Side::Second).await)
            .await
            .unwrap_err(),
    );
}
