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

/// What a person sees of a connection that cannot be made: all of `parts`, on stderr, with exit code 2.
fn check_refusal(url: &str, parts: &[&str]) {
    let run = ponte(&["db", "check", "--database-url", url]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "{part} is missing:\n{}", run.stderr);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_is_not_trusted() {
    let cluster = TestCluster::start().await;
    let url = |options: &str| {
        let (password, port) = (cluster.cluster().password(), cluster.port());
        format!("postgresql://postgres:{password}@localhost:{port}/postgres?hostaddr=127.0.0.1&{options}")
    };
    check_refusal(
        &url("sslmode=require"),
        &[
            "[conn.tls_refused]",
            "localhost",
            "sslmode: require",
            "help: turn on ssl at the server",
        ],
    );
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = cluster.cluster();
    files.write_file("server.crt", own.cert.pem().as_bytes()).unwrap();
    files
        .write_file("server.key", own.signing_key.serialize_pem().as_bytes())
        .unwrap();
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on").await;
    cluster.restart().await;
    check_refusal(
        &url("sslmode=verify-full&sslrootcert=system"),
        &[
            "[conn.unknown_ca]",
            "sslmode: verify-full",
            "help: point sslrootcert",
        ],
    );
    let trusted = ponte(&["db", "check", "--database-url", &url("sslmode=require")]);
    assert_eq!(trusted.code, Some(0), "{}", trusted.stderr);
    assert!(trusted.stdout.contains("TLSv1.3"), "{}", trusted.stdout);
}

#[test]
fn a_pooled_address_is_refused_with_the_direct_one_spelled_out() {
    let directory = tempfile::tempdir().unwrap();
    let url = "postgresql://app:segredo@ep-cool-name-pooler.eu-central-1.aws.neon.tech/app";
    let file = format!(
        "[nodes.a]\nurl = \"{url}\"\n[nodes.b]\nurl = \"postgresql://b@127.0.0.1:1/b\"\n\
         [[links]]\nname = \"l\"\nbetween = [\"a\", \"b\"]\n[[links.tables]]\ntable = \"t\"\n"
    );
    std::fs::write(directory.path().join("ponte.toml"), file).unwrap();
    let run = ponte(&["-C", directory.path().to_str().unwrap(), "sync", "init", "-y"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    for part in [
        "[conn.pooled_url]",
        "ep-cool-name.eu-central-1.aws.neon.tech",
        "node: a",
    ] {
        assert!(run.stderr.contains(part), "{part} is missing:\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("segredo"), "{}", run.stderr);
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
