//! `ponte migrate diff`, `new --diff` and `test` from outside.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use ponte_testkit::TestCluster;
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

/// A directory with these files, and the program run in it.
struct Project(tempfile::TempDir);

impl Project {
    fn with(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = project.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        project
    }

    fn run(&self, args: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.path().join(Path::new(file))).unwrap()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration to read this from"
)]
fn path() -> String {
    std::env::var("PATH").unwrap()
}

const USERS: &str = "-- UP operations
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);

-- DOWN operations
-- DROP TABLE users;
";

#[test]
fn two_files_that_differ_are_a_script_and_exit_code_1_and_equal_ones_0() {
    let project = Project::with(&[
        ("a.sql", "CREATE TABLE t (a integer);"),
        (
            "b.sql",
            "CREATE TABLE t (a integer, b text);\nCREATE INDEX t_b ON t (b);",
        ),
    ]);
    let text = project
        .run(&["migrate", "diff", "--from", "a.sql", "--to", "b.sql"])
        .ends(1)
        .stdout;
    assert_eq!(
        text,
        "-- ponte: no-transaction\n\nALTER TABLE public.t ADD COLUMN b text;\n\n\
         CREATE INDEX CONCURRENTLY t_b ON public.t USING btree (b);\n"
    );
    let plain = project
        .run(&["migrate", "diff", "--from", "a.sql", "--to", "b.sql", "--plain"])
        .ends(1)
        .stdout;
    assert_eq!(
        plain,
        "ALTER TABLE public.t ADD COLUMN b text;\nCREATE INDEX t_b ON public.t USING btree (b);\n"
    );
    let json = project
        .run(&[
            "migrate", "diff", "--from", "b.sql", "--to", "a.sql", "--output", "json",
        ])
        .ends(1)
        .json();
    assert_eq!(json["equal"], false);
    assert_eq!(json["steps"][0]["sql"], "DROP INDEX CONCURRENTLY public.t_b");
    assert_eq!(json["steps"][0]["transactional"], false);
    assert_eq!(json["steps"][1]["destroys"], "the values of the column");
    assert_eq!(json["steps"][1]["reversible"], false);
    let equal = project
        .run(&["migrate", "diff", "--from", "a.sql", "--to", "a.sql"])
        .ends(0)
        .stdout;
    assert_eq!(equal, "-- the two do not differ\n");
}

#[test]
fn a_file_that_does_not_run_is_shown_where_it_is_wrong_and_a_missing_one_is_named() {
    let project = Project::with(&[
        ("a.sql", "CREATE TABLE t (a integer);"),
        (
            "b.sql",
            "CREATE TABLE t (a integer);\nCREATE TABLE u (a nosuchtype);",
        ),
        ("c.sql", "CREATE TABLE t (a integer"),
    ]);
    let wrong = project
        .run(&["migrate", "diff", "--from", "a.sql", "--to", "b.sql"])
        .ends(2);
    assert!(wrong.stderr.contains("--> b.sql:2:19"), "{}", wrong.stderr);
    assert!(wrong.stdout.is_empty());
    let cut = project
        .run(&["migrate", "diff", "--from", "a.sql", "--to", "c.sql"])
        .ends(2);
    assert!(cut.stderr.contains("c.sql"), "{}", cut.stderr);
    let missing = project
        .run(&["migrate", "diff", "--from", "a.sql", "--to", "d.sql"])
        .ends(2);
    assert!(missing.stderr.contains("diff.source"), "{}", missing.stderr);
}

#[test]
fn a_new_name_is_offered_and_taken_where_it_is_given() {
    let project = Project::with(&[
        (
            "a.sql",
            "CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL, CHECK (email <> ''));",
        ),
        (
            "b.sql",
            "CREATE TABLE people (id integer PRIMARY KEY, mail text NOT NULL CONSTRAINT people_email_check CHECK (mail <> ''));",
        ),
    ]);
    let sides = ["migrate", "diff", "--from", "a.sql", "--to", "b.sql"];
    let offered = project.run(&sides).ends(1).stdout;
    assert!(
        offered
            .starts_with("-- perhaps the table public.users is only renamed: --rename public.users=people\n"),
        "{offered}"
    );
    assert!(
        offered.contains("-- destroys the rows of the table\nDROP TABLE public.users;"),
        "{offered}"
    );
    let given = [
        &sides[..],
        &["--rename", "users=people", "--rename", "people.email=mail"],
    ]
    .concat();
    assert_eq!(
        project.run(&given).ends(1).stdout,
        "ALTER TABLE public.users RENAME TO people;\n\
         ALTER TABLE public.people RENAME COLUMN email TO mail;\n\
         ALTER TABLE public.people RENAME CONSTRAINT users_email_check TO people_email_check;\n\
         ALTER TABLE public.people RENAME CONSTRAINT users_pkey TO people_pkey;\n"
    );
    let unknown = project
        .run(&[&sides[..], &["--rename", "teams=people"]].concat())
        .ends(2);
    assert!(unknown.stderr.contains("diff.rename"), "{}", unknown.stderr);
}

