//! What an operator runs: the trail, the clean-up, the dashboard, the partitions.

use crate::packs::{execute, files, house, number, text, texts};
use crate::{Tenant, atlas2};

#[tokio::test]
async fn every_change_of_data_is_in_the_trail() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let owner = pack.owner().await;
    let job = web
        .job(
            "a.csv",
            b"Nr,Name,E-mail,Amount,Day\n1,a,,,\n2,b,,,\n",
            "',', NULL",
        )
        .await;
    execute(&web.client, &format!("CALL process_job('{job}')")).await;
    execute(
        &web.client,
        "UPDATE processing_results SET sent_at = now(), response_status = 200 WHERE row_number = 2",
    )
    .await;
    execute(
        &web.client,
        "UPDATE users SET full_name = 'Ana Souza', password_hash = password_hash",
    )
    .await;
    execute(
        &web.client,
        "DELETE FROM transformation_rules WHERE target_field = 'day'",
    )
    .await;
    execute(
        &owner,
        "UPDATE system_settings SET value = '4' WHERE key = 'max_concurrent_jobs'",
    )
    .await;
    execute(
        &web.client,
        &format!("DELETE FROM processing_jobs WHERE id = '{job}'"),
    )
    .await;
    let trail = "SELECT string_agg(DISTINCT action || ' ' || table_name, ', ' ORDER BY action || ' ' || table_name) FROM audit_logs";
    assert_eq!(
        text(&owner, trail).await,
        "DELETE processing_jobs, DELETE processing_results, DELETE transformation_rules, INSERT api_configurations, INSERT api_fields, \
         INSERT file_data, INSERT mapping_configurations, INSERT processing_jobs, INSERT processing_results, INSERT system_settings, \
         INSERT transformation_rules, INSERT users, UPDATE file_data, UPDATE processing_jobs, UPDATE processing_results, \
         UPDATE system_settings, UPDATE users"
    );
    let change = "SELECT (old_values ->> 'full_name') || ' → ' || (new_values ->> 'full_name') || ', ' || db_role || ', ' || (actor_id = user_id) \
                  FROM audit_logs WHERE table_name = 'users' AND action = 'UPDATE'";
    assert_eq!(text(&owner, change).await, "ana → Ana Souza, web, true");
    let results = "SELECT string_agg(action || ' ' || row_count, ', ' ORDER BY id) FROM audit_logs WHERE table_name = 'processing_results'";
    assert_eq!(text(&owner, results).await, "INSERT 2, UPDATE 1, DELETE 2");
    let secrets =
        "SELECT count(*) FROM audit_logs a WHERE a::text LIKE '%argon2%' OR a::text LIKE '%\"content\"%'";
    assert_eq!(number(&owner, secrets).await, 0);
    // The account goes with everything, and its trail stays.
    let before = number(&owner, "SELECT count(*) FROM audit_logs").await;
    execute(&web.client, "DELETE FROM users").await;
    assert_eq!(number(&owner, "SELECT count(*) FROM api_fields").await, 0);
    assert!(number(&owner, "SELECT count(*) FROM audit_logs").await > before);
}

#[tokio::test]
async fn clean_up_reports_what_it_removed_and_the_dashboard_follows() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let owner = pack.owner().await;
    let content = b"Nr,Name,E-mail,Amount,Day\n1,a,,,\n";
    let job = web.job("a.csv", content, "',', NULL").await;
    execute(&web.client, &format!("CALL process_job('{job}')")).await;
    let unfinished = web
        .job("b.csv", b"Nr,Name,E-mail,Amount,Day\n2,b,,,\n", "',', NULL")
        .await;
    let age = |table: &str, column: &str, days: u32| {
        format!("UPDATE {table} SET {column} = {column} - interval '{days} days'")
    };
    execute(
        &owner,
        "INSERT INTO audit_logs (action, table_name, occurred_at) VALUES ('DELETE', 'users', now() - interval '366 days'), \
         ('DELETE', 'users', now() - interval '364 days')",
    )
    .await;
    for sql in [
        age("file_data", "created_at", 100),
        age("processing_jobs", "finished_at", 100),
    ] {
        execute(&owner, &sql).await;
    }
    let report =
        "SELECT table_name || ' ' || action || ': ' || row_count FROM cleanup_old_data() WHERE row_count > 0";
    assert_eq!(texts(&owner, report).await, ["audit_logs deleted: 1"]);
    execute(
        &owner,
        "UPDATE system_settings SET value = '99' WHERE key ~ '^(file_data|processing_results)_retention'",
    )
    .await;
    assert_eq!(
        texts(&owner, report).await,
        ["processing_results deleted: 1", "file_data content purged: 1"]
    );
    assert_eq!(
        number(&owner, "SELECT count(*) FROM file_data WHERE content IS NOT NULL").await,
        1,
        "a job still needs it"
    );
    execute(
        &owner,
        &format!(
            "UPDATE processing_jobs SET status = 'running', started_at = now() - interval '2 hours' WHERE id = '{unfinished}'"
        ),
    )
    .await;
    assert_eq!(
        texts(&owner, report).await,
        ["processing_jobs timed out: 1", "file_data content purged: 1"]
    );
    execute(&web.client, "SELECT refresh_user_dashboard_stats()").await;
    let stats = "SELECT files || ' ' || completed_jobs || ' ' || failed_jobs || ' ' || rows_succeeded FROM my_dashboard_stats()";
    assert_eq!(text(&web.client, stats).await, "2 1 1 1");
}

