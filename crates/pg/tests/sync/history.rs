//! Databases that lose a part of their past: restored backups, and replicas that take over too early.

use ponte_pg::sync::{LiveLink, Peer};
use ponte_pg::{Error, ErrorKind};
use ponte_sync::link::{LinkSpec, Side};
use ponte_testkit::{Backup, Standby};
use tokio_postgres::Client;

use crate::support::{NOTA, World, number, session, settle};

/// So many transactions bring any of these servers past what was lost.
const PAST_THE_LOSS: usize = 60;

async fn run_ahead(client: &Client) {
    for _ in 0..PAST_THE_LOSS {
        client.batch_execute("SELECT pg_current_xact_id()").await.unwrap();
    }
}

async fn write_and_settle(world: &World, spec: &LinkSpec, rows: std::ops::Range<u32>) {
    let mut link = world.open(spec).await;
    for id in rows {
        let a = ponte_testkit::connect(&world.pair.url_a).await;
        a.batch_execute(&format!("INSERT INTO nota (id) VALUES ({id})"))
            .await
            .unwrap();
        settle(&mut link).await;
    }
}

async fn refusal(spec: &LinkSpec, url_a: &str, world: &World) -> Option<Error> {
    let peers = [
        Peer::new("a", session(url_a).await),
        world.peer(Side::Second).await,
    ];
    let mut link = LiveLink::open(spec.clone(), peers).await.unwrap();
    link.pass().await.err()
}

fn assert_lost(refusal: Option<&Error>, node: &str) {
    let Some(error) = refusal else {
        panic!("nobody noticed");
    };
    assert_eq!(error.kind(), ErrorKind::SyncWentBack, "{error:?}");
    assert!(error.to_string().contains(&format!("\"{node}\"")), "{error}");
    assert_eq!(error.next_step(), Some("ponte sync reconcile teste"));
}

/// AT-144: a replica takes over that has not received the last commits.
#[tokio::test]
async fn a_replica_that_lost_the_last_commits_is_noticed_also_after_it_has_run_past_them() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    settle(&mut world.init(&spec).await).await;
    write_and_settle(&world, &spec, 0..3).await;
    let standby = Standby::of(&world.pair.a).await;
    standby.catch_up(&world.pair.a).await;
    standby.cut_off(&world.pair.a).await;
    write_and_settle(&world, &spec, 3..5).await;
    standby.take_over(&world.pair.a).await;
    let url = standby.at(&world.pair.url_a);
    let new = ponte_testkit::connect(&url).await;
    assert_eq!(number(&new, "SELECT count(*) FROM nota").await, 3);
    assert_lost(refusal(&spec, &url, &world).await.as_ref(), "a");
    run_ahead(&new).await;
    new.batch_execute("INSERT INTO nota (id) VALUES (77)")
        .await
        .unwrap();
    assert_lost(refusal(&spec, &url, &world).await.as_ref(), "a");
    assert_eq!(
        number(&world.b, "SELECT count(*) FROM nota").await,
        5,
        "nothing was carried"
    );
}

/// AT-144: nothing was lost, so nobody is asked.
#[tokio::test]
async fn a_replica_that_takes_over_with_everything_goes_on() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    settle(&mut world.init(&spec).await).await;
    let standby = Standby::of(&world.pair.a).await;
    write_and_settle(&world, &spec, 0..3).await;
    let a = ponte_testkit::connect(&world.pair.url_a).await;
    a.batch_execute("INSERT INTO nota (id) VALUES (50)")
        .await
        .unwrap();
    standby.catch_up(&world.pair.a).await;
    standby.take_over(&world.pair.a).await;
    let url = standby.at(&world.pair.url_a);
    assert!(refusal(&spec, &url, &world).await.is_none());
    assert_eq!(number(&world.b, "SELECT count(*) FROM nota").await, 4);
}

