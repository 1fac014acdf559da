//! A workspace is its members' alone.

use crate::packs::isolation::{Tenant, Tenants, unprotected};
use crate::packs::{Pack, execute, number, refused, text};
use crate::{Member, synapscale};

/// Rows in the tables that a conversation does not fill by itself.
async fn furnish(pack: &Pack, member: &Member, name: &str) {
    let (workspace, id) = (&member.workspace, &member.id);
    execute(&member.client, &member.uses(&member.answer, 1000, 100)).await;
    execute(
        &member.client,
        &format!(
            "WITH w AS (INSERT INTO workflows (workspace_id, name) VALUES ('{workspace}', 'flow of {name}') RETURNING id, workspace_id), \
                  n AS (INSERT INTO nodes (workspace_id, workflow_id, name, node_type) SELECT workspace_id, id, 'start', 'trigger' FROM w), \
                  f AS (INSERT INTO files (workspace_id, name, mime_type, size_bytes, sha256, storage_path) \
                        VALUES ('{workspace}', '{name}.txt', 'text/plain', 1, sha256('x'), '{name}/1') RETURNING id), \
                  u AS (INSERT INTO file_uploads (workspace_id, user_id, file_id, status, total_bytes, uploaded_bytes) \
                        SELECT '{workspace}', '{id}', id, 'completed', 1, 1 FROM f) \
             INSERT INTO workflow_executions (workspace_id, workflow_id) SELECT workspace_id, id FROM w; \
             INSERT INTO templates (workspace_id, name, definition) VALUES ('{workspace}', 'of {name}', '{{}}'); \
             INSERT INTO tags (workspace_id, name, target_type, target_id) VALUES ('{workspace}', 'tag of {name}', 'conversation', '{}'); \
             INSERT INTO message_feedbacks (workspace_id, message_id, user_id, rating) VALUES ('{workspace}', '{}', '{id}', 1); \
             INSERT INTO analytics_events (workspace_id, user_id, event_name) VALUES ('{workspace}', '{id}', 'opened'); \
             INSERT INTO user_variables (user_id, key, sealed_value) VALUES ('{id}', 'TOKEN', 'v1.k.{}')",
            member.conversation,
            member.answer,
            "A".repeat(38)
        ),
    )
    .await;
    let owner = pack.owner().await;
    execute(
        &owner,
        &format!(
            "SELECT bill_usage('{workspace}'); INSERT INTO system_alerts (workspace_id, severity, title) VALUES ('{workspace}', 'info', 'about {name}')"
        ),
    )
    .await;
}

#[tokio::test]
async fn workspaces_are_kept_apart_in_every_table_and_function() {
    let pack = synapscale().await;
    let first = Member::registered(&pack, "ana").await;
    let second = Member::registered(&pack, "secundo").await;
    furnish(&pack, &first, "ana").await;
    furnish(&pack, &second, "secundo").await;
    let superuser = pack.superuser().await;
    let become_first = format!("SET app.current_user_id = '{}'", first.id);
    let rows_of = |table: &str, tenant: Tenant| {
        let member = if tenant == Tenant::First { &first } else { &second };
        match table {
            "llms" => None,
            "users" => Some(format!("id = '{}'", member.id)),
            "user_variables" => Some(format!("user_id = '{}'", member.id)),
            "workspaces" => Some(format!("id = '{}'", member.workspace)),
            _ => Some(format!("workspace_id = '{}'", member.workspace)),
        }
    };
    let tenants = Tenants {
        superuser: &superuser,
        become_first: &become_first,
        become_nobody: "RESET app.current_user_id",
        rows_of: &rows_of,
        second_marks: &[&second.id, &second.workspace, "secundo"],
        second_id: &second.workspace,
        open_functions: &["find_login"],
        definers: &[
            (
                "my_workspaces",
                "the policies themselves ask it; it filters by the asking user",
            ),
            (
                "my_colleagues",
                "the policies themselves ask it; it filters by the asking user",
            ),
            (
                "register_user",
                "before there is an account there is nobody to be",
            ),
            (
                "find_login",
                "before the login there is nobody to be; one address at a time",
            ),
            (
                "create_workspace",
                "nobody is a member of a workspace that is not there yet",
            ),
        ],
    };
    let backend = ponte_testkit::connect(&pack.cluster.url("synapscale", "backend")).await;
    tenants.are_kept_apart(&backend, true).await;
    assert_eq!(unprotected(&superuser).await, Vec::<String>::new());
    execute(&superuser, "CREATE TABLE notes (id int PRIMARY KEY)").await;
    assert_eq!(unprotected(&superuser).await, ["notes"]);
}

