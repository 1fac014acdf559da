//! The ways to the schema, and back.

use crate::packs::{Pack, house, number, texts};

#[tokio::test]
async fn migrations_make_the_twenty_tables_and_take_them_away() {
    let pack = Pack::unpacked("synapscale", &crate::ROLES).await;
    pack.json(&["migrate", "up"]).await;
    pack.seed().await;
    pack.seed().await;
    let owner = pack.owner().await;
    assert_eq!(number(&owner, "SELECT count(*) FROM llms").await, 4);
    assert_eq!(number(&owner, "SELECT count(*) FROM templates").await, 1);
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name COLLATE \"C\"";
    assert_eq!(
        texts(&owner, tables).await,
        [
            "agents",
            "analytics_events",
            "billing_events",
            "conversations",
            "file_uploads",
            "files",
            "llms",
            "message_feedbacks",
            "messages",
            "nodes",
            "system_alerts",
            "tags",
            "templates",
            "usage_logs",
            "user_variables",
            "users",
            "workflow_executions",
            "workflows",
            "workspace_members",
            "workspaces",
        ]
    );
    // The document's own query.
    let foreign_keys =
        "SELECT count(*) FROM information_schema.table_constraints WHERE constraint_type = 'FOREIGN KEY'";
    assert_eq!(number(&owner, foreign_keys).await, 37);
    assert_eq!(house::broken_rules(&owner).await, Vec::<String>::new());
    pack.assert_jobs_run(&["billing"]).await;
    assert_eq!(pack.differences().await, Vec::<serde_json::Value>::new());
    // Back to the first migration, and forth again, is the same schema.
    let whole = pack.dump("synapscale").await;
    pack.json(&["migrate", "down", "-y"]).await;
    assert_eq!(pack.differences().await, Vec::<serde_json::Value>::new());
    pack.json(&["migrate", "up"]).await;
    assert_eq!(pack.dump("synapscale").await, whole);
    pack.json(&["migrate", "down", "--to", "0", "-y"]).await;
    assert_eq!(texts(&owner, tables).await, Vec::<String>::new());
}

/// The arrows of the document's diagram: who refers to whom.
#[tokio::test]
async fn the_relationships_of_the_diagram_are_foreign_keys() {
    let pack = crate::synapscale().await;
    let owner = pack.owner().await;
    for (from, to) in [
        ("users", "workspaces"),
        ("users", "conversations"),
        ("users", "user_variables"),
        ("workspaces", "workspace_members"),
        ("conversations", "messages"),
        ("messages", "usage_logs"),
        ("agents", "conversations"),
        ("llms", "usage_logs"),
        ("workflows", "workflow_executions"),
    ] {
        let sql = format!(
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = '{to}'::regclass AND confrelid = '{from}'::regclass"
        );
        assert_eq!(number(&owner, &sql).await, 1, "{from} → {to}");
    }
}