/// AT-144: a backup of the source or the target is put back, on the same timeline and under the same system identifier.
#[tokio::test]
async fn a_restored_backup_is_noticed_on_either_side_also_after_it_has_run_past_what_was_lost() {
    for side in Side::BOTH {
        let world = World::with(NOTA).await;
        let spec = world.spec(&["nota"]);
        settle(&mut world.init(&spec).await).await;
        let backup = Backup::of(world.cluster(side)).await;
        let again = [&world.pair.url_a, &world.pair.url_b][side.index()];
        write_and_settle(&world, &spec, 0..1).await;
        backup.restore(world.cluster(side)).await;
        let node = spec.node(side).to_owned();
        assert_lost(refusal(&spec, &world.pair.url_a, &world).await.as_ref(), &node);
        let client = ponte_testkit::connect(again).await;
        run_ahead(&client).await;
        assert_lost(refusal(&spec, &world.pair.url_a, &world).await.as_ref(), &node);
    }
}

/// AT-144: what was lost comes back, what was noted is carried, and what was deleted in the lost part is said to return.
#[tokio::test]
async fn reconciling_brings_both_sides_to_agreement_again() {
    let world = World::with(&format!(
        "{NOTA} CREATE TABLE sem_versao (id int PRIMARY KEY, texto text);"
    ))
    .await;
    let spec = world.spec(&["nota", "sem_versao"]);
    settle(&mut world.init(&spec).await).await;
    world
        .b("INSERT INTO sem_versao VALUES (1, 'antes'), (2, 'antes')")
        .await;
    write_and_settle(&world, &spec, 0..6).await;
    let backup = Backup::of(&world.pair.a).await;
    write_and_settle(&world, &spec, 10..12).await;
    let a = ponte_testkit::connect(&world.pair.url_a).await;
    a.batch_execute(
        "DELETE FROM nota WHERE id = 2; UPDATE nota SET texto = 'perdida', updated_at = now() WHERE id = 3; UPDATE sem_versao SET texto = 'perdida' WHERE id = 1",
    )
    .await
    .unwrap();
    settle(&mut world.open(&spec).await).await;
    backup.restore(&world.pair.a).await;
    let a = ponte_testkit::connect(&world.pair.url_a).await;
    run_ahead(&a).await;
    a.batch_execute("DELETE FROM nota WHERE id = 1; INSERT INTO nota (id) VALUES (77); UPDATE sem_versao SET texto = 'depois' WHERE id = 2")
        .await
        .unwrap();
    world
        .b("INSERT INTO nota (id) VALUES (88); DELETE FROM nota WHERE id = 4")
        .await;

    let mut link = world.open(&spec).await;
    let found = link.estrangement().await.unwrap();
    assert_eq!(found.lost.as_deref(), Some("a"));
    assert_eq!(
        found.tables[0].missing[0], 2,
        "rows 10 and 11 are gone on a: {found:?}"
    );
    let before = link.pass().await.unwrap_err();
    assert_eq!(before.kind(), ErrorKind::SyncWentBack);
    link.reconcile().await.unwrap();
    assert!(!link.pass().await.unwrap().moved());
    let ids = async |client: &Client| {
        crate::support::text(
            client,
            "SELECT string_agg(id::text || coalesce(texto, ''), ' ' ORDER BY id) FROM nota",
        )
        .await
    };
    assert_eq!(ids(&a).await, "0 2 3perdida 5 10 11 77 88");
    assert_eq!(ids(&world.b).await, ids(&a).await);
    let others = "SELECT string_agg(id::text || texto, ' ' ORDER BY id) FROM sem_versao";
    for client in [&a, &world.b] {
        assert_eq!(crate::support::text(client, others).await, "1perdida 2depois");
    }
    // From here on it is a link like any other.
    a.batch_execute("UPDATE nota SET texto = 'x', updated_at = clock_timestamp() WHERE id = 77")
        .await
        .unwrap();
    settle(&mut world.open(&spec).await).await;
    assert_eq!(ids(&world.b).await, ids(&a).await);
}

#[tokio::test]
async fn a_reconciliation_that_died_leaves_no_link_that_goes_on_as_if_nothing_were_missing() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    settle(&mut world.init(&spec).await).await;
    world.both("UPDATE ponte.link SET ready = false").await;
    let mut link = world.open(&spec).await;
    assert_eq!(link.pass().await.unwrap_err().kind(), ErrorKind::SyncNotReady);
    link.reconcile().await.unwrap();
    assert!(!link.pass().await.unwrap().moved());
}
