//! What each index is for, on tables as large as they get.

use crate::packs::{Pack, plans};

/// An index, and a question that it is there to answer.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "users_email_key",
        "SELECT id FROM users WHERE lower(email) = 'u77@synapscale.example'",
    ),
    (
        "users_username_key",
        "SELECT id FROM users WHERE lower(username) = 'user77'",
    ),
    (
        "workspaces_owner_id_idx",
        "SELECT * FROM workspaces WHERE owner_id = md5('u77')::uuid",
    ),
    (
        "workspaces_slug_key",
        "SELECT * FROM workspaces WHERE slug = 'w77'",
    ),
    (
        "workspace_members_user_id_idx",
        "SELECT workspace_id FROM workspace_members WHERE user_id = md5('u77')::uuid",
    ),
    (
        "user_variables_user_id_key_key",
        "SELECT sealed_value FROM user_variables WHERE user_id = md5('u77')::uuid AND key = 'KEY_2'",
    ),
    (
        "user_variables_key_id_idx",
        "SELECT id FROM user_variables WHERE split_part(sealed_value, '.', 2) = 'k7'",
    ),
    (
        "agents_workspace_id_name_key",
        "SELECT * FROM agents WHERE workspace_id = md5('w77')::uuid ORDER BY name",
    ),
    (
        "agents_llm_id_idx",
        "SELECT 1 FROM agents WHERE llm_id = md5('l77')::uuid",
    ),
    (
        "conversations_workspace_id_idx",
        "SELECT * FROM conversations WHERE workspace_id = md5('w77')::uuid ORDER BY updated_at DESC LIMIT 10",
    ),
    (
        "conversations_user_id_idx",
        "SELECT * FROM conversations WHERE user_id = md5('u77')::uuid",
    ),
    (
        "conversations_agent_id_idx",
        "SELECT 1 FROM conversations WHERE agent_id = md5('a77')::uuid AND workspace_id = md5('w77')::uuid",
    ),
    (
        "messages_conversation_id_idx",
        "SELECT * FROM messages WHERE conversation_id = md5('c77')::uuid AND workspace_id = md5('w77')::uuid ORDER BY created_at",
    ),
    (
        "messages_workspace_id_idx",
        "SELECT count(*) FROM messages WHERE workspace_id = md5('w77')::uuid",
    ),
    (
        "usage_logs_message_id_key",
        "SELECT * FROM usage_logs WHERE message_id = md5('m77')::uuid",
    ),
    (
        "usage_logs_workspace_id_idx",
        "SELECT sum(cost) FROM usage_logs WHERE workspace_id = md5('w77')::uuid AND created_at > now() - interval '30 days'",
    ),
    (
        "usage_logs_llm_id_idx",
        "SELECT 1 FROM usage_logs WHERE llm_id = md5('l77')::uuid",
    ),
    (
        "usage_logs_unbilled_idx",
        "SELECT currency, sum(cost) FROM usage_logs WHERE workspace_id = md5('w50')::uuid AND billing_event_id IS NULL GROUP BY currency",
    ),
    (
        "usage_logs_billing_event_id_idx",
        "SELECT * FROM usage_logs WHERE billing_event_id = 77",
    ),
    (
        "billing_events_workspace_id_idx",
        "SELECT * FROM billing_events WHERE workspace_id = md5('w77')::uuid ORDER BY created_at",
    ),
    (
        "workflows_workspace_id_name_key",
        "SELECT * FROM workflows WHERE workspace_id = md5('w77')::uuid",
    ),
    (
        "workflow_executions_workflow_id_idx",
        "SELECT * FROM workflow_executions WHERE workflow_id = md5('f77')::uuid AND workspace_id = md5('w77')::uuid ORDER BY created_at DESC LIMIT 1",
    ),
    (
        "workflow_executions_workspace_id_idx",
        "SELECT * FROM workflow_executions WHERE workspace_id = md5('w77')::uuid",
    ),
    (
        "workflow_executions_unfinished_idx",
        "SELECT * FROM workflow_executions WHERE status IN ('pending', 'running') ORDER BY created_at LIMIT 10",
    ),
    (
        "nodes_workflow_id_idx",
        "SELECT * FROM nodes WHERE workflow_id = md5('f77')::uuid AND workspace_id = md5('w77')::uuid",
    ),
    (
        "templates_workspace_id_idx",
        "SELECT * FROM templates WHERE workspace_id = md5('w77')::uuid",
    ),
    (
        "files_workspace_id_idx",
        "SELECT * FROM files WHERE workspace_id = md5('w77')::uuid ORDER BY created_at DESC LIMIT 10",
    ),
    (
        "file_uploads_file_id_idx",
        "SELECT * FROM file_uploads WHERE file_id = md5('d77')::uuid AND workspace_id = md5('w77')::uuid",
    ),
    (
        "file_uploads_user_id_idx",
        "SELECT * FROM file_uploads WHERE user_id = md5('u77')::uuid",
    ),
    (
        "analytics_events_workspace_id_idx",
        "SELECT count(*) FROM analytics_events WHERE workspace_id = md5('w77')::uuid AND event_name = 'e1' AND created_at > now() - interval '90 days'",
    ),
    (
        "system_alerts_open_idx",
        "SELECT * FROM system_alerts WHERE severity = 'warning' AND resolved_at IS NULL ORDER BY created_at",
    ),
    (
        "tags_name_idx",
        "SELECT * FROM tags WHERE workspace_id = md5('w77')::uuid AND name = 't27'",
    ),
    (
        "message_feedbacks_message_id_idx",
        "SELECT 1 FROM message_feedbacks WHERE message_id = md5('m77')::uuid AND workspace_id = md5('w77')::uuid",
    ),
    (
        "message_feedbacks_workspace_id_idx",
        "SELECT sum(rating) FROM message_feedbacks WHERE workspace_id = md5('w77')::uuid",
    ),
];

#[tokio::test]
async fn the_planner_uses_each_index_for_what_it_is_for() {
    let pack = Pack::migrated("synapscale", &crate::ROLES).await;
    let superuser = pack.superuser().await;
    plans::script(&pack, include_str!("many.sql")).await;
    assert_eq!(plans::unused(&superuser, QUESTIONS).await, Vec::<String>::new());
}
