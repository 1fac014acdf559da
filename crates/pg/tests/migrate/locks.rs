//! Tables that others have locked.

use std::time::Duration;

use ponte_pg::ErrorKind;
use ponte_pg::migrate::{Event, Migrator, Options, UpRequest};
use ponte_schema::migration::Problem;
use ponte_testkit::eventually;

use crate::support::{Server, files};

const DEADLINE: Duration = Duration::from_secs(30);
const ALTER: &str = "ALTER TABLE t ADD COLUMN b integer;";

#[tokio::test]
async fn a_lock_that_does_not_come_is_given_up_shown_and_tried_again() {
    let server = Server::start().await;
    let blocker = server.owner().await;
    blocker.batch_execute("CREATE TABLE t (a integer)").await.unwrap();
    blocker.batch_execute("BEGIN; SELECT * FROM t").await.unwrap();
    let pid: i32 = blocker
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    let (timed_out, retried) = tokio::sync::oneshot::channel();
    let mut timed_out = Some(timed_out);
    let mut seen = Vec::new();
    let mut observer = |event: Event<'_>| match event {
        Event::Blocked { by, .. } => seen.push(by[0].pid),
        Event::LockTimedOut { by, .. } => {
            seen.push(by[0].pid);
            if let Some(timed_out) = timed_out.take() {
                timed_out.send(()).unwrap();
            }
        }
        _ => {}
    };
    let set = files(&[("1_a.sql", ALTER)]);
    let mut migrator = server.migrator().await;
    let request = UpRequest::default();
    let up = migrator.up(&set, &request, &mut observer);
    let let_go = async {
        retried.await.unwrap();
        blocker.batch_execute("COMMIT").await
    };
    let up = async { Ok(up.await.unwrap()) };
    let (applied, ()) = tokio::try_join!(up, let_go).unwrap();
    assert_eq!(applied.len(), 1);
    assert_eq!(seen, [pid, pid]);
}

#[tokio::test]
async fn patience_ends_with_the_name_of_the_blocker_and_nothing_applied() {
    let server = Server::start().await;
    let blocker = server.owner().await;
    blocker.batch_execute("CREATE TABLE t (a integer)").await.unwrap();
    blocker.batch_execute("BEGIN; SELECT * FROM t").await.unwrap();
    let options = Options {
        lock_timeout: Duration::from_millis(1200),
        wait_max: Duration::from_millis(100),
        ..Options::new("test")
    };
    let mut migrator = Migrator::connect(&server.conninfo(), options).await.unwrap();
    let set = files(&[("1_a.sql", &format!("CREATE TABLE before ();\n{ALTER}"))]);
    let error = migrator
        .up(&set, &UpRequest::default(), &mut |_: Event<'_>| {})
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::Locked));
    assert!(
        error.context().iter().any(|(key, _)| *key == "blocked_by_pid"),
        "{error:?}"
    );
    assert_eq!(
        server
            .text("SELECT coalesce(to_regclass('before')::text, 'none')")
            .await,
        "none"
    );
}

#[tokio::test]
async fn a_concurrent_build_waits_for_open_transactions_without_a_time_out() {
    let server = Server::start().await;
    let blocker = server.owner().await;
    blocker.batch_execute("CREATE TABLE t (a integer)").await.unwrap();
    blocker
        .batch_execute("BEGIN; INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let (blocked, noticed) = tokio::sync::oneshot::channel();
    let mut blocked = Some(blocked);
    let mut observer = |event: Event<'_>| {
        if let Event::Blocked { .. } = event
            && let Some(blocked) = blocked.take()
        {
            blocked.send(()).unwrap();
        }
    };
    let set = files(&[("1_i.sql", "CREATE INDEX CONCURRENTLY t_a ON t (a);")]);
    // A lock time-out shorter than the first look at blockers: with it the build would have failed by then.
    let options = Options {
        lock_timeout: Duration::from_millis(200),
        ..Options::new("test")
    };
    let mut migrator = Migrator::connect(&server.conninfo(), options).await.unwrap();
    let request = UpRequest::default();
    let up = migrator.up(&set, &request, &mut observer);
    let let_go = async {
        noticed.await.unwrap();
        blocker.batch_execute("COMMIT").await
    };
    let up = async { Ok(up.await.unwrap()) };
    let (applied, ()) = tokio::try_join!(up, let_go).unwrap();
    assert_eq!(applied.len(), 1);
}

#[tokio::test]
async fn readers_behind_a_waiting_migration_wait_no_longer_than_its_lock_timeout() {
    let server = Server::start().await;
    let blocker = server.owner().await;
    blocker.batch_execute("CREATE TABLE t (a integer)").await.unwrap();
    blocker.batch_execute("BEGIN; SELECT * FROM t").await.unwrap();
    let options = Options {
        lock_timeout: Duration::from_secs(1),
        ..Options::new("test")
    };
    let mut migrator = Migrator::connect(&server.conninfo(), options).await.unwrap();
    let set = files(&[("1_a.sql", ALTER)]);
    let (timed_out, retries) = tokio::sync::oneshot::channel();
    let mut timed_out = Some(timed_out);
    let mut observer = |event: Event<'_>| {
        if let Event::LockTimedOut { .. } = event
            && let Some(timed_out) = timed_out.take()
        {
            timed_out.send(()).unwrap();
        }
    };
    let request = UpRequest::default();
    let up = async { migrator.up(&set, &request, &mut observer).await.unwrap().len() };
    // The blocker stays until a reader that came after the migration has been served, and the migration has tried in vain.
    let others = async {
        let reader = server.owner().await;
        reader
            .batch_execute("SET statement_timeout = '20s'")
            .await
            .unwrap();
        let waiting =
            "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'";
        eventually(DEADLINE, "the migration to wait", || async {
            (server.text(waiting).await == "1").then_some(())
        })
        .await;
        reader.batch_execute("SELECT * FROM t").await.unwrap();
        retries.await.unwrap();
        blocker.batch_execute("COMMIT").await.unwrap();
    };
    let (applied, ()) = tokio::join!(up, others);
    assert_eq!(applied, 1);
}
