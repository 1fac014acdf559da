//! Writes that capture does not see, and what is said about them.

use ponte_pg::ErrorKind;
use ponte_pg::sync::LiveLink;
use ponte_sync::link::{ApplyAs, Side};
use ponte_testkit::{TestCluster, eventually};
use std::time::Duration;

use crate::support::{NOTA, World, in_both_modes, number, settle};

/// AT-014: switched off and on again before anybody looked.
#[tokio::test]
async fn capture_that_was_off_for_a_moment_is_noticed_and_what_it_missed_is_found() {
    in_both_modes(NOTA, async |world| {
        let spec = world.spec(&["nota"]);
        let mut link = world.init(&spec).await;
        world.a("INSERT INTO nota (id) VALUES (1), (2)").await;
        settle(&mut link).await;
        world
            .b("ALTER TABLE nota DISABLE TRIGGER USER; INSERT INTO nota (id) VALUES (3); UPDATE nota SET texto = 'x', updated_at = now() WHERE id = 1; \
                DELETE FROM nota WHERE id = 2; ALTER TABLE nota ENABLE TRIGGER USER")
            .await;
        assert!(!link.pass().await.unwrap().moved(), "nothing was noted");
        let error = link.check().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncCaptureGap, "{error:?}");
        assert!(error.to_string().contains("nota on \"b\""), "{error}");
        let error = LiveLink::open(spec.clone(), world.peers().await).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SyncCaptureGap, "{error:?}");
        let mut link = LiveLink::open_estranged(spec.clone(), world.peers().await).await.unwrap();
        let found = link.estrangement().await.unwrap();
        assert_eq!(found.lost, None);
        assert_eq!((found.tables[0].missing, found.tables[0].different), ([1, 1], 1));
        link.reconcile().await.unwrap();
        // A delete that nobody noted cannot be told from an insert that nobody noted: the row is back on both sides.
        let rows = world.assert_equal("nota").await;
        assert_eq!(rows.len(), 3);
        assert!(rows[0].starts_with("(1,x,"), "{rows:?}");
        settle(&mut world.open(&spec).await).await;
    })
    .await;
}

/// AT-014: a function that does nothing any more.
#[tokio::test]
async fn a_capture_function_that_was_replaced_is_noticed() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    world
        .a("CREATE OR REPLACE FUNCTION ponte.capture_nota_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END'")
        .await;
    let error = link.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncCaptureGap, "{error:?}");
}

/// AT-110: a table that was dropped and made again has no capture; renamed or moved away it is missing.
#[tokio::test]
async fn a_table_that_is_not_the_one_it_was_is_noticed() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    for (breaks, kind, said) in [
        (
            "ALTER TABLE nota RENAME TO outra",
            ErrorKind::SyncUnfit,
            "nota does not exist on \"b\"",
        ),
        (
            "ALTER TABLE outra RENAME TO nota; CREATE SCHEMA longe; ALTER TABLE nota SET SCHEMA longe",
            ErrorKind::SyncUnfit,
            "nota does not exist",
        ),
    ] {
        world.b(breaks).await;
        let error = link.check().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{breaks}: {error:?}");
        assert!(error.to_string().contains(said), "{error}");
    }
    world.b("ALTER TABLE longe.nota SET SCHEMA public").await;
    link.check().await.unwrap();
    world.b(&format!("DROP TABLE nota CASCADE; {NOTA}")).await;
    let error = link.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncTriggers, "{error:?}");
    assert!(error.to_string().contains("capture trigger"), "{error}");
}

/// AT-012: another replication tool writes into the table; its worker fires row triggers only, and only those that always fire.
#[tokio::test]
async fn what_a_native_subscription_writes_is_captured() {
    let logical = TestCluster::builder().setting("wal_level", "logical");
    let publisher = logical.clone().start().await;
    let client = publisher.superuser("postgres").await;
    client
        .batch_execute(&format!("{NOTA} CREATE PUBLICATION p FOR TABLE nota"))
        .await
        .unwrap();
    let world = World::over(logical, NOTA, ApplyAs::Plain).await;
    let subscribe = format!(
        "CREATE SUBSCRIPTION s CONNECTION '{}' PUBLICATION p WITH (copy_data = false)",
        publisher.superuser_url("postgres")
    );
    let superuser = world.cluster(Side::First).superuser("app").await;
    superuser.batch_execute(&subscribe).await.unwrap();
    let mut link = world.init(&world.spec(&["nota"])).await;
    client
        .batch_execute("INSERT INTO nota (id) VALUES (1), (2), (3); UPDATE nota SET texto = 'x' WHERE id = 1; DELETE FROM nota WHERE id = 2")
        .await
        .unwrap();
    eventually(Duration::from_secs(20), "the subscription to write", async || {
        (number(&world.a, "SELECT count(*) FROM nota WHERE id = 3 OR texto = 'x'").await == 2).then_some(())
    })
    .await;
    world.b("INSERT INTO nota (id) VALUES (10)").await;
    settle(&mut link).await;
    assert_eq!(world.assert_equal("nota").await.len(), 3);
    superuser.batch_execute("DROP SUBSCRIPTION s").await.unwrap();
}

/// AT-012: a subscription that comes after the link.
#[tokio::test]
async fn a_subscription_that_capture_does_not_see_stops_the_link() {
    let world = World::with(NOTA).await;
    let mut link = world.init(&world.spec(&["nota"])).await;
    let superuser = world.cluster(Side::Second).superuser("app").await;
    let publisher = TestCluster::builder()
        .setting("wal_level", "logical")
        .start()
        .await;
    publisher
        .sql("postgres", &format!("{NOTA} CREATE PUBLICATION p FOR TABLE nota"))
        .await;
    let sql = format!(
        "CREATE SUBSCRIPTION s CONNECTION '{}' PUBLICATION p WITH (copy_data = false)",
        publisher.superuser_url("postgres")
    );
    superuser.batch_execute(&sql).await.unwrap();
    let error = link.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncTriggers, "{error:?}");
    assert!(
        error
            .to_string()
            .contains("native subscription writes to table nota on \"b\""),
        "{error}"
    );
    superuser.batch_execute("DROP SUBSCRIPTION s").await.unwrap();
    link.check().await.unwrap();
}
