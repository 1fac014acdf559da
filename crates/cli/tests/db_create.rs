//! `ponte db create` and `ponte db drop` from outside, as a role that is no superuser.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use ponte_testkit::{Bouncer, TestCluster, binaries_of, connect, eventually};

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
}

fn ponte(directory: &Path, url: &str, args: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
        .args(["--database-url", url])
        .args(args)
        .current_dir(directory)
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

const CREATE: [&str; 9] = [
    "db",
    "create",
    "shop",
    "--owner",
    "shop",
    "--app-role",
    "shop_app",
    "--read-only-role",
    "shop-reader",
];

/// The value of a variable in an environment file.
fn variable(file: &Path, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}='")));
    line.unwrap_or_else(|| panic!("{name} is missing"))
        .trim_end_matches('\'')
        .to_owned()
}

async fn refused(url: &str, sql: &str) -> String {
    let error = connect(url).await.batch_execute(sql).await.err();
    error
        .and_then(|e| e.code().map(|c| c.code().to_owned()))
        .unwrap_or_else(|| panic!("{sql} was not refused"))
}

async fn admin(cluster: &TestCluster) -> String {
    cluster.create_role("admin", "CREATEDB CREATEROLE").await;
    cluster.url("postgres", "admin")
}

async fn each_role_may_what_it_is_for(cluster: &TestCluster) {
    let url = admin(cluster).await;
    cluster.create_role("stranger", "").await;
    cluster
        .sql("postgres", "ALTER SYSTEM SET log_statement = 'all'")
        .await;
    cluster.reload().await;
    let project = tempfile::tempdir().unwrap();
    let env = project.path().join(".env");
    fs::write(&env, "# mine\nSECRET_KEY=1\n").unwrap();

    let dry = ponte(project.path(), &url, &[&CREATE[..], &["--dry-run"]].concat()).ends(0);
    assert!(
        dry.stdout.contains("CREATE ROLE \"shop\" LOGIN PASSWORD '***';"),
        "{}",
        dry.stdout
    );
    assert_eq!(fs::read_to_string(&env).unwrap(), "# mine\nSECRET_KEY=1\n");
    let first = ponte(project.path(), &url, &CREATE).ends(0);
    let second = ponte(project.path(), &url, &CREATE).ends(0);
    assert!(second.stdout.starts_with("nothing to do"), "{}", second.stdout);

    assert_eq!(fs::metadata(&env).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(
        fs::read_to_string(&env)
            .unwrap()
            .starts_with("# mine\nSECRET_KEY=1\n")
    );
    let [owner, app, reader] =
        ["DATABASE_URL", "APP_DATABASE_URL", "READ_ONLY_DATABASE_URL"].map(|name| variable(&env, name));
    let example = fs::read_to_string(project.path().join(".env.example")).unwrap();
    let log = fs::read_to_string(cluster.cluster().log_path()).unwrap();
    assert!(log.contains("CREATE ROLE"), "the log has every statement");
    for url in [&owner, &app, &reader] {
        let password = url.split(':').nth(2).unwrap().split('@').next().unwrap();
        assert_eq!(password.len(), 24, "{url}");
        for told in [&first.stdout, &first.stderr, &example, &log] {
            assert!(!told.contains(password), "{told}");
        }
    }

    connect(&owner)
        .await
        .batch_execute("CREATE TABLE carts (id serial PRIMARY KEY)")
        .await
        .unwrap();
    connect(&app)
        .await
        .batch_execute("INSERT INTO carts DEFAULT VALUES; DELETE FROM carts")
        .await
        .unwrap();
    connect(&reader)
        .await
        .batch_execute("SELECT * FROM carts")
        .await
        .unwrap();
    assert_eq!(refused(&app, "DROP TABLE carts").await, "42501");
    assert_eq!(
        refused(&reader, "INSERT INTO carts DEFAULT VALUES").await,
        "42501"
    );
    let stranger = tokio_postgres::connect(&cluster.url("shop", "stranger"), tokio_postgres::NoTls).await;
    assert!(stranger.is_err(), "nobody else gets in");
}

#[tokio::test]
async fn each_role_may_what_it_is_for_and_nobody_sees_a_password() {
    for major in [13, 15, 18] {
        let cluster = match major {
            15 => TestCluster::start().await,
            other => TestCluster::builder().binaries(binaries_of(other)).start().await,
        };
        each_role_may_what_it_is_for(&cluster).await;
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_before_anything_is() {
    let cluster = TestCluster::start().await;
    let url = admin(&cluster).await;
    cluster.create_database("taken", "somebody").await;
    cluster.create_role("nobody", "").await;
    let project = tempfile::tempdir().unwrap();
    let taken = project.path().join("taken.env");
    fs::write(&taken, "DATABASE_URL=postgresql://elsewhere/x\n").unwrap();
    let plain = cluster.url("postgres", "nobody");
    let bouncer = Bouncer::start(&cluster, "admin", 2).await;
    let pooled = bouncer.url("postgres");
    let cases: [(&str, &[&str], &str); 5] = [
        (&pooled, &["shop", "--owner", "shop"], "conn.pooled_url"),
        (&plain, &["shop", "--owner", "shop"], "db.not_allowed"),
        (&url, &["taken", "--owner", "shop"], "db.differs"),
        (
            &url,
            &["shop", "--owner", "shop", "--extension", "no_such"],
            "db.extension",
        ),
        (
            &url,
            &["shop", "--owner", "shop", "--env-file", "taken.env"],
            "db.env_file",
        ),
    ];
    for (url, args, code) in cases {
        let run = ponte(project.path(), url, &[&["db", "create"], args].concat()).ends(2);
        assert!(run.stderr.contains(code), "{code}: {}", run.stderr);
    }
    let client = cluster.superuser("postgres").await;
    let row = client
        .query_one("SELECT count(*) FROM pg_roles WHERE rolname = 'shop'", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    assert_eq!(
        fs::read_dir(project.path()).unwrap().count(),
        1,
        "no file is left behind"
    );
}

#[tokio::test]
async fn a_database_is_dropped_by_its_name_and_not_while_it_is_in_use() {
    let cluster = TestCluster::start().await;
    let url = admin(&cluster).await;
    let project = tempfile::tempdir().unwrap();
    ponte(project.path(), &url, &["db", "create", "shop", "--owner", "shop"]).ends(0);
    let inside = variable(&project.path().join(".env"), "DATABASE_URL");
    let drop = |args: &[&str]| ponte(project.path(), &url, &[&["db", "drop"], args].concat());

    for args in [&["shop", "-y"][..], &["shop", "--confirm", "shopp"]] {
        let run = drop(args).ends(2);
        assert!(run.stderr.contains("usage.unconfirmed"), "{}", run.stderr);
    }
    let guest = connect(&inside).await;
    let run = drop(&["shop", "--confirm", "shop"]).ends(2);
    assert!(run.stderr.contains("db.in_use"), "{}", run.stderr);
    drop(&["shop", "--confirm", "shop", "--force"]).ends(0);
    eventually(
        std::time::Duration::from_secs(5),
        "the guest to be gone",
        async || guest.is_closed().then_some(()),
    )
    .await;
    let run = drop(&["shop", "--confirm", "shop"]).ends(0);
    assert!(run.stderr.contains("there is no database shop"), "{}", run.stderr);
    let run = drop(&["postgres", "--confirm", "postgres"]).ends(2);
    assert!(run.stderr.contains("belongs to the server"), "{}", run.stderr);
}
