//! Servers that answer, and refuse.

use ponte_pg::ErrorKind;
use ponte_pg::embedded::SUPERUSER;

use crate::support::{ROLE, allow, connect, refused, server, settings};

#[tokio::test]
async fn a_wrong_password_and_a_missing_one_are_said_so() {
    let cluster = server().await;
    let settings = settings(&cluster, "127.0.0.1");
    let wrong = refused(&format!("{settings} password=wrong-one"), ErrorKind::ConnPassword).await;
    assert!(wrong.context().contains(&("sqlstate", "28P01".to_owned())));
    let missing = refused(&format!("{settings} password=''"), ErrorKind::ConnPassword).await;
    assert!(
        missing.next_step().unwrap().contains("no password is set"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_missing_database_is_said_so() {
    let cluster = server().await;
    let error = refused(
        &format!("{} dbname=nowhere", settings(&cluster, "127.0.0.1")),
        ErrorKind::ConnNoDatabase,
    )
    .await;
    assert!(error.context().contains(&("database", "nowhere".to_owned())));
    assert!(error.context().contains(&("port", cluster.port().to_string())));
}

#[tokio::test]
async fn a_role_that_does_not_exist_or_must_not_connect_is_not_allowed() {
    let cluster = server().await;
    allow(&cluster, "host all nobody 127.0.0.1/32 trust").await;
    let settings = settings(&cluster, "127.0.0.1");
    refused(&format!("{settings} user=nobody"), ErrorKind::ConnNotAllowed).await;
    cluster.create_role("stranger", "").await;
    cluster
        .sql("postgres", "REVOKE CONNECT ON DATABASE app FROM PUBLIC")
        .await;
    let error = refused(&format!("{settings} user=stranger"), ErrorKind::ConnNotAllowed).await;
    assert!(error.context().contains(&("sqlstate", "42501".to_owned())));
}

#[tokio::test]
async fn a_role_at_its_limit_is_told_to_wait() {
    let cluster = server().await;
    cluster.sql("postgres", "ALTER ROLE app CONNECTION LIMIT 1").await;
    let settings = settings(&cluster, "127.0.0.1");
    let first = connect(&settings).await.unwrap();
    let error = refused(&settings, ErrorKind::ConnTooMany).await;
    assert_eq!(error.kind().retry(), ponte_pg::Retry::Later);
    drop(first);
}

#[tokio::test]
async fn a_server_that_is_shutting_down_is_told_from_one_that_is_gone() {
    let cluster = server().await;
    let settings = settings(&cluster, "127.0.0.1");
    let held = connect(&settings).await.unwrap();
    let pid = rustix::process::Pid::from_raw(cluster.cluster().pid().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    ponte_testkit::eventually(std::time::Duration::from_secs(10), "the refusal", async || {
        let error = connect(&settings).await.err()?;
        assert_eq!(error.kind(), ErrorKind::ConnStarting, "{error:?}");
        Some(())
    })
    .await;
    drop(held);
    cluster.stop_immediate().await;
    refused(&settings, ErrorKind::ConnRefused).await;
}

#[tokio::test]
async fn options_reach_the_server_and_bad_ones_come_back() {
    let cluster = server().await;
    let settings = settings(&cluster, "127.0.0.1");
    let session = connect(&format!("{settings} options='-c work_mem=7MB'"))
        .await
        .unwrap();
    let row = session.client().query_one("SHOW work_mem", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "7MB");
    refused(
        &format!("{settings} options='-c work_memory=7MB'"),
        ErrorKind::ConnInvalid,
    )
    .await;
}

#[tokio::test]
async fn a_unix_socket_needs_neither_password_nor_tls() {
    let cluster = server().await;
    let settings = cluster.cluster().conninfo("postgres", SUPERUSER);
    let session = connect(&format!("{settings} sslmode=require")).await.unwrap();
    assert!(!session.is_encrypted());
    let error = refused(&format!("{settings} port=1"), ErrorKind::ConnRefused).await;
    assert!(error.next_step().unwrap().contains(".s.PGSQL.1"), "{error:?}");
}

#[tokio::test]
async fn the_connection_strings_own_application_name_wins() {
    let cluster = server().await;
    let settings = settings(&cluster, "127.0.0.1");
    for (more, expected) in [("", "ponte test"), ("application_name=mine", "mine")] {
        let session = connect(&format!("{settings} {more}")).await.unwrap();
        let row = session.client().query_one(
            "SELECT current_setting('application_name'), current_user::text",
            &[],
        );
        let row = row.await.unwrap();
        assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), (expected, ROLE));
    }
}
