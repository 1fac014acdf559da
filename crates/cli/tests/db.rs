//! `ponte db check` against real servers, and what a failed connection looks like to a person and to a script.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::process::Command;

use ponte_testkit::TestCluster;

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The program in an empty directory without anything of this environment.
fn ponte(args: &[&str]) -> Run {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
        .args(args)
        .current_dir(&directory)
        .env_clear()
        .output()
        .unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test]
async fn a_good_connection_is_described_and_has_no_findings() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app").await;
    let text = ponte(&["db", "check", "--database-url", &url]);
    assert_eq!(text.code, Some(0), "{}{}", text.stdout, text.stderr);
    for line in [
        "PostgreSQL ",
        "tls         none",
        "role        app: create schemas",
        "connection  direct",
        "round trip",
    ] {
        assert!(text.stdout.contains(line), "{line} is missing:\n{}", text.stdout);
    }
    assert!(!text.stdout.contains(cluster.cluster().password()));
    let json = ponte(&["db", "check", "--output", "json", "--database-url", &url]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["role"]["name"], "app");
    assert_eq!(document["pooling"]["pooled"], false);
    assert_eq!(document["findings"], serde_json::json!([]));
    assert!(document["round_trip_ms"].is_number());
}

#[tokio::test]
async fn a_role_that_cannot_write_is_a_finding() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app").await;
    cluster
        .sql(
            "postgres",
            "ALTER ROLE app SET default_transaction_read_only = on",
        )
        .await;
    let run = ponte(&["db", "check", "--database-url", &url]);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout
            .contains("warning: transactions cannot write by default"),
        "{}",
        run.stdout
    );
}

#[tokio::test]
async fn a_wrong_password_names_everything_but_itself() {
    let cluster = TestCluster::start().await;
    let port = cluster.port();
    let url = format!("postgresql://postgres:hunter2@127.0.0.1:{port}/postgres");
    let run = ponte(&["db", "check", "--database-url", &url]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    for part in [
        "conn.password",
        "127.0.0.1",
        &port.to_string(),
        "postgres",
        "prefer",
        "28P01",
        "PGPASSWORD",
    ] {
        assert!(run.stderr.contains(part), "{part} is missing:\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
}

#[test]
fn a_refused_connection_says_what_to_do() {
    // Nobody listens on port 1.
    let url = "postgresql://me@127.0.0.1:1/db";
    let run = ponte(&["db", "check", "--output", "json", "--database-url", url]);
    let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(run.code, Some(2));
    assert_eq!(error["error"]["code"], "conn.refused");
    assert_eq!(error["error"]["context"]["port"], "1");
    assert!(
        error["error"]["help"]
            .as_str()
            .unwrap()
            .contains("check that the server runs")
    );
}

#[test]
fn a_misspelt_keyword_is_suggested() {
    let run = ponte(&[
        "db",
        "check",
        "--database-url",
        "postgresql://me@h/db?sslmod=require",
    ]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("conn.invalid") && run.stderr.contains("did you mean sslmode?"),
        "{}",
        run.stderr
    );
}
