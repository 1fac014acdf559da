//! psql as the judge of where statements end.

use std::process::Command;

use ponte_schema::lexer::split;
use ponte_schema::migration::Checksum;

use crate::support::{Server, files};

const NASTY: &str = include_str!("nasty/statements.sql");
const UP_ONLY: &str = "-- UP operations
CREATE TABLE a (note text DEFAULT '-- DOWN operations');

-- DOWN operations
-- DROP TABLE a;
";

/// The statements that psql sends for a file, from its own log.
fn sent_by_psql(server: &Server, text: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let (file, log) = (directory.path().join("file.sql"), directory.path().join("log"));
    std::fs::write(&file, text).unwrap();
    let output = Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-L"])
        .arg(&log)
        .arg("-f")
        .arg(&file)
        .arg(&server.url)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let log = std::fs::read_to_string(log).unwrap();
    let mut queries = Vec::new();
    let mut query: Option<String> = None;
    for line in log.split_inclusive('\n') {
        let is_rule = line.contains("****") && line.trim_matches(['*', '/', ' ', '\n']).is_empty();
        if line.contains(" QUERY ****") {
            query = Some(String::new());
        } else if is_rule {
            queries.extend(query.take());
        } else if let Some(query) = &mut query {
            query.push_str(line);
        }
    }
    queries
}

#[tokio::test]
async fn statements_are_cut_where_psql_cuts_them() {
    let server = Server::start().await;
    let says_something =
        |query: &String| Checksum::of_tokens(query.trim_end_matches([';', '\n'])) != Checksum::of_tokens("");
    let theirs: Vec<String> = sent_by_psql(&server, NASTY)
        .into_iter()
        .filter(says_something)
        .collect();
    let statements = split(NASTY).unwrap();
    let ours: Vec<&str> = statements.iter().map(|s| s.text(NASTY)).collect();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let theirs = theirs.trim_end().trim_end_matches(';');
        assert_eq!(
            Checksum::of_tokens(ours),
            Checksum::of_tokens(theirs),
            "{ours}\n--- psql:\n{theirs}"
        );
    }
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.len() > 30);
}

#[tokio::test]
async fn the_server_takes_every_statement_of_the_nasty_file() {
    let server = Server::start().await;
    server.up(&files(&[("1_nasty.sql", NASTY)])).await.unwrap();
    assert_eq!(
        server
            .text("SELECT string_agg(a, '|' ORDER BY id) FROM rows")
            .await,
        "one;'|\\.|three"
    );
    assert_eq!(server.text("SELECT label FROM labels").await, "a';--/*$$");
}

#[tokio::test]
async fn a_continued_escape_string_is_cut_where_the_server_cuts_it() {
    let server = Server::start().await;
    let text = include_str!("nasty/beyond_psql.sql");
    server.up(&files(&[("1_beyond.sql", text)])).await.unwrap();
    let both = "SELECT a || (SELECT a FROM continued_after_comment) FROM continued";
    assert_eq!(server.text(both).await, "ab';cab';c");
}

#[tokio::test]
async fn psql_runs_just_the_up_part() {
    let server = Server::start().await;
    sent_by_psql(&server, UP_ONLY);
    assert_eq!(server.text("SELECT to_regclass('a')::text").await, "a");
}
