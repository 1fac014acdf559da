//! Copies of a node: a database made from another one, and one that was moved.

use ponte_pg::sync::identity::{identity, renew, settle as settle_identity};
use ponte_pg::sync::{LiveLink, Peer};
use ponte_pg::{Error, ErrorKind};
use ponte_sync::link::{LinkSpec, Side};

use crate::support::{NOTA, World, number, session, settle};

/// Copies node A within its cluster; answers the copy's URL.
async fn copied(world: &World) -> String {
    let cluster = world.cluster(Side::First);
    cluster.sql("postgres", "ALTER DATABASE app WITH ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'app'").await;
    cluster
        .sql("postgres", "CREATE DATABASE copia TEMPLATE app OWNER dono")
        .await;
    cluster
        .sql("postgres", "ALTER DATABASE app WITH ALLOW_CONNECTIONS true")
        .await;
    cluster.url("copia", "dono")
}

async fn open(world: &World, spec: &LinkSpec, url: &str) -> Result<LiveLink, Error> {
    let peers = [Peer::new("a", session(url).await), world.peer(Side::Second).await];
    LiveLink::open(spec.clone(), peers).await
}

#[tokio::test]
async fn a_copy_does_not_sync_in_the_name_of_its_original() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    settle(&mut world.init(&spec).await).await;
    let url = copied(&world).await;
    let error = open(&world, &spec, &url).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncIdentity, "{error:?}");
    assert!(
        error
            .next_step()
            .unwrap()
            .contains("ponte sync identity a --copy"),
        "{error:?}"
    );
    // A copy that is none any more has no links, and keeps its rows.
    let client = ponte_testkit::connect(&url).await;
    client
        .batch_execute("INSERT INTO nota (id) VALUES (1)")
        .await
        .unwrap();
    let mut copy = Peer::new("a", session(&url).await);
    assert_eq!(renew(&mut copy).await.unwrap(), ["teste"]);
    assert!(identity(&mut copy).await.unwrap().is_none());
    assert_eq!(number(&client, "SELECT count(*) FROM nota").await, 1);
    let error = open(&world, &spec, &url).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncNotReady, "{error:?}");
}

#[tokio::test]
async fn an_original_that_was_moved_goes_on_once_a_person_says_so() {
    let world = World::with(NOTA).await;
    let spec = world.spec(&["nota"]);
    settle(&mut world.init(&spec).await).await;
    let url = copied(&world).await;
    settle_identity(&mut Peer::new("a", session(&url).await))
        .await
        .unwrap();
    let client = ponte_testkit::connect(&url).await;
    client
        .batch_execute("INSERT INTO nota (id) VALUES (1)")
        .await
        .unwrap();
    let mut link = open(&world, &spec, &url).await.unwrap();
    settle(&mut link).await;
    assert_eq!(number(&world.b, "SELECT count(*) FROM nota").await, 1);
    // Now the old one is the copy, and both remember different pasts.
    drop(link);
    let old = ponte_testkit::connect(&world.pair.url_a).await;
    old.batch_execute("INSERT INTO nota (id) VALUES (2)")
        .await
        .unwrap();
    let mut link = open(&world, &spec, &world.pair.url_a).await.unwrap();
    let error = link.pass().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SyncWentBack, "{error:?}");
}
