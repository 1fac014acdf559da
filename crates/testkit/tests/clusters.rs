//! What the tests of all other crates rely on.

use std::time::{Duration, Instant};

use ponte_testkit::{Pair, Proxy, TestCluster, connect, eventually};

#[tokio::test]
async fn an_owner_is_an_ordinary_role_that_owns_its_database() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app_owner").await;
    let client = connect(&url).await;
    client
        .batch_execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let row = client
        .query_one(
            "SELECT rolsuper, rolname::text FROM pg_roles WHERE rolname = current_user",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, bool>(0), row.get::<_, &str>(1)),
        (false, "app_owner")
    );
}

#[tokio::test]
async fn what_was_committed_survives_a_kill_and_a_restart_on_the_same_port() {
    let cluster = TestCluster::start().await;
    cluster
        .sql("postgres", "CREATE TABLE kept AS SELECT 1 AS n")
        .await;
    let old = cluster.superuser("postgres").await;
    let (port, pid) = (cluster.port(), cluster.cluster().pid());

    cluster.kill().await;
    assert_eq!(cluster.cluster().pid(), None);
    assert!(old.simple_query("SELECT 1").await.is_err());

    cluster.restart().await;
    assert_eq!(cluster.port(), port);
    assert_ne!(cluster.cluster().pid(), pid);
    cluster.sql("postgres", "SELECT n FROM kept").await;

    cluster.stop_immediate().await;
    cluster.restart().await;
    cluster.sql("postgres", "SELECT n FROM kept").await;
}

#[tokio::test]
async fn a_pair_has_the_same_names_on_two_servers_and_is_up_soon() {
    drop(TestCluster::start().await);
    let started = Instant::now();
    let pair = Pair::start("app", "owner").await;
    println!("a pair was up after {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_ne!(pair.a.port(), pair.b.port());
    for url in [&pair.url_a, &pair.url_b] {
        connect(url).await.batch_execute("SELECT 1").await.unwrap();
    }
}

#[tokio::test]
async fn a_proxy_cuts_refuses_delays_and_freezes() {
    let cluster = TestCluster::start().await;
    let proxy = Proxy::to(cluster.port()).await;
    let url = proxy.through(&cluster.superuser_url("postgres"), cluster.port());
    let client = connect(&url).await;
    client.simple_query("SELECT 1").await.unwrap();

    proxy.cut();
    let cut = || async { client.simple_query("SELECT 1").await.err() };
    eventually(Duration::from_secs(10), "the cut to be felt", cut).await;

    proxy.refuse(true);
    assert!(
        tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .is_err()
    );
    proxy.refuse(false);
    let client = connect(&url).await;

    proxy.delay(Duration::from_millis(60));
    let started = Instant::now();
    client.simple_query("SELECT 1").await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(120));

    proxy.delay(Duration::ZERO);
    let passed = proxy.passed_bytes();
    proxy.freeze(true);
    let query = client.simple_query("SELECT 1");
    tokio::pin!(query);
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut query).await;
    assert!(waited.is_err(), "a frozen network passes something on");
    proxy.freeze(false);
    query.await.unwrap();
    assert!(proxy.passed_bytes() > passed);

    proxy.lose(1, Duration::from_millis(80));
    let started = Instant::now();
    client.simple_query("SELECT 1").await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(160));
}
