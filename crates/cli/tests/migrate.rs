//! `ponte migrate` from outside: exit codes, what it prints, what a failure looks like.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::fs;
use std::process::{Command, Stdio};

use ponte_testkit::TestCluster;
use serde_json::{Value, json};

/// A directory with migrations, and a database of its own.
struct Project {
    _cluster: TestCluster,
    url: String,
    directory: tempfile::TempDir,
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Project {
    async fn new(files: &[(&str, &str)]) -> Self {
        let cluster = TestCluster::start().await;
        let url = cluster.create_database("app", "app").await;
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("migrations")).unwrap();
        let project = Self {
            _cluster: cluster,
            url,
            directory,
        };
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join("migrations").join(name), text).unwrap();
    }

    fn migrate(&self, args: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
            .arg("migrate")
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

const USERS: &str = "-- UP operations
CREATE TABLE users (id integer PRIMARY KEY, email text);

-- DOWN operations
-- DROP TABLE users;
";
const INDEX: &str = "-- UP operations
CREATE INDEX CONCURRENTLY users_email_idx ON users (email);

-- DOWN operations
-- DROP INDEX CONCURRENTLY users_email_idx;
";

#[tokio::test]
async fn a_migration_goes_up_and_down_with_the_exit_codes_of_diff() {
    let project = Project::new(&[("001_users.sql", USERS), ("002_index.sql", INDEX)]).await;
    let status = project.migrate(&["status", "--output", "json"]).ends(0).json();
    let pending = json!([{"revision": "001", "name": "users"}, {"revision": "002", "name": "index"}]);
    assert_eq!(status, json!({"applied": [], "pending": pending}));
    project.migrate(&["status", "--check"]).ends(1);

    let up = project.migrate(&["up"]).ends(0);
    assert_eq!(up.stdout, "2 migrations applied, now at 002\n");
    project.migrate(&["status", "--check"]).ends(0);
    assert_eq!(project.migrate(&["current"]).ends(0).stdout, "002_index\n");
    let again = project.migrate(&["up", "--output", "json"]).ends(0);
    assert_eq!(again.json(), json!({"applied": []}));

    let status = project.migrate(&["status", "--output", "json"]).ends(0).json();
    let first = status["applied"][0].as_object().unwrap();
    let keys: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(keys, ["applied_at", "checksum_ok", "name", "revision"]);
    assert_eq!(first["checksum_ok"], true);

    let unasked = project.migrate(&["down"]).ends(2);
    assert!(unasked.stderr.contains("002_index"), "{}", unasked.stderr);
    project.migrate(&["down", "-y", "--to", "0"]).ends(0);
    assert_eq!(
        project.migrate(&["current", "--output", "json"]).ends(0).json()["revision"],
        Value::Null
    );
    let history = project.migrate(&["history", "--output", "json"]).ends(0).json();
    let actions: Vec<&str> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["up", "up", "down", "down"]);
}

#[tokio::test]
async fn a_changed_file_is_a_finding_of_status_and_stops_up() {
    let project = Project::new(&[("001_users.sql", USERS)]).await;
    project.migrate(&["up"]).ends(0);
    project.write("001_users.sql", &USERS.replace("email", "mail"));
    let status = project
        .migrate(&["status", "--check", "--output", "json"])
        .ends(1)
        .json();
    assert_eq!(status["applied"][0]["checksum_ok"], false);
    let up = project.migrate(&["up"]).ends(2);
    assert!(
        up.stderr
            .starts_with("error[migrate.changed]: cannot go on: 001_users.sql changed"),
        "{}",
        up.stderr
    );
    assert!(
        up.stderr.contains("  changed: 001_users.sql\n")
            && up
                .stderr
                .contains("    -CREATE TABLE users (id integer PRIMARY KEY, email text);\n")
            && up
                .stderr
                .contains("    +CREATE TABLE users (id integer PRIMARY KEY, mail text);\n"),
        "{}",
        up.stderr
    );
    let client = ponte_testkit::connect(&project.url).await;
    client
        .batch_execute("ALTER TABLE ponte.migration DROP COLUMN script")
        .await
        .unwrap();
    let unknown = project.migrate(&["up"]).ends(2);
    assert!(!unknown.stderr.contains("changed: 001"), "{}", unknown.stderr);
    project.migrate(&["stamp", "001"]).ends(0);
    project.migrate(&["status", "--check"]).ends(0);
}

