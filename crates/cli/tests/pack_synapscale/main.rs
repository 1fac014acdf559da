//! The pack synapscale on a real server, used as its backend would use it and run as its operator would run it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

#[path = "../packs/mod.rs"]
mod packs;

mod billing;
mod plans;
mod schema;
mod sealed;
mod workspaces;

use tokio_postgres::Client;

use packs::{Pack, execute, text};

const ROLES: [&str; 1] = ["synapscale_app"];
const HASH: &str = "$2b$12$abcdefghijklmnopqrstuvwxyz0123456789";

/// With the schema, the seeds, and a login of the backend's.
async fn synapscale() -> Pack {
    let pack = Pack::migrated("synapscale", &ROLES).await;
    pack.login("backend", "synapscale_app").await;
    pack
}

/// The backend's session of a user who owns a workspace with an agent, a conversation and an answer in it.
struct Member {
    id: String,
    workspace: String,
    conversation: String,
    answer: String,
    client: Client,
}

impl Member {
    async fn registered(pack: &Pack, name: &str) -> Self {
        let client = ponte_testkit::connect(&pack.cluster.url("synapscale", "backend")).await;
        let id = text(
            &client,
            &format!("SELECT register_user('{name}@synapscale.example', '{name}', '{name}', '{HASH}')::text"),
        )
        .await;
        execute(&client, &format!("SET app.current_user_id = '{id}'")).await;
        let workspace = text(
            &client,
            &format!("SELECT create_workspace('{name}', '{name}')::text"),
        )
        .await;
        let agent = text(
            &client,
            &format!(
                "INSERT INTO agents (workspace_id, llm_id, name) VALUES ('{workspace}', (SELECT id FROM llms WHERE name = 'gpt-4o'), 'agent of {name}') RETURNING id::text"
            ),
        )
        .await;
        let conversation = text(
            &client,
            &format!(
                "INSERT INTO conversations (workspace_id, user_id, agent_id, title) VALUES ('{workspace}', '{id}', '{agent}', 'of {name}') RETURNING id::text"
            ),
        )
        .await;
        let member = Self {
            id,
            workspace,
            conversation,
            answer: String::new(),
            client,
        };
        member.says("user", "question").await;
        let answer = member.says("assistant", "answer").await;
        Self { answer, ..member }
    }

    /// Writes a message into the conversation; answers its id.
    async fn says(&self, role: &str, content: &str) -> String {
        let sql = format!(
            "INSERT INTO messages (workspace_id, conversation_id, role, content) VALUES ('{}', '{}', '{role}', '{content}') RETURNING id::text",
            self.workspace, self.conversation
        );
        text(&self.client, &sql).await
    }

    /// Logs what an answer used.
    fn uses(&self, message: &str, input: u32, output: u32) -> String {
        format!(
            "INSERT INTO usage_logs (workspace_id, message_id, llm_id, input_tokens, output_tokens, cost, currency) \
             VALUES ('{}', '{message}', (SELECT id FROM llms WHERE name = 'gpt-4o'), {input}, {output}, 0, 'XXX')",
            self.workspace
        )
    }
}
