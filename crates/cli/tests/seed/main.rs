//! `ponte seed` from outside: files, and made-up rows.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod files;
mod made_up;
mod refusals;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn ponte(directory: &Path, url: &str, args: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
        .args(args)
        .current_dir(directory)
        .env_clear()
        .env("DATABASE_URL", url)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn run_sql(url: &str, sql: &str) {
    let client = ponte_testkit::connect(url).await;
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {:?}", e.as_db_error()));
}

async fn text(url: &str, sql: &str) -> String {
    let client = ponte_testkit::connect(url).await;
    let row = client
        .query_one(sql, &[])
        .await
        .unwrap_or_else(|e| panic!("{sql}: {:?}", e.as_db_error()));
    row.get::<_, Option<String>>(0).unwrap_or_default()
}