#[tokio::test]
async fn a_rejected_statement_is_shown_where_it_stands() {
    let bad = "-- UP operations\nALTER TABLE users ADD COLUMN nick text;\nCREATE VIEW v AS\n  SELECT id,\n         emial\n    FROM users;\n";
    let project = Project::new(&[("001_users.sql", USERS), ("002_view.sql", bad)]).await;
    let up = project.migrate(&["up"]).ends(2);
    let (progress, report) = up.stderr.split_once('\n').unwrap();
    assert!(progress.starts_with("applied 001_users ("), "{progress}");
    insta::assert_snapshot!(report);
    let json = project.migrate(&["up", "--output", "json"]).ends(2);
    let error: Value = serde_json::from_str(json.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "migrate.failed");
    assert_eq!(error["error"]["sql"]["line"], 5);
    assert_eq!(error["error"]["sql"]["column"], 10);
    assert_eq!(error["error"]["sql"]["sqlstate"], "42703");
}

#[tokio::test]
async fn an_error_inside_a_do_block_shows_the_line_and_the_inner_statement() {
    let text = "DO $$\nBEGIN\n  EXECUTE 'SELECT nix\n    FROM pg_class';\nEND\n$$;\n";
    let project = Project::new(&[("1_do.sql", text)]).await;
    insta::assert_snapshot!(project.migrate(&["up"]).ends(2).stderr);
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_apart_is_shown_at_its_place_and_nothing_runs() {
    let open = "CREATE TABLE b ();\nCREATE TABLE c (x text DEFAULT 'ends never);\n";
    let project = Project::new(&[("001_users.sql", USERS), ("002_open.sql", open)]).await;
    let run = project.migrate(&["up"]).ends(2);
    let drawn = "--> 002_open.sql:2:32\n  |\n2 | CREATE TABLE c (x text DEFAULT 'ends never);\n  |                                ^ a string begins here and never ends";
    assert!(run.stderr.contains(drawn), "{}", run.stderr);
    let run = project.migrate(&["up", "--output", "json"]).ends(2);
    let error: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["error"]["places"][0]["line"], 2, "{error}");
    project.write("002_open.sql", "");
    assert_eq!(
        project.migrate(&["current"]).ends(0).stdout,
        "nothing is applied\n"
    );
}

#[tokio::test]
async fn every_command_prints_one_document_as_json() {
    let project = Project::new(&[("001_users.sql", USERS)]).await;
    let commands: [(&str, i32); 15] = [
        ("status", 0),
        ("up --dry-run", 0),
        ("up", 0),
        ("up", 0),
        ("current", 0),
        ("history", 0),
        ("redo -y", 0),
        ("down -y", 0),
        ("stamp 1", 0),
        ("new more", 0),
        ("renumber", 0),
        ("lint", 1),
        ("test", 1),
        ("diff --to migrations", 0),
        ("up --to 9", 2),
    ];
    for (command, code) in commands {
        let mut args: Vec<&str> = command.split(' ').collect();
        args.extend(["--output", "json"]);
        let run = project.migrate(&args).ends(code);
        let printed = if code == 2 { &run.stderr } else { &run.stdout };
        let documents: Result<Vec<Value>, _> =
            serde_json::Deserializer::from_str(printed).into_iter().collect();
        assert_eq!(
            documents.map(|all| all.len()).ok(),
            Some(1),
            "{command}: {printed}"
        );
        assert!(code != 2 || run.stdout.is_empty(), "{command}");
    }
}

#[tokio::test]
async fn a_new_file_is_never_written_over_another() {
    let project = Project::new(&[("0009_users.sql", USERS)]).await;
    let new = project
        .migrate(&["new", "Add e-mail", "--output", "json"])
        .ends(0)
        .json();
    assert_eq!(new["revision"], "0010");
    assert!(
        new["file"]
            .as_str()
            .unwrap()
            .ends_with("migrations/0010_add_e_mail.sql")
    );
    let next = project.migrate(&["new", "add", "more"]).ends(0);
    assert!(
        next.stdout.trim_end().ends_with("0011_add_more.sql"),
        "{}",
        next.stdout
    );
    project.migrate(&["new", "!!"]).ends(2);
}

#[tokio::test]
async fn a_missing_directory_says_how_to_begin() {
    let project = Project::new(&[]).await;
    fs::remove_dir(project.directory.path().join("migrations")).unwrap();
    let up = project.migrate(&["up"]).ends(2);
    assert!(
        up.stderr.starts_with("error[migrate.unreadable]"),
        "{}",
        up.stderr
    );
    assert!(up.stderr.contains("ponte migrate new NAME"), "{}", up.stderr);
    project.migrate(&["new", "users"]).ends(0);
    project.migrate(&["up"]).ends(0);
}

