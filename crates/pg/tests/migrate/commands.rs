//! Up, down, stamp and the readers, as a plain owner.

use ponte_pg::ErrorKind;
use ponte_pg::migrate::{Event, UpRequest};
use ponte_schema::migration::Problem;
use ponte_schema::migration::plan::{self, DownTo};

use crate::support::{Server, files, revision};

const USERS: &str = "-- UP operations
CREATE TABLE users (id integer PRIMARY KEY, email text);
COPY users (id, email) FROM stdin;
1\tone;'
2\t\\N
\\.
INSERT INTO users VALUES (3, 'three');

-- DOWN operations
-- DROP TABLE users;
";
const NICK: &str = "-- UP operations
ALTER TABLE users ADD COLUMN nick text DEFAULT 'nobody';
-- DOWN operations
-- ALTER TABLE users DROP COLUMN nick;
";

/// Everything that a user sees of a schema.
const SHAPE: &str = "SELECT coalesce(string_agg(attrelid::regclass || '.' || attname, ',' ORDER BY attrelid::regclass::text, attnum), '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped";

#[tokio::test]
async fn up_down_and_up_again_arrive_at_the_same_schema() {
    let server = Server::start().await;
    let set = files(&[("001_users.sql", USERS), ("002_nick.sql", NICK)]);
    assert_eq!(server.up(&set).await.unwrap(), ["001", "002"]);
    let shape = server.text(SHAPE).await;
    assert_eq!(shape, "users.id,users.email,users.nick");
    assert_eq!(server.text("SELECT count(*)::text FROM users").await, "3");
    assert_eq!(server.text("SELECT email FROM users WHERE id = 1").await, "one;'");

    assert_eq!(server.down(&set, &DownTo::Steps(1)).await.unwrap(), ["002"]);
    assert_eq!(server.text(SHAPE).await, "users.id,users.email");
    assert_eq!(
        server.down(&set, &DownTo::Revision(revision("0"))).await.unwrap(),
        ["001"]
    );
    assert_eq!(server.text(SHAPE).await, "");

    assert_eq!(server.up(&set).await.unwrap(), ["001", "002"]);
    assert_eq!(server.text(SHAPE).await, shape);
    let log = server.migrator().await.log().await.unwrap();
    let actions: Vec<String> = log
        .iter()
        .map(|entry| format!("{} {}", entry.action, entry.revision))
        .collect();
    assert_eq!(
        actions,
        ["up 001", "up 002", "down 002", "down 001", "up 001", "up 002"]
    );
    assert!(
        log.iter()
            .all(|entry| entry.done_by == "app" && entry.release == "test")
    );
}

#[tokio::test]
async fn up_twice_applies_nothing_the_second_time() {
    let server = Server::start().await;
    let set = files(&[("001_users.sql", USERS)]);
    server.up(&set).await.unwrap();
    assert!(server.up(&set).await.unwrap().is_empty());
}