#[tokio::test]
async fn members_work_viewers_read_and_admins_decide_who_is_in() {
    let pack = synapscale().await;
    let ana = Member::registered(&pack, "ana").await;
    let bia = Member::registered(&pack, "bia").await;
    let seen = format!(
        "SELECT count(*) FROM messages WHERE workspace_id = '{}'",
        ana.workspace
    );
    assert_eq!(number(&bia.client, &seen).await, 0);
    let invite = format!(
        "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ('{}', '{}', 'viewer')",
        ana.workspace, bia.id
    );
    assert_eq!(
        refused(&bia.client, &invite).await.0,
        "42501",
        "nobody invites oneself"
    );
    execute(&ana.client, &invite).await;
    assert_eq!(number(&bia.client, &seen).await, 2, "a viewer reads");
    assert_eq!(
        number(
            &bia.client,
            &format!("SELECT count(*) FROM users WHERE id = '{}'", ana.id)
        )
        .await,
        1
    );
    let write = format!(
        "INSERT INTO messages (workspace_id, conversation_id, role, content) VALUES ('{}', '{}', 'user', 'x')",
        ana.workspace, ana.conversation
    );
    assert_eq!(refused(&bia.client, &write).await.0, "42501");
    let promote = |role: &str| {
        format!(
            "UPDATE workspace_members SET role = '{role}' WHERE user_id = '{}' AND workspace_id = '{}'",
            bia.id, ana.workspace
        )
    };
    execute(&bia.client, &promote("admin")).await;
    assert_eq!(
        refused(&bia.client, &write).await.0,
        "42501",
        "a viewer does not promote oneself"
    );
    execute(&ana.client, &promote("member")).await;
    execute(&bia.client, &write).await;
    assert_eq!(refused(&ana.client, &promote("owner")).await.0, "42501");
    execute(
        &ana.client,
        &format!("DELETE FROM workspace_members WHERE user_id = '{}'", bia.id),
    )
    .await;
    assert_eq!(number(&bia.client, &seen).await, 0, "who is out sees nothing");
    assert_eq!(text(&ana.client, "SELECT isolation_holds()::text").await, "true");
    assert_eq!(
        text(&pack.owner().await, "SELECT isolation_holds()::text").await,
        "false"
    );
    assert_eq!(
        refused(&ana.client, "SELECT password_hash FROM users").await.0,
        "42501"
    );
    assert_eq!(
        refused(&ana.client, "UPDATE users SET is_superuser = true")
            .await
            .0,
        "42501"
    );
}

#[tokio::test]
async fn a_tag_is_on_something_of_its_workspace_and_goes_with_it() {
    let pack = synapscale().await;
    let ana = Member::registered(&pack, "ana").await;
    let bia = Member::registered(&pack, "bia").await;
    let tag = |target: &str| {
        format!(
            "INSERT INTO tags (workspace_id, name, target_type, target_id) VALUES ('{}', 'vip', 'conversation', '{target}')",
            ana.workspace
        )
    };
    assert_eq!(refused(&ana.client, &tag(&bia.conversation)).await.0, "23503");
    execute(&ana.client, &tag(&ana.conversation)).await;
    execute(&ana.client, "DELETE FROM conversations").await;
    let owner = pack.owner().await;
    assert_eq!(number(&owner, "SELECT count(*) FROM tags").await, 0);
    assert_eq!(
        number(&owner, "SELECT count(*) FROM conversations").await,
        1,
        "that of the other workspace"
    );
}