#[tokio::test]
async fn a_dry_run_prints_the_sql_with_the_locks_it_would_take_and_runs_nothing() {
    let project = Project::new(&[("001_users.sql", USERS)]).await;
    project.migrate(&["up"]).ends(0);
    project.write(
        "002_index.sql",
        "ALTER TABLE users ALTER email SET NOT NULL;\nCREATE TABLE notes ();\n",
    );
    let text = project.migrate(&["up", "--dry-run"]).ends(0).stdout;
    assert_eq!(
        text,
        "-- 002_index.sql: one transaction\nBEGIN;\n\
         -- line 1: ACCESS EXCLUSIVE on users (16 kB, about 0 rows): reads and writes wait\n\
         -- line 1: reads every row of users: less than a second\n\
         ALTER TABLE users ALTER email SET NOT NULL;\nCREATE TABLE notes ();\nCOMMIT;\n"
    );
    let json = project
        .migrate(&["up", "--dry-run", "--output", "json"])
        .ends(0)
        .json();
    assert_eq!(json["files"][0]["statements"][0]["lock"]["blocks_reads"], true);
    assert_eq!(json["files"][0]["statements"][1]["lock"], Value::Null);
    assert_eq!(json["observed"], true);
    let seen = &json["files"][0]["statements"][0]["observed"];
    assert_eq!(seen["locks"][0]["mode"], "ACCESS EXCLUSIVE");
    assert_eq!(seen["works"][0]["work"], "scan");
    project.migrate(&["status", "--check"]).ends(1);

    // What fails on a server of our own is told, and the words have to do.
    project.write("003_wrong.sql", "ALTER TABLE users DROP COLUMN nothing;\n");
    let text = project.migrate(&["up", "--dry-run"]).ends(0).stdout;
    assert!(text.starts_with("-- read off the words"), "{text}");
    assert!(text.contains("nothing"), "{text}");
    assert!(text.contains("reads and writes wait; reads the table"), "{text}");
}

#[tokio::test]
async fn redo_takes_the_newest_file_as_it_is_now_and_says_what_is_lost() {
    let nick = "ALTER TABLE users ADD COLUMN nick text DEFAULT 'a';\n-- DOWN operations\n-- ALTER TABLE users DROP COLUMN nick;\n";
    let project = Project::new(&[("001_users.sql", USERS), ("002_nick.sql", nick)]).await;
    project.migrate(&["up"]).ends(0);
    let client = ponte_testkit::connect(&project.url).await;
    client
        .batch_execute("INSERT INTO users VALUES (1, 'x'), (2, 'y')")
        .await
        .unwrap();
    project.write("002_nick.sql", &nick.replace("'a'", "'b'"));
    project.write("003_later.sql", "SELECT 1;");
    let asked = project.migrate(&["redo"]).ends(2);
    assert!(
        asked
            .stderr
            .contains("Redo 002_nick? This destroys users.nick (2 values)."),
        "{}",
        asked.stderr
    );
    let done = project
        .migrate(&["redo", "-y", "--output", "json"])
        .ends(0)
        .json();
    assert_eq!(done["applied"], json!([{"revision": "002", "name": "nick"}]));
    assert_eq!(done["destroyed"][0]["rows"], 2);
    let row = client
        .query_one("SELECT string_agg(nick, '') FROM users", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "bb");
    project.write("001_users.sql", &USERS.replace("email", "mail"));
    project.migrate(&["redo", "-y"]).ends(2);
    let still = project.migrate(&["current"]).ends(0);
    assert_eq!(still.stdout, "002_nick\n");
    let asked = project.migrate(&["down", "--to", "0"]).ends(2);
    assert!(
        asked.stderr.contains("This destroys users (2 rows)"),
        "{}",
        asked.stderr
    );
}

#[tokio::test]
async fn a_backup_is_made_before_and_only_where_something_is_pending() {
    let project = Project::new(&[("001_users.sql", USERS)]).await;
    let toml = project.directory.path().join("ponte.toml");
    fs::write(&toml, "[project]\nbackup = \"before, keep 2\"\n").unwrap();
    let mut files = Vec::new();
    for number in 2..5 {
        let up = project.migrate(&["up", "--output", "json"]).ends(0).json();
        files.push(up["backup"]["file"].as_str().unwrap().to_owned());
        project.write(&format!("00{number}_more.sql"), "SELECT 1;");
    }
    let there: Vec<bool> = files.iter().map(|file| fs::exists(file).unwrap()).collect();
    assert_eq!(there, [false, true, true]);
    let without = project
        .migrate(&["up", "--no-backup", "--output", "json"])
        .ends(0)
        .json();
    assert_eq!(without["backup"], Value::Null);
    let idle = project
        .migrate(&["up", "--backup", "--output", "json"])
        .ends(0)
        .json();
    assert_eq!(idle, json!({"applied": []}));

    fs::write(&toml, "[project]\nbackup = \"after\"\n").unwrap();
    let refused = project.migrate(&["status"]).ends(2);
    assert!(refused.stderr.contains("before, keep 10"), "{}", refused.stderr);
}