#[tokio::test]
async fn up_stops_at_the_revision_that_is_asked_for() {
    let server = Server::start().await;
    let set = files(&[("001_users.sql", USERS), ("002_nick.sql", NICK)]);
    let request = UpRequest {
        to: Some(revision("1")),
        allow_late: false,
    };
    let mut migrator = server.migrator().await;
    let applied = migrator.up(&set, &request, &mut |_: Event<'_>| {}).await.unwrap();
    assert_eq!(applied.len(), 1);
    let history = migrator.applied().await.unwrap();
    let status = plan::status(&set, &history);
    assert_eq!((status.applied.len(), status.pending.len()), (1, 1));
}

#[tokio::test]
async fn reading_a_virgin_database_writes_nothing() {
    let server = Server::start().await;
    let objects =
        "SELECT (SELECT count(*) FROM pg_class)::text || ' ' || (SELECT count(*) FROM pg_namespace)";
    let before = server.text(objects).await;
    let migrator = server.migrator().await;
    assert!(migrator.applied().await.unwrap().is_empty());
    assert!(migrator.log().await.unwrap().is_empty());
    assert!(migrator.invalid_indexes().await.unwrap().is_empty());
    let set = files(&[("001_users.sql", USERS)]);
    assert!(
        migrator
            .plan_down(&set, &DownTo::Steps(1))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(server.up(&files(&[])).await.unwrap().is_empty());
    assert_eq!(server.text(objects).await, before);
}

#[tokio::test]
async fn files_saved_on_windows_are_the_same_files() {
    let server = Server::start().await;
    let windows = format!("\u{feff}{}", USERS.replace('\n', "\r\n"));
    server.up(&files(&[("001_users.sql", &windows)])).await.unwrap();
    assert_eq!(server.text("SELECT email FROM users WHERE id = 3").await, "three");
    let unix = files(&[("001_users.sql", USERS)]);
    let history = server.migrator().await.applied().await.unwrap();
    assert_eq!(plan::status(&unix, &history).applied[0].1, plan::Standing::Same);
}

#[tokio::test]
async fn a_late_lower_number_and_a_changed_file_are_refused_by_name() {
    let server = Server::start().await;
    server.up(&files(&[("002_users.sql", USERS)])).await.unwrap();
    let late = files(&[
        ("001_late.sql", "CREATE TABLE late ();"),
        ("002_users.sql", USERS),
    ]);
    let error = server.up(&late).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::Late));
    assert!(error.to_string().contains("001_late.sql"), "{error}");

    let request = UpRequest {
        allow_late: true,
        ..UpRequest::default()
    };
    let mut migrator = server.migrator().await;
    assert_eq!(
        migrator
            .up(&late, &request, &mut |_: Event<'_>| {})
            .await
            .unwrap()
            .len(),
        1
    );

    let changed = files(&[
        ("001_late.sql", "CREATE TABLE latest ();"),
        ("002_users.sql", USERS),
    ]);
    let error = server.up(&changed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::Changed));
    assert!(error.to_string().contains("001_late.sql"), "{error}");
    let commented = files(&[
        ("001_late.sql", "-- too late\nCREATE TABLE late ();"),
        ("002_users.sql", USERS),
    ]);
    server.up(&commented).await.unwrap();
}

#[tokio::test]
async fn nothing_is_undone_where_a_down_part_is_missing() {
    let server = Server::start().await;
    let set = files(&[
        ("001_a.sql", "CREATE TABLE a ();"),
        (
            "002_b.sql",
            "CREATE TABLE b ();\n-- DOWN operations\n-- DROP TABLE b;",
        ),
    ]);
    server.up(&set).await.unwrap();
    let error = server.down(&set, &DownTo::Steps(2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::Irreversible));
    assert_eq!(server.text(SHAPE).await, "");
    assert_eq!(server.text("SELECT to_regclass('b')::text").await, "b");
}

#[tokio::test]
async fn every_file_begins_with_the_settings_of_the_role() {
    let server = Server::start().await;
    server.cluster.sql("app", "CREATE SCHEMA corner AUTHORIZATION app; ALTER ROLE app IN DATABASE app SET search_path = corner, public").await;
    let set = files(&[
        (
            "1_a.sql",
            "CREATE TABLE a (); SET search_path = public; SET DateStyle = 'German'; CREATE TEMP TABLE scratch ();",
        ),
        (
            "2_b.sql",
            "CREATE TABLE b (); CREATE TABLE style AS SELECT current_setting('DateStyle') AS style, to_regclass('scratch') AS scratch;",
        ),
        (
            "3_c.sql",
            "SELECT set_config('search_path', '', false); CREATE TABLE public.c ();",
        ),
    ]);
    server.up(&set).await.unwrap();
    let tables = "SELECT string_agg(schemaname || '.' || tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname IN ('corner', 'public')";
    assert_eq!(
        server.text(tables).await,
        "corner.a corner.b public.c corner.style"
    );
    assert_eq!(
        server
            .text("SELECT style || coalesce(scratch::text, '') FROM corner.style")
            .await,
        "ISO, MDY"
    );
}

