//! `ponte migrate lint` from outside: what it prints in each form, with and without a live database, and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::fs;
use std::process::{Command, Stdio};

use ponte_testkit::TestCluster;
use serde_json::Value;

struct Project {
    directory: tempfile::TempDir,
}

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

    fn rules(&self) -> Vec<String> {
        let json = self.json();
        let findings = json["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| {
                format!(
                    "{} {}:{} {}",
                    finding["severity"], finding["file"], finding["line"], finding["rule"]
                )
                .replace('"', "")
            })
            .collect()
    }
}

const USERS: &str = "-- UP operations
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age integer);
CREATE TABLE big (id bigint PRIMARY KEY, filler text);

-- DOWN operations
-- DROP TABLE users, big;
";

const INDEXES: &str = "-- UP operations
CREATE INDEX users_email ON users (email);
CREATE INDEX big_filler
  ON big (filler);
";

const ALLOWED: &str = "-- ponte: allow drop-column: nobody reads it any more

-- UP operations
ALTER TABLE users DROP COLUMN age;
";

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("migrations")).unwrap();
        for (name, text) in files {
            fs::write(directory.path().join("migrations").join(name), text).unwrap();
        }
        Self { directory }
    }

    fn whole() -> Self {
        Self::new(&[
            ("001_users.sql", USERS),
            ("002_indexes.sql", INDEXES),
            ("003_allowed.sql", ALLOWED),
        ])
    }

    fn run(&self, args: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
            .args(args)
            .current_dir(&self.directory)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[test]
fn what_is_found_is_shown_with_its_line_what_was_seen_and_the_safe_way() {
    let project = Project::whole();
    let run = project.run(&["migrate", "lint", "--base", "001"]).ends(1);
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn a_project_without_danger_ends_with_nothing_found() {
    let project = Project::whole();
    let run = project
        .run(&["migrate", "lint", "migrations/003_allowed.sql"])
        .ends(0);
    assert_eq!(run.stdout, "nothing dangerous in 1 migration\n");
    let run = project
        .run(&["migrate", "lint", "--static", "--base", "002"])
        .ends(0);
    assert_eq!(
        run.stdout,
        "nothing dangerous in 1 migration, by the words alone\n"
    );
}

#[test]
fn scripts_get_one_document_and_other_programs_their_own_form() {
    let project = Project::whole();
    let all = project.run(&["migrate", "lint", "--output", "json"]).ends(1);
    assert_eq!(
        all.rules(),
        [
            "note migrations/001_users.sql:6 down-loses-data",
            "note migrations/001_users.sql:6 down-loses-data",
            "warning migrations/002_indexes.sql:2 create-index",
            "warning migrations/002_indexes.sql:3 create-index",
        ]
    );
    let first = &all.json()["findings"][2];
    assert_eq!(
        first["suggestion"],
        "CREATE INDEX CONCURRENTLY users_email ON users (email);"
    );
    assert_eq!(first["observed"][0], "SHARE on users: writes wait");
    let sarif = project
        .run(&["migrate", "lint", "--static", "--format", "sarif"])
        .ends(1)
        .json();
    let run = &sarif["runs"][0];
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(run["results"][2]["ruleId"], "create-index");
    let index = usize::try_from(run["results"][2]["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "create-index");
    let place = &run["results"][2]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "migrations/002_indexes.sql");
    assert_eq!(place["region"]["startLine"], 2);
    let github = project
        .run(&[
            "migrate",
            "lint",
            "--static",
            "--format",
            "github",
            "--fail-on",
            "error",
        ])
        .ends(0);
    assert!(
        github.stdout.contains(
            "::warning file=migrations/002_indexes.sql,line=2,col=1,title=create-index::writes to users wait until the index is built%0ACREATE INDEX"
        ),
        "{}",
        github.stdout
    );
}

#[tokio::test]
async fn the_live_database_says_what_is_pending_and_how_much_it_matters() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app").await;
    let project = Project::new(&[("001_users.sql", USERS)]);
    project.run(&["--database-url", &url, "migrate", "up"]).ends(0);
    let client = ponte_testkit::connect(&url).await;
    // Twelve megabytes are enough for a warning.
    let fill =
        "INSERT INTO big SELECT n, repeat('0123456789', 100) FROM generate_series(1, 12000) n; ANALYZE big";
    client.batch_execute(fill).await.unwrap();
    fs::write(
        project.directory.path().join("migrations/002_indexes.sql"),
        INDEXES,
    )
    .unwrap();
    let lint = ["--database-url", &url, "--output", "json", "migrate", "lint"];
    let run = project.run(&lint).ends(1);
    assert_eq!(
        run.rules(),
        [
            "note migrations/002_indexes.sql:2 create-index",
            "warning migrations/002_indexes.sql:3 create-index",
        ]
    );
    assert_eq!(run.json()["findings"][1]["table_rows"], 12000);
    project.run(&["--database-url", &url, "migrate", "up"]).ends(0);
    project.run(&lint).ends(0);
    let migrations = project.directory.path().join("migrations");
    fs::write(
        migrations.join("002_indexes.sql"),
        INDEXES.replace("big_filler", "big_other"),
    )
    .unwrap();
    fs::write(migrations.join("0015_late.sql"), "SELECT 1;\n").unwrap();
    fs::rename(migrations.join("0015_late.sql"), migrations.join("0_late.sql")).unwrap();
    let found = project.run(&lint).ends(1).rules();
    assert!(
        found.contains(&"error migrations/0_late.sql:1 late-file".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"error migrations/002_indexes.sql:2 edited-file".to_owned()),
        "{found:?}"
    );
}

#[test]
fn what_cannot_be_looked_at_is_refused_with_the_next_step() {
    let project = Project::whole();
    let bad = "CREATE TABLE t (id bigint PRIMARY KEY);\nALTER TABLE t ADD COLUMN x nonsense;\n";
    fs::write(project.directory.path().join("migrations/004_bad.sql"), bad).unwrap();
    let run = project.run(&["migrate", "lint"]).ends(2);
    for part in ["migrate.failed", "004_bad.sql:2:28", "^^^^^^^^", "--static"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let check = |args: &[&str], part: &str| {
        let run = project.run(args).ends(2);
        assert!(run.stderr.contains(part), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    };
    check(&["migrate", "lint", "nowhere.sql"], "there is no such file");
    check(&["migrate", "lint", "--base", "77"], "no file has that number");
    check(
        &["--output", "json", "migrate", "lint", "--format", "github"],
        "cannot print annotations as JSON",
    );
    check(&["migrate", "lint", "--fail-on", "all"], "note, warning, error");
}

#[test]
fn the_project_that_is_delivered_has_nothing_to_warn_of() {
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/perfis/migrations");
    let run = Project::new(&[]).run(&["migrate", "lint", pack]).ends(0);
    assert!(!run.stdout.contains("warning["), "{}", run.stdout);
}
