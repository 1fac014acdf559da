//! Files that cannot run in a transaction.

use std::time::Duration;

use ponte_pg::ErrorKind;
use ponte_pg::migrate::{Event, UpRequest};
use ponte_schema::migration::Problem;
use ponte_schema::migration::plan::{self, DownTo};
use ponte_testkit::eventually;

use crate::support::{Server, files, up_in_another_program};

const DEADLINE: Duration = Duration::from_secs(30);
const TABLE: &str = "CREATE TABLE t (a integer, b integer);\nINSERT INTO t VALUES (1, 1), (1, 2);";
const UNIQUE: &str = "CREATE INDEX CONCURRENTLY t_b ON t (b);
CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a);
CREATE TABLE after ();
-- DOWN operations
-- DROP TABLE after;
-- DROP INDEX CONCURRENTLY t_a;
-- DROP INDEX CONCURRENTLY t_b;
";
const VALID: &str =
    "SELECT string_agg(indexrelid::regclass || ' ' || indisvalid, ', ' ORDER BY indexrelid::regclass::text)
    FROM pg_index WHERE indrelid = 't'::regclass";

#[tokio::test]
async fn a_failed_concurrent_build_is_cleared_away_and_taken_up_again() {
    let server = Server::start().await;
    let set = files(&[("1_t.sql", TABLE), ("2_index.sql", UNIQUE)]);
    let error = server.up(&set).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::Failed));
    let applied = error.context().iter().find(|(key, _)| *key == "applied").unwrap();
    assert_eq!(applied.1, "1 of 3 statements of this file");
    assert_eq!(server.text(VALID).await, "t_a false, t_b true");

    let migrator = server.migrator().await;
    assert_eq!(
        migrator.invalid_indexes().await.unwrap()[0].index.to_string(),
        "t_a"
    );
    let history = migrator.applied().await.unwrap();
    let status = plan::status(&set, &history);
    assert_eq!(
        status.unfinished.unwrap().unfinished.as_ref().unwrap().steps_done,
        1
    );
    let error = server.down(&set, &DownTo::Steps(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::Interrupted));

    server
        .owner()
        .await
        .batch_execute("DELETE FROM t WHERE b = 2")
        .await
        .unwrap();
    let mut seen = Vec::new();
    let mut observer = |event: Event<'_>| match event {
        Event::Resumed { steps_done, .. } => seen.push(format!("resumed after {steps_done}")),
        Event::InvalidIndexDropped { index } => seen.push(format!("dropped {index}")),
        _ => {}
    };
    server
        .migrator()
        .await
        .up(&set, &UpRequest::default(), &mut observer)
        .await
        .unwrap();
    assert_eq!(seen, ["resumed after 1", "dropped t_a"]);
    assert_eq!(server.text(VALID).await, "t_a true, t_b true");
    assert_eq!(server.down(&set, &DownTo::Steps(1)).await.unwrap(), ["2"]);
    assert_eq!(
        server
            .text("SELECT count(*)::text FROM pg_index WHERE indrelid = 't'::regclass")
            .await,
        "0"
    );
}

#[tokio::test]
async fn an_invalid_index_is_not_taken_for_the_real_one_by_if_not_exists() {
    let server = Server::start().await;
    server.up(&files(&[("1_t.sql", TABLE)])).await.unwrap();
    let owner = server.owner().await;
    owner
        .batch_execute("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)")
        .await
        .unwrap_err();
    owner.batch_execute("DELETE FROM t WHERE b = 2").await.unwrap();
    let set = files(&[
        ("1_t.sql", TABLE),
        (
            "2_a.sql",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a);",
        ),
    ]);
    server.up(&set).await.unwrap();
    assert_eq!(server.text(VALID).await, "t_a true");
}