#[tokio::test]
async fn without_a_pg_dump_that_fits_nothing_is_migrated() {
    let project = Project::new(&[("001_users.sql", USERS)]).await;
    let old = project.directory.path().join("old");
    fs::create_dir(&old).unwrap();
    for program in ["pg_dump", "pg_restore"] {
        let path = old.join(program);
        fs::write(&path, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n").unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let dot_env = format!("PONTE_PG_BIN={}\n", old.display());
    fs::write(project.directory.path().join(".env"), dot_env).unwrap();
    let refused = project.migrate(&["up", "--backup"]).ends(2);
    assert!(
        refused.stderr.contains("error[backup.no_program]"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("newest_found: 9"), "{}", refused.stderr);
    project.migrate(&["status", "--check"]).ends(1);
}

#[tokio::test]
async fn files_of_two_branches_are_brought_into_one_order() {
    let project = Project::new(&[("001_users.sql", USERS), ("002_mine.sql", "SELECT 1;")]).await;
    project.migrate(&["up"]).ends(0);
    project.write("002_ahead.sql", "SELECT 2;");
    let up = project.migrate(&["up"]).ends(2);
    assert!(up.stderr.contains("ponte migrate renumber"), "{}", up.stderr);
    let dry = project.migrate(&["renumber", "--dry-run"]).ends(0);
    assert_eq!(dry.stdout, "would rename 002_ahead.sql to 003_ahead.sql\n");
    project.migrate(&["renumber"]).ends(0);
    let up = project.migrate(&["up"]).ends(0);
    assert_eq!(up.stdout, "1 migration applied, now at 003\n");
    let again = project.migrate(&["renumber"]).ends(0);
    assert_eq!(again.stdout, "every number is there once, and nothing is late\n");
    project.migrate(&["renumber", "nothing.sql"]).ends(2);
}

#[tokio::test]
async fn repeatable_files_run_after_the_others_behind_each_and_again_when_they_change() {
    let view = "CREATE OR REPLACE VIEW old AS SELECT id FROM users WHERE id > 18;";
    let project = Project::new(&[("001_users.sql", USERS), ("R__old.sql", view)]).await;
    let up = project.migrate(&["up", "--output", "json"]).ends(0).json();
    assert_eq!(up["repeated"], json!(["old"]));
    project.write("R__old.sql", &format!("-- grown up\n{view}"));
    assert_eq!(project.migrate(&["up"]).ends(0).stdout, "nothing to apply\n");
    project.write("R__old.sql", &view.replace("18", "21"));
    let text = project.migrate(&["status", "--check"]).ends(1).stdout;
    assert!(text.contains("R__old"), "{text}");
    assert_eq!(project.migrate(&["up"]).ends(0).stdout, "1 repeatable file run\n");
    project.migrate(&["status", "--check"]).ends(0);
    project.write(
        "002_gone.sql",
        "DROP VIEW old;\nALTER TABLE users ADD COLUMN nick text;",
    );
    let behind = project.migrate(&["up", "--output", "json"]).ends(0).json();
    assert_eq!(behind["repeated"], json!(["old"]));
    let client = ponte_testkit::connect(&project.url).await;
    client.batch_execute("SELECT id FROM old").await.unwrap();
    project.write("R__index.sql", "CREATE INDEX CONCURRENTLY i ON users (email);");
    let refused = project.migrate(&["up"]).ends(2);
    assert!(
        refused
            .stderr
            .contains("move that statement into a numbered file"),
        "{}",
        refused.stderr
    );
}

#[tokio::test]
async fn two_projects_keep_their_histories_apart_in_one_database() {
    let project = Project::new(&[
        ("001_users.sql", USERS),
        ("R__one.sql", "CREATE OR REPLACE VIEW one AS SELECT 1 AS x;"),
    ])
    .await;
    let toml = project.directory.path().join("ponte.toml");
    fs::write(&toml, "[project]\nhistory = \"Billing\"\n").unwrap();
    project.migrate(&["up"]).ends(0);
    project.migrate(&["status", "--check"]).ends(0);
    let client = ponte_testkit::connect(&project.url).await;
    let row = client
        .query_one(
            "SELECT count(*)::int FROM \"Billing\".migration WHERE to_regnamespace('ponte') IS NULL",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, i32>(0), 1);
    let verified = Command::new(env!("CARGO_BIN_EXE_ponte"))
        .arg("verify")
        .current_dir(&project.directory)
        .env_clear()
        .env("DATABASE_URL", &project.url)
        .output()
        .unwrap();
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );

    fs::write(&toml, "").unwrap();
    project.migrate(&["status", "--check"]).ends(1);
    project.migrate(&["stamp", "001"]).ends(0);
    let log = project.migrate(&["history", "--output", "json"]).ends(0).json();
    assert_eq!(log["entries"].as_array().unwrap().len(), 1);
}
