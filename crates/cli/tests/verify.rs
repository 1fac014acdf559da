//! `ponte verify` from outside: a database that somebody changed by hand, and one that a sync is installed on.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod program;

use std::fs;

use ponte_testkit::TestCluster;
use serde_json::json;

use program::{Run, ponte};

const USERS: &str = "-- UP operations
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
CREATE INDEX users_email ON users (email);

-- DOWN operations
-- DROP TABLE users;
";

const ADULTS: &str = "-- UP operations
ALTER TABLE users ADD COLUMN age integer;
CREATE VIEW adults AS SELECT id, email FROM users WHERE age >= 18;

-- DOWN operations
-- DROP VIEW adults;
-- ALTER TABLE users DROP COLUMN age;
";

struct Project {
    cluster: TestCluster,
    url: String,
    directory: tempfile::TempDir,
}

impl Project {
    async fn migrated() -> Self {
        let cluster = TestCluster::start().await;
        let url = cluster.create_database("app", "app").await;
        let directory = tempfile::tempdir().unwrap();
        let migrations = directory.path().join("migrations");
        fs::create_dir(&migrations).unwrap();
        fs::write(migrations.join("001_users.sql"), USERS).unwrap();
        fs::write(migrations.join("002_adults.sql"), ADULTS).unwrap();
        let project = Self {
            cluster,
            url,
            directory,
        };
        project.run(&["migrate", "up"]).ends(0);
        project
    }

    fn run(&self, args: &[&str]) -> Run {
        ponte(self.directory.path(), &self.url, args)
    }

    async fn by_hand(&self, sql: &str) {
        let client = ponte_testkit::connect(&self.url).await;
        client.batch_execute(sql).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_nobody_touched_is_what_its_migrations_make() {
    let project = Project::migrated().await;
    let text = project.run(&["verify"]).ends(0).stdout;
    assert!(
        text.starts_with("the database is what its 2 migrations make\n"),
        "{text}"
    );
    let shown = project.run(&["verify", "--output", "json"]).ends(0).json();
    assert_eq!(
        shown,
        json!({"ok": true, "differences": [], "replayed_migrations": 2, "pending_migrations": 0,
               "access_compared": false, "not_compared": {}})
    );
}

#[tokio::test]
async fn what_was_changed_by_hand_is_named_with_the_file_it_belongs_to() {
    let project = Project::migrated().await;
    project
        .by_hand(
            "DROP INDEX users_email;
             ALTER TABLE users ALTER COLUMN email DROP NOT NULL;
             CREATE TABLE notes (id integer PRIMARY KEY);",
        )
        .await;
    let shown = project.run(&["verify", "--output", "json"]).ends(1).json();
    let told: Vec<String> = shown["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| {
            format!(
                "{} {} {} {} {} {}",
                d["kind"], d["object"], d["fact"], d["expected"], d["actual"], d["file"]
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "table public.notes null null present null",
            "column public.users.email not null yes null 001_users.sql",
            "index public.users.users_email null CREATE INDEX users_email ON public.users USING btree (email) null 001_users.sql",
        ]
    );
    let text = project.run(&["verify"]).ends(1).stdout;
    assert!(
        text.contains(
            "column public.users.email: not null  (001_users.sql)\n  expected  yes\n  actual    nothing\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("3 differences from what its 2 migrations make"),
        "{text}"
    );
}

#[tokio::test]
async fn owners_and_privileges_count_where_a_migration_sets_them_or_one_asks() {
    let project = Project::migrated().await;
    project.cluster.create_role("web", "").await;
    project.by_hand("GRANT SELECT ON users TO web").await;
    project.run(&["verify"]).ends(0);
    let shown = project
        .run(&["verify", "--access", "--output", "json"])
        .ends(1)
        .json();
    assert_eq!(shown["differences"][0]["fact"], "grants");
    let file = project.directory.path().join("migrations/003_grants.sql");
    fs::write(file, "GRANT SELECT ON adults TO web;\n").unwrap();
    project.run(&["migrate", "up"]).ends(0);
    let shown = project.run(&["verify", "--output", "json"]).ends(1).json();
    assert_eq!(shown["differences"][0]["object"], "public.users");
    assert_eq!(shown["differences"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_history_that_cannot_be_replayed_is_refused_with_the_next_step() {
    let project = Project::migrated().await;
    fs::remove_file(project.directory.path().join("migrations/001_users.sql")).unwrap();
    let run = project.run(&["verify"]).ends(2);
    assert!(run.stderr.contains("verify.history"), "{}", run.stderr);
    assert!(run.stderr.contains("001_users"), "{}", run.stderr);
    let changed = ADULTS.replace("18", "21");
    fs::write(project.directory.path().join("migrations/001_users.sql"), USERS).unwrap();
    fs::write(
        project.directory.path().join("migrations/002_adults.sql"),
        changed,
    )
    .unwrap();
    let shown = project.run(&["verify", "--output", "json"]).ends(1).json();
    assert_eq!(shown["differences"][0]["kind"], "migration");
    assert_eq!(shown["differences"][0]["object"], "002_adults");
}
