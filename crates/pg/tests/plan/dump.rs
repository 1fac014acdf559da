//! What pg_dump says about two databases: an oracle that knows nothing of our model.
//!
//! Set aside is only what pg_dump orders by creation, because no plan can change it: the order of a table's columns, of options and of statements.

use std::path::PathBuf;
use std::process::Command;

use ponte_testkit::{TestCluster, binaries};

/// Compares the dumps of two databases.
pub(crate) fn compare(cluster: &TestCluster, first: usize, second: usize) -> Result<(), String> {
    let (first, second) = (
        normalised(&dump(cluster, first)),
        normalised(&dump(cluster, second)),
    );
    let only = |a: &[String], b: &[String]| {
        a.iter()
            .filter(|s| !b.contains(s))
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    };
    let (gone, new) = (only(&second, &first), only(&first, &second));
    if gone.is_empty() && new.is_empty() {
        return Ok(());
    }
    Err(format!("pg_dump sees a difference\nwanted:\n{gone}\ngot:\n{new}"))
}

fn dump(cluster: &TestCluster, database: usize) -> String {
    // Beside the server where the whole of PostgreSQL is installed, else the machine's own.
    let beside = binaries().directory().join("pg_dump");
    let program = if beside.is_file() {
        beside
    } else {
        PathBuf::from("pg_dump")
    };
    let url = cluster.superuser_url(&format!("side_{database}"));
    let output = Command::new(program)
        .args(["--schema-only", "--dbname", &url])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Statements in alphabetical order, the lines of each too where they are a table's columns.
fn normalised(dump: &str) -> Vec<String> {
    let statements = ponte_schema::lexer::split(dump).unwrap();
    let mut texts: Vec<String> = statements
        .iter()
        .map(|statement| sorted_options(&sorted_columns(statement.text(dump))))
        .collect();
    texts.sort();
    texts
}

/// Options in alphabetical order: in which they were given says nothing.
fn sorted_options(statement: &str) -> String {
    let Some((head, rest)) = statement.split_once(" WITH (") else {
        return statement.to_owned();
    };
    let Some((list, tail)) = rest.split_once(')').filter(|(list, _)| list.contains('=')) else {
        return statement.to_owned();
    };
    let mut options: Vec<&str> = list.split(", ").collect();
    options.sort_unstable();
    format!("{head} WITH ({}){tail}", options.join(", "))
}

fn sorted_columns(statement: &str) -> String {
    if !["CREATE TABLE", "CREATE UNLOGGED TABLE", "CREATE FOREIGN TABLE"]
        .iter()
        .any(|head| statement.starts_with(head))
    {
        return statement.to_owned();
    }
    let mut lines: Vec<&str> = statement.lines().map(|line| line.trim_end_matches(',')).collect();
    lines.sort_unstable();
    lines.join("\n")
}