#[test]
fn a_new_migration_leads_there_and_back_and_is_written_once() {
    let project = Project::with(&[
        ("migrations/001_users.sql", USERS),
        (
            "schema.sql",
            "CREATE TYPE mood AS ENUM ('sad', 'ok');
             CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL UNIQUE, mood mood DEFAULT 'ok');
             CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$
-- a comment

SELECT 1 $$;",
        ),
    ]);
    project
        .run(&["migrate", "new", "moods", "--diff", "schema.sql"])
        .ends(0);
    let text = project.read("migrations/002_moods.sql");
    assert!(
        text.contains(
            "\n-- -- destroys the values of the column\n-- ALTER TABLE public.users DROP COLUMN mood;\n"
        ),
        "{text}"
    );
    let tested = project
        .run(&["migrate", "test", "--output", "json"])
        .ends(0)
        .json();
    assert_eq!(tested["ok"], true);
    let again = project
        .run(&["migrate", "new", "nothing", "--diff", "schema.sql"])
        .ends(0);
    assert!(again.stderr.contains("nothing to write"), "{}", again.stderr);
    assert!(!project.0.path().join("migrations/003_nothing.sql").exists());
}

#[test]
fn what_down_leaves_behind_is_named_with_the_statements_that_it_lacks() {
    let project = Project::with(&[
        ("migrations/001_users.sql", USERS),
        (
            "migrations/002_age.sql",
            "-- UP operations
ALTER TABLE users ADD COLUMN age integer;
CREATE INDEX users_age ON users (age);

-- DOWN operations
-- DROP INDEX users_age;
",
        ),
        ("migrations/003_gone.sql", "-- UP operations\nDROP TABLE users;\n"),
        (
            "migrations/004_more.sql",
            "-- UP operations\nCREATE TABLE more ();\n-- DOWN operations\n-- ponte: irreversible on purpose\n",
        ),
        (
            "migrations/005_kept.sql",
            "-- ponte: irreversible kept is data\n-- UP operations\nCREATE TABLE IF NOT EXISTS kept ();\nCREATE TABLE passing ();\n\
             -- DOWN operations\n-- DROP TABLE passing;\n",
        ),
    ]);
    let shown = project
        .run(&["migrate", "test", "--output", "json"])
        .ends(1)
        .json();
    let outcomes: Vec<&str> = shown["migrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(
        outcomes,
        [
            "returned",
            "down_leaves_differences",
            "no_down",
            "irreversible",
            "irreversible"
        ]
    );
    let left = &shown["migrations"][1];
    assert_eq!(left["differences"][0]["object"], "public.users.age");
    assert_eq!(
        left["missing_sql"],
        "-- destroys the values of the column\nALTER TABLE public.users DROP COLUMN age;\n"
    );
    assert_eq!(shown["migrations"][3]["reason"], "on purpose");
    assert_eq!(shown["migrations"][4]["reason"], "kept is data");
    let text = project.run(&["migrate", "test", "002_age.sql"]).ends(1).stdout;
    assert!(text.ends_with("1 migration tried, 1 to correct\n"), "{text}");
    project.run(&["migrate", "test", "009_nothing.sql"]).ends(2);
}

#[tokio::test]
async fn a_live_database_is_a_side_and_is_only_read() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app").await;
    let client = ponte_testkit::connect(&url).await;
    let sql = "CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL); CREATE VIEW v AS SELECT id FROM users;";
    client.batch_execute(sql).await.unwrap();
    let project = Project::with(&[("migrations/001_users.sql", USERS)]);
    let there = project.run(&["migrate", "diff", "--to", &url]).ends(1).stdout;
    assert!(there.starts_with("CREATE VIEW public.v AS"), "{there}");
    let back = project
        .run(&["migrate", "diff", "--from", &url, "--to", "migrations"])
        .ends(1)
        .stdout;
    assert!(back.starts_with("DROP VIEW public.v;\n"), "{back}");
    let kept: i64 = client
        .query_one("SELECT count(*) FROM v", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(kept, 0);
}
