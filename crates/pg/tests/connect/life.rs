//! A session's life: pinned settings, notifications, cancelling, and its end.

use std::time::Duration;

use ponte_pg::error::During;
use ponte_pg::{ErrorKind, Retry, Session};
use ponte_testkit::eventually;

use crate::support::{connect, server, settings, tls_server};
use ponte_testkit::{Authority, Valid};

const SOON: Duration = Duration::from_secs(10);

async fn backend_pid(session: &Session) -> i32 {
    session
        .client()
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0)
}

#[tokio::test]
async fn settings_are_pinned_whatever_the_role_says() {
    let cluster = server().await;
    cluster
        .sql(
            "postgres",
            "ALTER ROLE app SET TimeZone = 'Asia/Tokyo'; ALTER ROLE app SET DateStyle = 'German'",
        )
        .await;
    let session = connect(&settings(&cluster, "127.0.0.1")).await.unwrap();
    let show = |name: &'static str| {
        let client = session.client();
        async move {
            client
                .query_one(&format!("SHOW {name}"), &[])
                .await
                .unwrap()
                .get::<_, String>(0)
        }
    };
    assert_eq!(show("TimeZone").await, "UTC");
    assert_eq!(show("DateStyle").await, "ISO, YMD");
    assert_eq!(show("search_path").await, "pg_catalog");
    assert_eq!(
        show("server_version_num").await,
        session.server_version_num().to_string()
    );
}

/// AT-140: the statement of a process that was killed would hold its locks for as long as it runs. Before PostgreSQL 14 it does.
#[tokio::test]
async fn a_statement_ends_soon_after_its_client_is_gone() {
    let cluster = server().await;
    let address = settings(&cluster, "127.0.0.1");
    if connect(&address).await.unwrap().server_version_num() < 140_000 {
        return;
    }
    // A runtime that is shut down closes its sockets without a word, as a process does that is killed.
    let process = tokio::runtime::Runtime::new().unwrap();
    process.spawn(async move {
        let session = connect(&address).await.unwrap();
        session.client().batch_execute("SELECT pg_sleep(600)").await
    });
    let observer = ponte_testkit::connect(&cluster.superuser_url("postgres")).await;
    let running = || async {
        let sql = "SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'";
        observer.query_opt(sql, &[]).await.unwrap().is_some()
    };
    eventually(SOON, "the statement runs", || async {
        running().await.then_some(())
    })
    .await;
    process.shutdown_background();
    eventually(SOON, "the statement ends", || async {
        (!running().await).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_ended_says_why() {
    let cluster = server().await;
    let mut session = connect(&settings(&cluster, "127.0.0.1")).await.unwrap();
    assert!(session.lost().is_none());
    let pid = backend_pid(&session).await;
    cluster
        .sql("postgres", &format!("SELECT pg_terminate_backend({pid})"))
        .await;
    assert!(session.notification().await.is_none());
    let lost = session.lost().unwrap();
    assert_eq!(
        (lost.kind(), lost.kind().retry()),
        (ErrorKind::ConnLost, Retry::Later)
    );
    assert_eq!(lost.server().unwrap().code().code(), "57P01");
    let error = session
        .client()
        .simple_query("SELECT 1")
        .await
        .during(|| "ask".to_owned())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnLost, "{error:?}");
}

#[tokio::test]
async fn a_statement_under_way_reports_the_crash_of_its_server() {
    let cluster = server().await;
    let session = connect(&settings(&cluster, "127.0.0.1")).await.unwrap();
    let (outcome, ()) = tokio::join!(session.client().simple_query("SELECT pg_sleep(60)"), async {
        cluster.kill().await;
    });
    let error = outcome.during(|| "sleep".to_owned()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnLost, "{error:?}");
    eventually(SOON, "the end", async || session.lost().map(|_| ())).await;
}

#[tokio::test]
async fn a_statement_is_cancelled_the_way_the_session_came_in() {
    let authority = Authority::new("ours");
    let cluster = tls_server(&authority.server(&["localhost"], Valid::Now), None).await;
    let watcher = cluster.superuser("postgres").await;
    for mode in ["disable", "require"] {
        let session = connect(&format!("{} sslmode={mode}", settings(&cluster, "localhost")))
            .await
            .unwrap();
        let pid = backend_pid(&session).await;
        let token = session.cancel_token();
        let cancel = async {
            let active = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep%' AND state = 'active'";
            eventually(SOON, "the statement", async || {
                watcher.query_opt(active, &[&pid]).await.unwrap()
            })
            .await;
            token.cancel().await.unwrap();
        };
        let (outcome, ()) = tokio::join!(session.client().simple_query("SELECT pg_sleep(60)"), cancel);
        let error = outcome.during(|| "sleep".to_owned()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SqlTransient, "{mode}");
        assert!(
            error.context().contains(&("sqlstate", "57014".to_owned())),
            "{mode}"
        );
    }
}

#[tokio::test]
async fn notifications_arrive_over_tls() {
    let authority = Authority::new("ours");
    let cluster = tls_server(&authority.server(&["localhost"], Valid::Now), None).await;
    let mut session = connect(&format!("{} sslmode=require", settings(&cluster, "localhost")))
        .await
        .unwrap();
    session.client().batch_execute("LISTEN wake").await.unwrap();
    cluster.sql("app", "NOTIFY wake, 'up'").await;
    assert_eq!(session.notification().await.unwrap().payload(), "up");
}

#[tokio::test]
async fn a_rejected_row_is_not_quoted_by_the_error() {
    let cluster = server().await;
    let session = connect(&settings(&cluster, "127.0.0.1")).await.unwrap();
    let client = session.client();
    client
        .batch_execute("CREATE TEMP TABLE t (email text UNIQUE); INSERT INTO t VALUES ('jo@example.com')")
        .await
        .unwrap();
    for sql in [
        "INSERT INTO t VALUES ('jo@example.com')",
        "SELECT 'jo@example.com'::text::integer FROM t",
    ] {
        let error = client
            .batch_execute(sql)
            .await
            .during(|| "insert a row".to_owned())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SqlRejected);
        let cause = std::error::Error::source(&error).unwrap();
        for shown in [format!("{error} {error:?}"), format!("{cause} {cause:?}")] {
            assert!(!shown.contains("jo@"), "{shown}");
        }
        assert!(error.server().is_some());
    }
}
