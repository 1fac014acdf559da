//! One tenant never sees or changes another's rows, whatever the way.

use crate::packs::isolation::{Tenant as Who, Tenants, unprotected};
use crate::packs::{Pack, execute, number, refused, text};
use crate::{Tenant, atlas2};

/// Two tenants, each with a row in every table.
async fn two(pack: &Pack) -> (Tenant, Tenant) {
    let first = Tenant::registered(pack, "web", "ana").await;
    let second = Tenant::registered(pack, "web", "secundo").await;
    for (tenant, name) in [(&first, "ana"), (&second, "secundo")] {
        let content = format!("Nr,Name,E-mail,Amount,Day\n1,{name},,,\n");
        let job = tenant
            .job(&format!("{name}.csv"), content.as_bytes(), "',', NULL")
            .await;
        execute(&tenant.client, &format!("CALL process_job('{job}')")).await;
        execute(&tenant.client, "SELECT refresh_user_dashboard_stats()").await;
        // A file and a job that can be deleted and called about.
        tenant
            .job(&format!("{name}2.csv"), b"Nr,Name\n2,x\n", "',', NULL")
            .await;
    }
    (first, second)
}

#[tokio::test]
async fn tenants_are_kept_apart_in_every_table_view_and_function() {
    let pack = atlas2().await;
    let (first, second) = two(&pack).await;
    let superuser = pack.superuser().await;
    let become_first = format!("SET app.current_user_id = '{}'", first.id);
    let second_job = text(
        &superuser,
        &format!(
            "SELECT id::text FROM processing_jobs WHERE user_id = '{}' AND status = 'pending'",
            second.id
        ),
    )
    .await;
    let rows_of = |table: &str, tenant: Who| {
        let id = match tenant {
            Who::First => &first.id,
            Who::Second => &second.id,
        };
        match table {
            "system_settings" => None,
            "users" => Some(format!("id = '{id}'")),
            _ => Some(format!("user_id = '{id}'")),
        }
    };
    let tenants = Tenants {
        superuser: &superuser,
        become_first: &become_first,
        become_nobody: "RESET app.current_user_id",
        rows_of: &rows_of,
        second_marks: &[&second.id, "secundo"],
        second_id: &second_job,
        open_functions: &["find_login"],
        definers: &[
            ("register_user", "before there is an account there is no tenant"),
            (
                "find_login",
                "before the login there is no tenant; one address at a time",
            ),
            (
                "my_dashboard_stats",
                "no policy binds a materialized view; it filters by the tenant itself",
            ),
            (
                "refresh_user_dashboard_stats",
                "only an owner refreshes; it answers nothing",
            ),
            (
                "expire_timed_out_jobs",
                "frees the places of dead jobs, whoever asks; it answers a number",
            ),
        ],
    };
    for (login, writes) in [("web", true), ("reports", false)] {
        let role = ponte_testkit::connect(&pack.cluster.url("atlas2", login)).await;
        tenants.are_kept_apart(&role, writes).await;
    }
}

#[tokio::test]
async fn a_row_cannot_be_handed_over_and_a_tenant_does_not_become_an_operator() {
    let pack = atlas2().await;
    let (first, second) = two(&pack).await;
    for table in [
        "api_configurations",
        "file_data",
        "processing_jobs",
        "processing_results",
    ] {
        let (state, _) = refused(
            &first.client,
            &format!("UPDATE {table} SET user_id = '{}'", second.id),
        )
        .await;
        assert_eq!(state, "42501", "{table}");
    }
    for sql in [
        "UPDATE users SET role = 'admin'",
        "UPDATE system_settings SET value = '1'",
        "SELECT * FROM user_dashboard_stats",
        "SELECT * FROM cleanup_old_data()",
        "SELECT * FROM system_health",
        "INSERT INTO audit_logs (action, table_name) VALUES ('DELETE', 'users')",
    ] {
        assert_eq!(refused(&first.client, sql).await.0, "42501", "{sql}");
    }
    // What is the tenant's own is there: the account, the statistics, the dashboard, the trail.
    let found = text(
        &first.client,
        "SELECT id::text FROM find_login('ANA@atlas2.example')",
    )
    .await;
    assert_eq!(found, first.id);
    assert_eq!(
        number(&first.client, "SELECT completed_jobs FROM job_statistics").await,
        1
    );
    assert_eq!(
        number(&first.client, "SELECT rows_succeeded FROM my_dashboard_stats()").await,
        1
    );
    assert!(number(&first.client, "SELECT count(*) FROM audit_logs").await > 10);
    let owner = pack.owner().await;
    assert_eq!(
        number(&owner, "SELECT count(*) FROM job_statistics").await,
        2,
        "operators see all"
    );
    let reports = ponte_testkit::connect(&pack.cluster.url("atlas2", "reports")).await;
    assert!(
        number(
            &reports,
            "SELECT value::bigint FROM system_health WHERE metric = 'database_size'"
        )
        .await
            > 0
    );
    assert_eq!(
        refused(&reports, "SELECT password_hash FROM users").await.0,
        "42501"
    );
}

#[tokio::test]
async fn a_table_that_a_later_migration_leaves_open_is_noticed() {
    let pack = atlas2().await;
    let owner = pack.owner().await;
    assert_eq!(unprotected(&owner).await, Vec::<String>::new());
    execute(&owner, "CREATE TABLE notes (id int PRIMARY KEY, user_id uuid)").await;
    assert_eq!(unprotected(&owner).await, ["notes"]);
    execute(&owner, "ALTER TABLE notes ENABLE ROW LEVEL SECURITY").await;
    assert_eq!(
        unprotected(&owner).await,
        ["notes"],
        "no policy says whose they are"
    );
}