#[tokio::test]
async fn a_killed_runner_is_followed_up_at_its_statement() {
    let server = Server::start().await;
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("1_t.sql", TABLE);
    write(
        "2_steps.sql",
        "-- ponte: no-transaction\nSET search_path = public;\nCREATE TABLE done_before ();\n\
         CREATE INDEX CONCURRENTLY t_b ON t (b);\nCREATE TABLE done_after ();",
    );
    // An open transaction that has seen the table keeps the concurrent build waiting.
    let blocker = server.owner().await;
    server.up(&files(&[("1_t.sql", TABLE)])).await.unwrap();
    blocker
        .batch_execute("BEGIN; INSERT INTO t VALUES (9, 9)")
        .await
        .unwrap();
    let mut child = up_in_another_program(&server.url, directory.path());
    let building = "SELECT count(*)::text FROM pg_stat_progress_create_index";
    eventually(DEADLINE, "the build to begin", || async {
        (server.text(building).await == "1").then_some(())
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    server
        .cluster
        .sql(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ponte migrate'",
        )
        .await;
    blocker.batch_execute("COMMIT").await.unwrap();

    let set = ponte_pg::migrate::read_directory(directory.path()).unwrap();
    assert_eq!(server.up(&set).await.unwrap(), ["2"]);
    assert_eq!(server.text(VALID).await, "t_b true");
    assert_eq!(
        server.text("SELECT to_regclass('done_after')::text").await,
        "done_after"
    );
}

#[tokio::test]
async fn a_build_that_ended_after_its_runner_was_killed_counts_as_done() {
    let server = Server::start().await;
    let steps = "CREATE TABLE before ();\nCREATE INDEX CONCURRENTLY t_b ON t (b);\nCREATE TABLE after ();";
    let set = files(&[("1_t.sql", TABLE), ("2_index.sql", steps)]);
    server.up(&files(&[("1_t.sql", TABLE)])).await.unwrap();
    let up = &set.last().unwrap().up;
    // What a runner leaves that was killed between the end of the build and its mark.
    let half_done = format!(
        "CREATE TABLE before (); CREATE INDEX t_b ON t (b);
         INSERT INTO ponte.migration (revision, name, checksum_up, checksum_tokens, release, direction, steps_done, step_begun, checksum_done)
         VALUES ('2', 'index', 'x', 'x', 'test', 'up', 1, true, '{}')",
        up.checksum_of_steps(1).as_str()
    );
    server.owner().await.batch_execute(&half_done).await.unwrap();
    assert_eq!(server.up(&set).await.unwrap(), ["2"]);
    let rows = server.migrator().await.applied().await.unwrap();
    assert!(rows.iter().all(|row| row.unfinished.is_none()));
    assert_eq!(rows[1].checksum_up, set.last().unwrap().checksum_up);
}

#[tokio::test]
async fn what_a_file_puts_between_begin_and_commit_stays_together() {
    let server = Server::start().await;
    let text = |third: &str| {
        format!(
            "-- ponte: no-transaction\nCREATE TABLE a ();\nBEGIN;\nCREATE TABLE b ();\n{third};\nCOMMIT;\nVACUUM pg_class;"
        )
    };
    let broken = text("CREATE TABLE a ()");
    server.up(&files(&[("1_a.sql", &broken)])).await.unwrap_err();
    assert_eq!(
        server
            .text("SELECT coalesce(to_regclass('b')::text, 'none')")
            .await,
        "none"
    );
    let mended = text("CREATE TABLE c ()");
    assert_eq!(server.up(&files(&[("1_a.sql", &mended)])).await.unwrap(), ["1"]);
    assert_eq!(
        server
            .text("SELECT to_regclass('b')::text || to_regclass('c')::text")
            .await,
        "bc"
    );
}

#[tokio::test]
async fn a_new_enum_value_needs_no_transaction_of_its_own() {
    let server = Server::start().await;
    let set = files(&[
        ("1_a.sql", "CREATE TYPE mood AS ENUM ('sad');"),
        ("2_b.sql", "ALTER TYPE mood ADD VALUE 'glad';"),
    ]);
    assert_eq!(server.up(&set).await.unwrap(), ["1", "2"]);
    let used = files(&[
        ("1_a.sql", "CREATE TYPE mood AS ENUM ('sad');"),
        ("2_b.sql", "ALTER TYPE mood ADD VALUE 'glad';"),
        (
            "3_c.sql",
            "ALTER TYPE mood ADD VALUE 'wild';\nCREATE TABLE m AS SELECT 'wild'::mood AS m;",
        ),
    ]);
    let error = server.up(&used).await.unwrap_err();
    assert_eq!(error.migration().unwrap().sqlstate, "55P04");
    assert!(error.next_step().unwrap().contains("next migration"));
}

#[tokio::test]
async fn what_interrupted_commands_leave_is_named_for_what_it_is() {
    let server = Server::start().await;
    let owner = server.owner().await;
    owner
        .batch_execute(
            "CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (1);
             CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
        )
        .await
        .unwrap();
    for build in [
        "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)",
        "CREATE UNIQUE INDEX CONCURRENTLY t_a_ccnew1 ON t (a)",
    ] {
        owner.batch_execute(build).await.unwrap_err();
    }
    // A reader of the parent holds up the second half of the detachment, which gives up.
    let reader = server.owner().await;
    reader.batch_execute("BEGIN; SELECT * FROM p").await.unwrap();
    owner.batch_execute("SET lock_timeout = '50ms'").await.unwrap();
    owner
        .batch_execute("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY")
        .await
        .unwrap_err();

    let migrator = server.migrator().await;
    let invalid = migrator.invalid_indexes().await.unwrap();
    let named: Vec<(String, bool)> = invalid
        .iter()
        .map(|found| (found.index.to_string(), found.is_leftover_of_reindex()))
        .collect();
    assert_eq!(
        named,
        [("t_a".to_owned(), false), ("t_a_ccnew1".to_owned(), true)]
    );
    let detaches = migrator.pending_detaches().await.unwrap();
    assert_eq!(
        (detaches[0].partition.to_string(), detaches[0].table.to_string()),
        ("p1".to_owned(), "p".to_owned())
    );
}
