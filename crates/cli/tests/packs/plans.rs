//! Whether the planner uses the indexes that are there for a question.

use std::io::Write as _;
use std::process::{Command, Stdio};

use tokio_postgres::Client;

use super::{Pack, texts};

/// Runs a script as the server's superuser, statement by statement.
pub(crate) async fn script(pack: &Pack, sql: &'static str) {
    let mut command = Command::new("psql");
    command
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1"])
        .arg(pack.cluster.superuser_url(pack.name))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let run = tokio::task::spawn_blocking(move || {
        let mut psql = command.spawn().unwrap();
        psql.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        psql.wait_with_output().unwrap()
    });
    let run = run.await.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

/// The questions that are not answered from their index, with their plans.
pub(crate) async fn unused(client: &Client, questions: &[(&str, &str)]) -> Vec<String> {
    let mut unused = Vec::new();
    for (index, question) in questions {
        let plan = texts(client, &format!("EXPLAIN {question}")).await.join("\n");
        if !plan.contains(index) || plan.contains("Seq Scan") {
            unused.push(format!("{index}: {question}\n{plan}"));
        }
    }
    unused
}
