//! `ponte migrate adopt` on databases as other tools leave them: `tests/adopt/CASE/` has a database, the tool's project, and
//! what is to be recorded. Those of Alembic, dbmate, sqlx, refinery, Prisma and Rails were made by the tools (`scripts/adopt-fixtures.sh`), the
//! others are written after the layouts that the tools document.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ponte_testkit::TestCluster;
use serde_json::{Value, json};

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

/// A copy of a tool's project, and the database that it has left.
struct Project {
    url: String,
    directory: tempfile::TempDir,
}

impl Project {
    async fn of(cluster: &TestCluster, case: &str, database: &str) -> Self {
        Self::left(cluster, case, database, "database.sql").await
    }

    /// With one of the databases that are kept of a case.
    async fn left(cluster: &TestCluster, case: &str, database: &str, file: &str) -> Self {
        let expected = expected(case);
        let mut url = cluster.create_database(database, "app").await;
        let client = ponte_testkit::connect(&url).await;
        let left = fs::read_to_string(fixture(case).join(file)).unwrap();
        client.batch_execute(&left).await.unwrap();
        if let Some(options) = expected["options"].as_str() {
            let mark = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{mark}options={}", options.replace('=', "%3D"));
        }
        let directory = tempfile::tempdir().unwrap();
        let project = expected["project"].as_str().unwrap_or(case);
        copy(&fixture(project).join("project"), directory.path());
        Self { url, directory }
    }

    fn run(&self, args: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
            .args(args)
            .current_dir(&self.directory)
            .env_clear()
            .env("DATABASE_URL", &self.url)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    async fn by_hand(&self, sql: &str) {
        let client = ponte_testkit::connect(&self.url).await;
        client.batch_execute(sql).await.unwrap();
    }
}

fn fixture(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/adopt")
        .join(tool)
}

fn expected(tool: &str) -> Value {
    let text = fs::read_to_string(fixture(tool).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Taken over, the database goes on as if it had always been ours.
async fn is_taken_over(cluster: &TestCluster, case: &str) {
    let expected = expected(case);
    let project = Project::of(cluster, case, &case.replace('-', "_")).await;
    let mut args = vec!["migrate", "adopt", "--output", "json"];
    let own = expected["args"].as_array().unwrap();
    args.extend(own.iter().map(|arg| arg.as_str().unwrap()));

    let shown = project.run(&args).ends(0).json();
    assert_eq!(shown["adopted"], true, "{case}");
    assert_eq!(shown["from"], expected["tool"].as_str().unwrap_or(case));
    assert_eq!(shown["recorded"], expected["recorded"], "{case}");
    assert_eq!(shown["pending"], expected["pending"], "{case}");
    assert_eq!(shown["differences"], json!([]), "{case}");
    project.run(&args).ends(0);

    let applied = project.run(&["migrate", "up", "--output", "json"]).ends(0).json();
    let pending = expected["pending"].as_array().unwrap();
    let applied = applied["applied"].as_array().unwrap();
    assert_eq!(applied.len(), pending.len(), "{case}");
    if expected["reversible"] == true {
        project.run(&["migrate", "down", "--to", "0", "-y"]).ends(0);
        project.run(&["migrate", "up"]).ends(0);
    }
    project.run(&["migrate", "status", "--check"]).ends(0);
    project.run(&["verify"]).ends(0);
}

#[tokio::test]
async fn databases_that_alembic_and_dbmate_made_are_taken_over() {
    let cluster = TestCluster::start().await;
    for case in ["alembic", "alembic-schema", "dbmate", "dbmate-schema"] {
        is_taken_over(&cluster, case).await;
    }
}

#[tokio::test]
async fn databases_that_sqlx_refinery_prisma_and_rails_made_are_taken_over() {
    let cluster = TestCluster::start().await;
    for case in ["sqlx", "refinery", "prisma", "prisma-schema", "rails"] {
        is_taken_over(&cluster, case).await;
    }
}

#[tokio::test]
async fn databases_as_the_other_tools_document_them_are_taken_over() {
    let cluster = TestCluster::start().await;
    for case in ["flyway", "flyway-schema", "goose", "golang-migrate", "atlas"] {
        is_taken_over(&cluster, case).await;
    }
}

#[tokio::test]
async fn nothing_is_written_where_the_database_differs_or_it_is_a_dry_run() {
    let cluster = TestCluster::start().await;
    let project = Project::of(&cluster, "flyway", "differs").await;
    let migrations = project.directory.path().join("migrations");
    let dry = project.run(&["migrate", "adopt", "--dry-run"]).ends(0);
    assert!(
        dry.stdout.ends_with("nothing was written: this was a dry run\n"),
        "{}",
        dry.stdout
    );
    assert!(!migrations.exists());

    project.by_hand("ALTER TABLE users ADD COLUMN by_hand text").await;
    let shown = project
        .run(&["migrate", "adopt", "--output", "json"])
        .ends(1)
        .json();
    assert_eq!(shown["adopted"], false);
    assert_eq!(shown["differences"][0]["object"], "public.users.by_hand");
    assert!(!migrations.exists());
    let rows = "SELECT 1 FROM ponte.migration";
    let client = ponte_testkit::connect(&project.url).await;
    assert!(client.batch_execute(rows).await.is_err());

    project.run(&["migrate", "adopt", "--accept-differences"]).ends(0);
    assert!(migrations.join("001_v1_users.sql").exists());
    project.run(&["migrate", "status", "--check"]).ends(1);
    project.run(&["verify"]).ends(1);
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_refused_with_the_next_step() {
    let cluster = TestCluster::start().await;
    let refused = |run: Run, code: &str, words: &str| {
        let run = run.ends(2);
        assert!(run.stderr.contains(&format!("error[{code}]")), "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
    };
    let adopt = ["migrate", "adopt"];
    let project = Project::left(&cluster, "prisma", "prisma", "failed.sql").await;
    refused(
        project.run(&adopt),
        "adopt.unfinished",
        "prisma migrate resolve --applied or --rolled-back",
    );
    let project = Project::of(&cluster, "golang-migrate", "refused").await;
    refused(
        project.run(&["migrate", "adopt", "--from", "sqlx"]),
        "adopt.unknown",
        "_sqlx_migrations",
    );
    refused(
        project.run(&["migrate", "adopt", "--files", "nowhere"]),
        "adopt.files",
        "correct --files",
    );

    project.by_hand("UPDATE schema_migrations SET dirty = true").await;
    refused(project.run(&adopt), "adopt.unfinished", "migrate force VERSION");
    project
        .by_hand("UPDATE schema_migrations SET dirty = false, version = 9")
        .await;
    refused(project.run(&adopt), "adopt.files", "it has applied 9");
    project.by_hand("UPDATE schema_migrations SET version = 2; CREATE TABLE alembic_version (version_num varchar(32))").await;
    refused(project.run(&adopt), "adopt.unknown", "--from TOOL");

    project.run(&["migrate", "stamp", "1"]).ends(0);
    refused(
        project.run(&["migrate", "adopt", "--from", "golang-migrate"]),
        "adopt.history",
        "ponte migrate stamp 0",
    );
    project
        .by_hand("DROP TABLE schema_migrations, alembic_version")
        .await;
    refused(
        project.run(&adopt),
        "adopt.unknown",
        "no table of a migration tool",
    );
}
