//! Several runners at once, and runners that are killed.

use std::time::Duration;

use futures_util::future::join_all;
use ponte_pg::migrate::{Event, UpRequest};
use ponte_testkit::eventually;

use crate::support::{Server, files, up_in_another_program};

const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn six_runners_at_once_apply_each_file_once() {
    let server = Server::start().await;
    let texts: Vec<(String, String)> = (1..=30)
        .map(|n| {
            (
                format!("{n:03}_t.sql"),
                format!("CREATE TABLE t{n} (id int);\nSELECT pg_sleep(0.005);"),
            )
        })
        .collect();
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let set = files(&texts);
    let applied = join_all((0..6).map(|_| server.up(&set))).await;
    let mut all: Vec<String> = applied.into_iter().flat_map(Result::unwrap).collect();
    all.sort();
    let expected: Vec<String> = (1..=30).map(|n| format!("{n:03}")).collect();
    assert_eq!(all, expected);
    assert_eq!(server.migrator().await.log().await.unwrap().len(), 30);
}

#[tokio::test]
async fn a_waiting_runner_names_the_one_at_work() {
    let server = Server::start().await;
    // The first runner cannot come to its end before the second has seen it.
    let gate = server.owner().await;
    gate.batch_execute("CREATE TABLE gate ()").await.unwrap();
    gate.batch_execute("BEGIN; LOCK TABLE gate").await.unwrap();
    let slow = files(&[("1_slow.sql", "ALTER TABLE gate ADD COLUMN a integer;")]);
    let (seen, open) = tokio::sync::oneshot::channel();
    let first = server.up(&slow);
    let second = async {
        let holds = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'";
        eventually(DEADLINE, "the first runner's lock", || async {
            (server.text(holds).await == "1").then_some(())
        })
        .await;
        let mut seen = Some(seen);
        let mut observer = |event: Event<'_>| {
            if let Event::WaitingForRunner { holder: Some(holder) } = event
                && let Some(seen) = seen.take()
            {
                seen.send(holder.application_name.clone()).unwrap();
            }
        };
        let mut migrator = server.migrator().await;
        migrator
            .up(&slow, &UpRequest::default(), &mut observer)
            .await
            .unwrap()
            .len()
    };
    let named = async {
        let named = open.await.unwrap();
        gate.batch_execute("COMMIT").await.unwrap();
        named
    };
    let (first, second, named) = tokio::join!(first, second, named);
    assert_eq!((first.unwrap().len(), second), (1, 0));
    assert_eq!(named, "ponte migrate");
}

#[tokio::test]
async fn a_runner_that_is_killed_in_the_middle_of_a_file_leaves_nothing_of_it() {
    let server = Server::start().await;
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("001_a.sql", "CREATE TABLE a ();");
    write(
        "002_b.sql",
        "CREATE TABLE b ();\nSELECT pg_sleep(60);\nCREATE TABLE c ();",
    );
    let mut child = up_in_another_program(&server.url, directory.path());
    let asleep = "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    eventually(DEADLINE, "the file's long statement", || async {
        (server.text(asleep).await == "1").then_some(())
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    server
        .cluster
        .sql(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
        )
        .await;

    write("002_b.sql", "CREATE TABLE b ();\nCREATE TABLE c ();");
    let set = ponte_pg::migrate::read_directory(directory.path()).unwrap();
    assert_eq!(server.up(&set).await.unwrap(), ["002"]);
    let log = server.migrator().await.log().await.unwrap();
    assert_eq!(log.len(), 2);
}
