//! The ways to the schema, and back.

use crate::atlas2;
use crate::packs::{Pack, house, number, refused, texts};

const NAMED: [&str; 13] = [
    "api_configurations",
    "api_fields",
    "audit_logs",
    "file_data",
    "job_statistics",
    "mapping_configurations",
    "processing_jobs",
    "processing_results",
    "system_health",
    "system_settings",
    "transformation_rules",
    "user_dashboard_stats",
    "users",
];

/// The document's commands, with this directory as `database/` in the application's repository.
#[tokio::test]
async fn psql_init_and_ponte_make_the_same_schema() {
    let pack = Pack::unpacked("atlas2", &crate::ROLES).await;
    let up = pack.json(&["migrate", "up"]).await;
    assert_eq!(up["applied"].as_array().unwrap().len(), 3, "{up}");
    pack.seed().await;
    std::os::unix::fs::symlink(pack.path(), pack.path().parent().unwrap().join("database")).unwrap();
    let by_hand = pack.cluster.create_database("by_hand", "dono").await;
    for file in [
        "database/migrations/001_initial_schema.sql",
        "database/migrations/002_add_indexes_and_constraints.sql",
        "database/init.sql",
        "database/init.sql",
    ] {
        pack.psql(&by_hand, &["-f", file]).await;
    }
    let alone = pack.cluster.create_database("alone", "dono").await;
    pack.psql(&alone, &["-f", "database/init.sql"]).await;
    let expected = pack.dump("atlas2").await;
    assert!(expected.contains("CREATE MATERIALIZED VIEW public.user_dashboard_stats"));
    assert_eq!(pack.dump("by_hand").await, expected);
    assert_eq!(pack.dump("alone").await, expected);

    assert_eq!(pack.differences().await, Vec::<serde_json::Value>::new());
    let owner = pack.owner().await;
    let relations = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm') ORDER BY 1";
    assert_eq!(texts(&owner, relations).await, NAMED);
    assert_eq!(house::broken_rules(&owner).await, Vec::<String>::new());
    pack.assert_jobs_run(&["dashboard", "cleanup"]).await;
    assert_eq!(number(&owner, "SELECT count(*) FROM system_settings").await, 7);

    pack.json(&["migrate", "down", "--to", "0", "-y"]).await;
    let left = "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace) \
                     + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)";
    assert_eq!(number(&owner, left).await, 0);
}

/// What the refusal says, and the statement.
const NONSENSE: &[(&str, &str)] = &[
    ("users_email_shape", "UPDATE users SET email = 'nobody'"),
    (
        "users_password_hash_shape",
        "UPDATE users SET password_hash = 'secret123'",
    ),
    ("users_role_known", "UPDATE users SET role = 'god'"),
    (
        "users_email_key",
        "SELECT register_user('ANA@atlas2.example', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ', 'x')",
    ),
    (
        "api_configurations_headers_without_secrets",
        "UPDATE api_configurations SET headers = '{\"authorization\": \"Bearer x\"}'",
    ),
    (
        "api_configurations_secret_named",
        "UPDATE api_configurations SET auth_type = 'bearer'",
    ),
    (
        "api_fields_name_shape",
        "UPDATE api_fields SET name = 'no spaces'",
    ),
    (
        "transformation_rules_rule_type_known",
        "UPDATE transformation_rules SET rule_type = 'magic'",
    ),
    (
        "mapping_configurations_field_mappings_texts",
        "UPDATE mapping_configurations SET field_mappings = '{\"a\": 1}'",
    ),
    (
        "processing_jobs_failure_explained",
        "UPDATE processing_jobs SET status = 'failed', finished_at = now()",
    ),
    (
        "processing_jobs_mapping_configuration_id_user_id_fkey",
        "DELETE FROM mapping_configurations",
    ),
    (
        "invalid regular expression",
        "UPDATE api_fields SET pattern = '('",
    ),
    (
        "needs the parameter \"format\"",
        "UPDATE transformation_rules SET parameters = '{}' WHERE rule_type = 'date'",
    ),
    (
        "no date format",
        "UPDATE transformation_rules SET parameters = '{\"format\": \"YY\"}' WHERE rule_type = 'date'",
    ),
    (
        "a whole number from 1",
        "UPDATE system_settings SET value = '\"many\"' WHERE key = 'job_timeout'",
    ),
    (
        "a list of extensions",
        "UPDATE system_settings SET value = '[]' WHERE key = 'allowed_file_types'",
    ),
    ("cannot be changed", "UPDATE file_data SET content = 'x'"),
];

#[tokio::test]
async fn rows_that_make_no_sense_are_refused() {
    let pack = atlas2().await;
    let web = crate::Tenant::registered(&pack, "web", "ana").await;
    let owner = pack.owner().await;
    web.job("a.csv", b"Nr\n1\n", "',', NULL").await;
    for (expected, sql) in NONSENSE {
        let (_, message) = refused(&owner, sql).await;
        assert!(message.contains(expected), "{sql}: {message}");
    }
}
