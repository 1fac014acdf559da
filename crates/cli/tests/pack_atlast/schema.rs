//! The ways to the schema, its test data, its clean-up, its report.

use std::process::{Command, Stdio};

use crate::packs::{Pack, execute, house, number, output, text, texts};

const TABLES: [&str; 11] = [
    "atproto_matches",
    "cleanup_runs",
    "notification_queue",
    "oauth_sessions",
    "oauth_states",
    "partner_api_keys",
    "source_accounts",
    "user_match_status",
    "user_sessions",
    "user_source_follows",
    "user_uploads",
];

/// Runs psql as the document does, with the script on its standard input.
async fn feed(pack: &Pack, url: &str, script: &str) {
    let mut command = Command::new("psql");
    let input = std::fs::File::open(pack.path().join(script)).unwrap();
    command
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", url])
        .stdin(input);
    let run = output(command).await;
    assert!(
        run.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[tokio::test]
async fn containers_and_ponte_make_the_same_schema_and_its_data_is_the_same_everywhere() {
    let pack = Pack::unpacked("atlast", &[]).await;
    pack.json(&["migrate", "up"]).await;
    let committed = std::fs::read_to_string(pack.path().join("scripts/init-db.sql")).unwrap();
    let built = output(Command::new(pack.path().join("scripts/build-init-db"))).await;
    assert!(built.status.success());
    let anew = std::fs::read_to_string(pack.path().join("scripts/init-db.sql")).unwrap();
    assert_eq!(
        committed, anew,
        "a migration was changed: run scripts/build-init-db"
    );
    let container = pack.cluster.create_database("container", "dono").await;
    for script in [
        "scripts/init-db.sql",
        "scripts/init-db.sql",
        "scripts/seed-test-data.sql",
        "scripts/seed-test-data.sql",
    ] {
        feed(&pack, &container, script).await;
    }
    assert_eq!(pack.dump("container").await, pack.dump("atlast").await);
    assert_eq!(pack.differences().await, Vec::<serde_json::Value>::new());
    pack.assert_jobs_run(&["cleanup"]).await;
    pack.seed().await;
    let owner = pack.owner().await;
    let there = ponte_testkit::connect(&container).await;
    let content = "SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM (SELECT u.*, NULL AS created_at FROM user_uploads u) t";
    let content = content.replace(
        "u.*, NULL AS created_at",
        "upload_id, did, source_platform, total_users, matched_users",
    );
    assert_eq!(text(&owner, &content).await, text(&there, &content).await);
    let counts = "SELECT string_agg(check_name || ' ' || detail, ', ') FROM test_database() WHERE check_name LIKE 'rows %'";
    assert_eq!(text(&owner, counts).await, text(&there, counts).await);

    let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1";
    assert_eq!(texts(&owner, tables).await, TABLES);
    assert_eq!(house::broken_rules(&owner).await, Vec::<String>::new());
    pack.json(&["migrate", "down", "--to", "0", "-y"]).await;
    assert_eq!(texts(&owner, tables).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_database_test_reports_everything_and_fails_where_something_is_missing() {
    let pack = Pack::migrated("atlast", &[]).await;
    let report = || {
        let mut command = Command::new(pack.path().join("scripts/test-db"));
        command.env("DATABASE_URL", pack.url()).stdin(Stdio::null());
        output(command)
    };
    let whole = report().await;
    let said = String::from_utf8(whole.stdout).unwrap();
    assert_eq!(whole.status.code(), Some(0), "{said}");
    for part in [
        "connection",
        "extension pg_trgm",
        "extension uuid-ossp",
        "table user_uploads",
        "index idx_source_accounts_username_trgm",
        "fuzzy matching",
        "rows source_accounts · 16",
    ] {
        assert!(said.contains(&format!("ok     {part}")), "{part}: {said}");
    }
    execute(
        &pack.owner().await,
        "DROP INDEX idx_source_accounts_username_trgm",
    )
    .await;
    let broken = report().await;
    let said = String::from_utf8(broken.stdout).unwrap();
    assert_eq!(broken.status.code(), Some(1));
    assert!(
        said.contains("FAILED index idx_source_accounts_username_trgm · missing"),
        "{said}"
    );
    let mut command = Command::new(pack.path().join("scripts/test-db"));
    command.env("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:1/none");
    assert_eq!(output(command).await.status.code(), Some(2));
}

#[tokio::test]
async fn clean_up_keeps_the_documented_ages_to_the_second_and_all_user_data() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = pack.owner().await;
    let persistent = "SELECT string_agg(detail, ',' ORDER BY check_name) FROM test_database() \
                      WHERE check_name ~ '^rows (user_uploads|source_accounts|user_source_follows|atproto_matches|user_match_status|partner_api_keys)$'";
    // Everything that must stay is as old as anything can be.
    execute(
        &owner,
        "UPDATE user_uploads SET created_at = '2000-01-01'; UPDATE source_accounts SET created_at = '2000-01-01'; \
         UPDATE atproto_matches SET found_at = '2000-01-01'; UPDATE user_match_status SET created_at = '2000-01-01'",
    )
    .await;
    let before = text(&owner, persistent).await;
    execute(
        &owner,
        "DELETE FROM oauth_states; DELETE FROM notification_queue; \
         INSERT INTO oauth_states (key, data, created_at, expires_at) VALUES \
           ('gone', '{}', now() - interval '1 hour 1 second', now() + interval '1 day'), \
           ('kept', '{}', now() - interval '59 minutes', now() - interval '1 minute'); \
         INSERT INTO oauth_sessions (did, data, created_at, expires_at) VALUES \
           ('did:plc:gone', 'x', now() - interval '2 days', now() - interval '1 second'), \
           ('did:plc:kept', 'x', now() - interval '2 days', now() + interval '1 minute'); \
         INSERT INTO user_sessions (did, created_at, expires_at) VALUES \
           ('did:plc:gone', now() - interval '2 days', now() - interval '1 second'), \
           ('did:plc:kept', now() - interval '99 days', now() + interval '1 minute'); \
         INSERT INTO notification_queue (did, dedupe_key, status, sent_at, failed_at, created_at) VALUES \
           ('did:plc:x', 'sent gone', 'sent', now() - interval '7 days 1 second', NULL, now()), \
           ('did:plc:x', 'sent kept', 'sent', now() - interval '6 days 23 hours', NULL, '2000-01-01'), \
           ('did:plc:x', 'failed gone', 'failed', NULL, now() - interval '30 days 1 second', now()), \
           ('did:plc:x', 'failed kept', 'failed', NULL, now() - interval '29 days 23 hours', '2000-01-01'), \
           ('did:plc:x', 'pending kept', 'pending', NULL, NULL, '2000-01-01')",
    )
    .await;
    let run = "SELECT oauth_states || ' ' || oauth_sessions || ' ' || user_sessions || ' ' || notification_queue FROM cleanup_transient_data()";
    assert_eq!(text(&owner, run).await, "1 1 1 2");
    let left = "SELECT string_agg(k, ', ' ORDER BY k) FROM (SELECT key FROM oauth_states UNION ALL SELECT did FROM oauth_sessions \
                UNION ALL SELECT did FROM user_sessions UNION ALL SELECT dedupe_key FROM notification_queue) l (k)";
    assert_eq!(
        text(&owner, left).await,
        "did:plc:kept, did:plc:kept, failed kept, kept, pending kept, sent kept"
    );
    assert_eq!(text(&owner, persistent).await, before);
    execute(&owner, "SELECT cleanup_transient_data()").await;
    assert_eq!(
        number(&owner, "SELECT count(*) FROM cleanup_runs").await,
        2,
        "each run is recorded"
    );
}