#[tokio::test]
async fn a_file_may_change_its_role() {
    let server = Server::start().await;
    server.cluster.create_role("painter", "").await;
    server
        .cluster
        .sql(
            "app",
            "GRANT painter TO app; GRANT CREATE ON SCHEMA public TO painter",
        )
        .await;
    let set = files(&[
        ("1_a.sql", "SET ROLE painter; CREATE TABLE a ();"),
        ("2_b.sql", "CREATE TABLE b ();"),
    ]);
    server.up(&set).await.unwrap();
    let owners =
        "SELECT string_agg(tableowner, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(server.text(owners).await, "painter app");
    assert_eq!(
        server.migrator().await.applied().await.unwrap()[0].applied_by,
        "app"
    );
}

#[tokio::test]
async fn stamping_writes_history_and_nothing_else() {
    let server = Server::start().await;
    let set = files(&[("001_users.sql", USERS), ("002_nick.sql", NICK)]);
    let mut migrator = server.migrator().await;
    let mut silent = |_: Event<'_>| {};
    let stamped = migrator.stamp(&set, &revision("2"), &mut silent).await.unwrap();
    assert_eq!(stamped.recorded, ["001", "002"]);
    assert_eq!(server.text(SHAPE).await, "");
    assert!(server.up(&set).await.unwrap().is_empty());
    let stamped = migrator.stamp(&set, &revision("0"), &mut silent).await.unwrap();
    assert_eq!(stamped.removed, ["001", "002"]);
    assert_eq!(server.up(&set).await.unwrap(), ["001", "002"]);
    let error = migrator
        .stamp(&set, &revision("3"), &mut silent)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::UnknownRevision));
}

#[tokio::test]
async fn stamping_accepts_a_changed_file() {
    let server = Server::start().await;
    server
        .up(&files(&[("1_a.sql", "CREATE TABLE a ();")]))
        .await
        .unwrap();
    let changed = files(&[("1_a.sql", "CREATE TABLE a (i integer);")]);
    server.up(&changed).await.unwrap_err();
    let mut migrator = server.migrator().await;
    migrator
        .stamp(&changed, &revision("1"), &mut |_: Event<'_>| {})
        .await
        .unwrap();
    server.up(&changed).await.unwrap();
}

#[tokio::test]
async fn two_hundred_small_files_take_about_one_round_trip_each() {
    let server = Server::start().await;
    let many: Vec<(String, String)> = (1..=200)
        .map(|n| {
            (
                format!("{n:03}_t.sql"),
                format!("CREATE TABLE t{n} (id bigint PRIMARY KEY);\nCREATE INDEX ON t{n} (id);"),
            )
        })
        .collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let set = files(&many);
    assert_eq!(server.up(&set).await.unwrap().len(), 200);
    assert_eq!(
        server
            .text("SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'")
            .await,
        "200"
    );
    assert_eq!(server.migrator().await.applied().await.unwrap().len(), 200);
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_refused_before_anything_runs() {
    let server = Server::start().await;
    server
        .cluster
        .sql("app", "ALTER ROLE app SET default_transaction_read_only = on")
        .await;
    let set = files(&[("001_users.sql", USERS)]);
    let error = server.up(&set).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::ReadOnly));
    assert!(server.migrator().await.applied().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_history_of_a_newer_release_is_left_alone() {
    let server = Server::start().await;
    let set = files(&[("001_users.sql", USERS)]);
    server.up(&set).await.unwrap();
    server
        .cluster
        .sql(
            "app",
            "COMMENT ON TABLE ponte.migration IS 'ponte migrate, format 2'",
        )
        .await;
    let error = server.up(&set).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Migrate(Problem::HistoryNewer));
}