#[tokio::test]
async fn partitioning_is_switched_on_and_off_without_losing_a_row() {
    let pack = atlas2().await;
    let web = Tenant::registered(&pack, "web", "ana").await;
    let owner = pack.owner().await;
    let job = web
        .job(
            "a.csv",
            b"Nr,Name,E-mail,Amount,Day\n1,a,,,\n2,b,,,\n",
            "',', NULL",
        )
        .await;
    execute(&web.client, &format!("CALL process_job('{job}')")).await;
    execute(
        &owner,
        "INSERT INTO audit_logs (action, table_name, occurred_at) VALUES ('DELETE', 'users', now() - interval '900 days')",
    )
    .await;
    let plain = pack.dump("atlas2").await;
    let rows = "SELECT (SELECT count(*) FROM audit_logs) * 1000 + (SELECT count(*) FROM processing_results)";
    let before = number(&owner, rows).await;
    for file in files(&pack.path().join("partitioning")) {
        let name = file.file_name().unwrap();
        std::fs::copy(&file, pack.path().join("migrations").join(name)).unwrap();
    }
    pack.json(&["migrate", "up"]).await;
    assert_eq!(number(&owner, rows).await, before);
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = '{}'::regclass";
    for (table, count) in [("audit_logs", 6), ("processing_results", 5)] {
        assert_eq!(
            number(&owner, &partitions.replace("{}", table)).await,
            count,
            "{table}"
        );
    }
    assert_eq!(house::broken_rules(&owner).await, Vec::<String>::new());
    assert_eq!(
        crate::packs::isolation::unprotected(&owner).await,
        Vec::<String>::new()
    );
    // Jobs, policies and the trail work as before.
    let again = web
        .job("b.csv", b"Nr,Name,E-mail,Amount,Day\n3,c,,,\n", "',', NULL")
        .await;
    execute(&web.client, &format!("CALL process_job('{again}')")).await;
    assert_eq!(
        number(&web.client, "SELECT count(*) FROM processing_results").await,
        3
    );
    execute(&web.client, "SET app.current_user_id = ''").await;
    assert_eq!(
        number(&web.client, "SELECT count(*) FROM processing_results").await,
        0
    );
    execute(&web.client, &format!("SET app.current_user_id = '{}'", web.id)).await;
    months_come_and_go(&owner).await;
    let kept = number(&owner, rows).await;
    pack.json(&["migrate", "down", "-y"]).await;
    assert_eq!(number(&owner, rows).await, kept);
    assert_eq!(pack.dump("atlas2").await, plain);
}

/// Rows of a month that nobody made a partition for move into it when it is made; expired months go as a whole.
async fn months_come_and_go(owner: &tokio_postgres::Client) {
    execute(
        owner,
        "INSERT INTO audit_logs (action, table_name, occurred_at) VALUES ('DELETE', 'users', now() + interval '5 months')",
    )
    .await;
    assert_eq!(
        number(owner, "SELECT count(*) FROM ONLY audit_logs_default").await,
        1
    );
    let made = texts(owner, "SELECT * FROM create_next_partitions(5)").await;
    assert_eq!(made.len(), 4, "{made:?}");
    assert_eq!(
        number(owner, "SELECT count(*) FROM ONLY audit_logs_default").await,
        0
    );
    let report = texts(
        owner,
        "SELECT action || ': ' || row_count FROM cleanup_old_data() WHERE row_count > 0",
    )
    .await;
    assert_eq!(report.len(), 1, "{report:?}");
    assert!(report[0].starts_with("dropped with audit_logs_20"), "{report:?}");
    assert_eq!(
        number(
            owner,
            "SELECT count(*) FROM audit_logs WHERE occurred_at < now() - interval '800 days'"
        )
        .await,
        0
    );
}
