//! What a rejected statement looks like, and what is left of its file.

use ponte_pg::migrate::SqlFailure;
use ponte_schema::lexer::Position;

use crate::support::{Server, files};

struct Expected {
    sqlstate: &'static str,
    line: u32,
    column: u32,
    /// The text above the caret.
    marked: &'static str,
}

/// Applies a file that fails, and checks that nothing of it is there afterwards.
async fn check(text: &str, expected: &Expected) -> SqlFailure {
    let server = Server::start().await;
    let set = files(&[("001_fails.sql", text)]);
    let error = server.up(&set).await.unwrap_err();
    let failure = error.migration().unwrap_or_else(|| panic!("{error:?}")).clone();
    assert_eq!(failure.sqlstate, expected.sqlstate, "{failure:?}");
    let Position { line, column } = failure.position.unwrap();
    assert_eq!((line, column), (expected.line, expected.column), "{failure:?}");
    let snippet = failure.snippet.as_ref().unwrap();
    let chars = snippet.lines[snippet.caret_line].chars();
    let marked: String = chars
        .skip(snippet.caret.start)
        .take(snippet.caret.len())
        .collect();
    assert_eq!(marked, expected.marked);
    let left = "SELECT count(*)::text FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(server.text(left).await, "0");
    assert!(server.migrator().await.applied().await.unwrap().is_empty());
    failure
}

#[tokio::test]
async fn the_token_that_the_server_means_is_marked() {
    let failure = check(
        "-- UP operations\nCREATE TABLE t (email text);\nCREATE VIEW v AS\n  SELECT 'é',\n\temial\n    FROM t;\nCREATE TABLE u ();",
        &Expected { sqlstate: "42703", line: 5, column: 2, marked: "emial" },
    )
    .await;
    assert!(failure.hint.unwrap().contains("t.email"));
    assert_eq!(failure.snippet.unwrap().lines.len(), 4);
}

#[tokio::test]
async fn a_syntax_error_at_the_end_is_marked_after_the_last_token() {
    check(
        "SELECT 1 +;",
        &Expected {
            sqlstate: "42601",
            line: 1,
            column: 11,
            marked: ";",
        },
    )
    .await;
}

#[tokio::test]
async fn a_statement_without_a_place_is_marked_as_a_whole() {
    let failure = check(
        "CREATE TABLE t (a integer PRIMARY KEY);\nINSERT INTO t\n  VALUES (1), (1);",
        &Expected {
            sqlstate: "23505",
            line: 2,
            column: 1,
            marked: "INSERT INTO t",
        },
    )
    .await;
    assert_eq!(failure.detail, None, "the detail quotes a row");
}

#[tokio::test]
async fn the_line_of_a_do_block_is_found() {
    let failure = check(
        "DO $body$\nBEGIN\n  PERFORM 1;\n  EXECUTE 'SELECT nix';\nEND\n$body$;",
        &Expected {
            sqlstate: "42703",
            line: 4,
            column: 3,
            marked: "EXECUTE 'SELECT nix';",
        },
    )
    .await;
    assert_eq!(failure.internal.unwrap().query, "SELECT nix");
}

#[tokio::test]
async fn an_error_inside_a_body_in_dollar_quotes_is_marked_in_the_body() {
    check(
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$\n  SELECT nix\n$$;",
        &Expected {
            sqlstate: "42703",
            line: 2,
            column: 10,
            marked: "nix",
        },
    )
    .await;
}

#[tokio::test]
async fn a_row_of_copy_is_named_by_its_line_and_not_shown() {
    let failure = check(
        "CREATE TABLE t (a integer);\nCOPY t FROM stdin;\n1\nsecret\n\\.\n",
        &Expected {
            sqlstate: "22P02",
            line: 4,
            column: 1,
            marked: "COPY t FROM stdin",
        },
    )
    .await;
    assert_eq!(failure.context, None);
}

#[tokio::test]
async fn a_constraint_that_is_checked_at_the_commit_fails_the_whole_file() {
    let server = Server::start().await;
    let text = "CREATE TABLE t (a integer PRIMARY KEY, b integer REFERENCES t DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO t VALUES (1, 2);";
    let set = files(&[("1_a.sql", text), ("2_b.sql", "CREATE TABLE u ();")]);
    let error = server.up(&set).await.unwrap_err();
    let failure = error.migration().unwrap();
    assert_eq!((failure.sqlstate.as_str(), failure.position), ("23503", None));
    assert!(server.migrator().await.applied().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_savepoint_that_repairs_the_transaction_does_not_hide_an_error() {
    let server = Server::start().await;
    let text = "SAVEPOINT s;\nSELECT nix;\nROLLBACK TO SAVEPOINT s;\nCREATE TABLE t ();";
    let error = server.up(&files(&[("1_a.sql", text)])).await.unwrap_err();
    assert_eq!(error.migration().unwrap().position.unwrap().line, 2);
    assert_eq!(
        server
            .text("SELECT coalesce(to_regclass('t')::text, 'none')")
            .await,
        "none"
    );
}

#[tokio::test]
async fn files_before_the_failing_one_stay_applied() {
    let server = Server::start().await;
    let set = files(&[
        ("1_a.sql", "CREATE TABLE a ();"),
        ("2_b.sql", "CREATE TABLE a ();"),
        ("3_c.sql", "CREATE TABLE c ();"),
    ]);
    server.up(&set).await.unwrap_err();
    let applied = server.migrator().await.applied().await.unwrap();
    assert_eq!(
        applied
            .iter()
            .map(|row| row.revision.as_str())
            .collect::<Vec<_>>(),
        ["1"]
    );
}
