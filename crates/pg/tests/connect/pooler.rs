//! A real PgBouncer in transaction mode.

use ponte_pg::check::check_server;
use ponte_pg::pooler::{self, Behaviour};
use ponte_pg::{ConnectOptions, Conninfo, ErrorKind, Session};
use ponte_testkit::{Bouncer, TestCluster};

use crate::support::{ROLE, options, server, settings};

fn conninfo(bouncer: &Bouncer) -> Conninfo {
    Conninfo::parse(&bouncer.url(ROLE)).unwrap()
}

async fn bouncer(cluster: &TestCluster) -> Bouncer {
    Bouncer::start(cluster, ROLE, 20).await
}

fn allowing() -> ConnectOptions {
    ConnectOptions {
        allow_pooled: true,
        pinned: false,
        ..options()
    }
}

#[tokio::test]
async fn a_pooler_is_known_by_its_behaviour() {
    let cluster = server().await;
    let bouncer = bouncer(&cluster).await;
    let seen = pooler::by_behaviour(&conninfo(&bouncer), &options())
        .await
        .unwrap();
    assert_eq!(seen, Some(Behaviour::SharedBackend));
    let error = pooler::require_direct(&conninfo(&bouncer), &options())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnPooled);
    let check = check_server(&conninfo(&bouncer), &options()).await.unwrap();
    assert!(check.pooling.pooled && check.pooling.suspicion.is_none());
}

#[tokio::test]
async fn a_direct_server_shows_nothing_of_a_pooler() {
    let cluster = server().await;
    let conninfo = Conninfo::parse(&settings(&cluster, "127.0.0.1")).unwrap();
    assert_eq!(pooler::by_behaviour(&conninfo, &options()).await.unwrap(), None);
    pooler::require_direct(&conninfo, &options()).await.unwrap();
}

#[tokio::test]
async fn work_that_can_do_with_a_pooler_leaves_no_setting_in_it() {
    let cluster = server().await;
    let bouncer = bouncer(&cluster).await;
    let session = Session::connect(&conninfo(&bouncer), &allowing()).await.unwrap();
    assert!(session.server_version_num() >= 130_000);
    drop(session);
    let stranger = ponte_testkit::connect(&bouncer.url(ROLE)).await;
    let rows = stranger.simple_query("SHOW search_path").await.unwrap();
    let path = rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    assert_eq!(path.as_deref(), Some("\"$user\", public"));
}

#[tokio::test]
async fn a_url_that_says_pgbouncer_is_refused_without_a_connection() {
    let conninfo = Conninfo::parse("postgresql://me@nowhere.invalid/db?pgbouncer=true").unwrap();
    let error = Session::connect(&conninfo, &options()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnPooled);
}
