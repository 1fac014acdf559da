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

    /// What `ponte verify` leaves out.
    fn configure(&self, patterns: &str) {
        let file = self.directory.path().join("ponte.toml");
        fs::write(file, format!("[verify]\nignore = {patterns}\n")).unwrap();
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
               "access_compared": false, "not_compared": {}, "ignored": [], "pg_dump": null,
               "journal_is_closed": false})
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

#[tokio::test]
async fn patterns_leave_out_what_others_make_and_pg_dump_gives_a_second_opinion() {
    let project = Project::migrated().await;
    let paranoid = ["verify", "--paranoid", "--output", "json"];
    let shown = project.run(&paranoid).ends(0).json();
    assert_eq!(shown["pg_dump"]["differences"], json!([]));
    project
        .by_hand(
            "CREATE TABLE logs_2026 (id integer PRIMARY KEY, said text);
             CREATE INDEX logs_2026_said ON logs_2026 (said);
             COMMENT ON COLUMN logs_2026.said IS 'by whom';",
        )
        .await;
    let text = project.run(&["verify", "--paranoid"]).ends(1).stdout;
    assert!(
        text.contains("pg_dump: TABLE public.logs_2026\n  expected  nothing\n"),
        "{text}"
    );
    project.configure(r#"["table public.logs_2*", "index *.nowhere"]"#);
    let shown = project.run(&paranoid).ends(0).json();
    assert_eq!(
        shown["ignored"],
        json!([
            {"pattern": "table public.logs_2*", "differences": 1, "matches_something": true},
            {"pattern": "index *.nowhere", "differences": 0, "matches_something": false},
        ])
    );
    assert_eq!(shown["pg_dump"]["differences"], json!([]));
    project.by_hand("ALTER TABLE users ADD COLUMN phone text").await;
    let shown = project.run(&paranoid).ends(1).json();
    assert_eq!(shown["differences"][0]["object"], "public.users.phone");
    assert_eq!(
        shown["pg_dump"]["differences"],
        json!([{"kind": "TABLE", "object": "public.users", "expected": "", "actual": "    phone text"}])
    );
    let text = project.run(&["verify"]).ends(1).stdout;
    assert!(
        text.contains("left out: 1 difference by \"table public.logs_2*\"\n"),
        "{text}"
    );
    assert!(
        text.contains("the pattern \"index *.nowhere\" means nothing"),
        "{text}"
    );
    project.configure(r#"["public.logs_2*"]"#);
    let refused = project.run(&["verify"]).ends(2).stderr;
    assert!(
        refused.contains("expected a kind of object and its name"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_a_file_has_dropped_is_named_with_that_file() {
    let project = Project::migrated().await;
    let more = [
        (
            "003_steps.sql",
            "-- ponte: no-transaction\nCREATE INDEX CONCURRENTLY users_age ON users (age);\nCOMMENT ON INDEX users_age IS 'slow';\n",
        ),
        (
            "004_caught.sql",
            "DO $$ BEGIN BEGIN CREATE TABLE tags (id integer); EXCEPTION WHEN others THEN NULL; END; END $$;\n",
        ),
        ("005_dropped.sql", "DROP INDEX users_email;\n"),
    ];
    for (name, text) in more {
        fs::write(project.directory.path().join("migrations").join(name), text).unwrap();
    }
    project.run(&["migrate", "up"]).ends(0);
    project
        .by_hand(
            "CREATE INDEX users_email ON users (email); DROP INDEX users_age; DROP TABLE tags;
             CREATE OR REPLACE VIEW adults AS SELECT id, email FROM users WHERE age >= 21;",
        )
        .await;
    let shown = project.run(&["verify", "--output", "json"]).ends(1).json();
    let told: Vec<String> = shown["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| format!("{} {}", d["object"], d["file"]).replace('"', ""))
        .collect();
    assert_eq!(
        told,
        [
            "public.tags 004_caught.sql",
            "public.adults 002_adults.sql",
            "public.users.users_age 003_steps.sql",
            "public.users.users_email 005_dropped.sql",
        ]
    );
}

#[tokio::test]
async fn the_journal_tells_who_changed_what_and_never_stands_in_the_way() {
    let project = Project::migrated().await;
    let superuser = project.cluster.superuser_url("app");
    let as_superuser = |args: &[&str]| ponte(project.directory.path(), &superuser, args);
    let refused = project.run(&["verify", "--install-journal"]).ends(2).stderr;
    assert!(refused.contains("verify.journal"), "{refused}");
    as_superuser(&["verify", "--install-journal"]).ends(0);
    as_superuser(&["verify", "--install-journal"]).ends(0);
    project.run(&["verify", "--paranoid"]).ends(0);

    let tags = "CREATE TABLE tags (id integer);\n";
    fs::write(project.directory.path().join("migrations/003_tags.sql"), tags).unwrap();
    project.run(&["migrate", "up"]).ends(0);
    project
        .by_hand("SET application_name = 'a console'; ALTER TABLE users ADD COLUMN phone text;")
        .await;
    project
        .by_hand("CREATE FUNCTION secret() RETURNS text LANGUAGE sql AS $$SELECT 'password'$$")
        .await;
    project
        .by_hand("CREATE TEMP TABLE mine (id integer); DROP INDEX users_email")
        .await;
    let shown = project.run(&["verify", "--output", "json"]).ends(1).json();
    assert_eq!(shown["journal_is_closed"], true);
    project
        .cluster
        .sql(
            "app",
            "GRANT USAGE ON SCHEMA ponte_journal TO app; GRANT SELECT ON ponte_journal.entry TO app;",
        )
        .await;
    let shown = project.run(&["verify", "--output", "json"]).ends(1).json();
    let told: Vec<String> = shown["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| {
            let change = &d["change"];
            format!(
                "{}: {} {} {}",
                d["object"], change["role"], change["command"], change["statement"]
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "public.secret(): app CREATE FUNCTION null",
            "public.users.phone: app ALTER TABLE SET application_name = 'a console'; ALTER TABLE users ADD COLUMN phone text;",
            "public.users.users_email: app DROP INDEX CREATE TEMP TABLE mine (id integer); DROP INDEX users_email",
        ]
    );
    let text = project.run(&["verify"]).ends(1).stdout;
    assert!(text.contains("Z by app (a console, 127.0.0.1): "), "{text}");

    let client = ponte_testkit::connect(&superuser).await;
    let count = "SELECT count(*) FILTER (WHERE application = 'ponte migrate'), count(*) FILTER (WHERE identity LIKE '%mine%') FROM ponte_journal.entry";
    let row = client.query_one(count, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 0));
    client
        .batch_execute("ALTER TABLE ponte_journal.entry DROP COLUMN kind")
        .await
        .unwrap();
    project.by_hand("CREATE TABLE still_works (id integer)").await;
    let refused = as_superuser(&["verify", "--remove-journal"]).ends(2).stderr;
    assert!(refused.contains("usage.unconfirmed"), "{refused}");
    as_superuser(&["-y", "verify", "--remove-journal"]).ends(0);
    let left = "SELECT count(*) FROM pg_event_trigger";
    let row = client.query_one(left, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    project.by_hand("DROP TABLE still_works").await;
}

#[tokio::test]
async fn a_restored_database_is_what_its_migrations_make_although_its_server_prints_it_otherwise() {
    let project = Project::migrated().await;
    let file = "ALTER TABLE users ADD CONSTRAINT named CHECK ((length(email) > 2 AND length(email) < 99) AND email <> 'x');
CREATE DOMAIN short AS text CONSTRAINT is_short CHECK ((length(VALUE) > 2 AND length(VALUE) < 99) AND VALUE <> 'x');
CREATE INDEX few ON users (id) WHERE (id > 1 AND id < 9) AND id <> 5;
CREATE VIEW numbers AS SELECT 'one' AS name, 1 AS n UNION ALL SELECT 'two', 2 UNION ALL SELECT 'three', 3;
CREATE POLICY mine ON users USING ((id > 1 AND id < 9) AND id <> 5);
";
    fs::write(project.directory.path().join("migrations/003_printed.sql"), file).unwrap();
    project.run(&["migrate", "up"]).ends(0);
    // What a dump says is what the server prints.
    project
        .by_hand(
            "DO $$
             DECLARE c text; d text; i text; v text; p text;
             BEGIN
               SELECT pg_get_constraintdef(oid) INTO c FROM pg_constraint WHERE conname = 'named';
               SELECT pg_get_constraintdef(oid) INTO d FROM pg_constraint WHERE conname = 'is_short';
               SELECT pg_get_indexdef('few'::regclass) INTO i;
               SELECT pg_get_viewdef('numbers') INTO v;
               SELECT pg_get_expr(polqual, polrelid) INTO p FROM pg_policy;
               ALTER TABLE users DROP CONSTRAINT named; EXECUTE 'ALTER TABLE users ADD CONSTRAINT named ' || c;
               ALTER DOMAIN short DROP CONSTRAINT is_short; EXECUTE 'ALTER DOMAIN short ADD CONSTRAINT is_short ' || d;
               DROP INDEX few; EXECUTE i;
               DROP VIEW numbers; EXECUTE 'CREATE VIEW numbers AS ' || v;
               DROP POLICY mine ON users; EXECUTE 'CREATE POLICY mine ON users USING (' || p || ')';
             END $$",
        )
        .await;
    let run = project.run(&["verify", "--output", "json"]);
    assert_eq!(run.json()["differences"], json!([]));
    project
        .by_hand("ALTER TABLE users DROP CONSTRAINT named; ALTER TABLE users ADD CONSTRAINT named CHECK (length(email) > 2 AND length(email) < 99)")
        .await;
    let shown = project.run(&["verify", "--output", "json"]).ends(1).json();
    assert_eq!(shown["differences"][0]["object"], "public.users.named");
    assert_eq!(shown["differences"].as_array().unwrap().len(), 1);
}
