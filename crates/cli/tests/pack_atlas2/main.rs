//! The pack atlas2 on a real server, used as its application would use it and run as its operator would run it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

#[path = "../packs/mod.rs"]
mod packs;

mod csv;
mod limits;
mod maintenance;
mod plans;
mod schema;
mod tenants;

use std::process::Command;

use tokio_postgres::Client;

use packs::{Pack, execute, output, text};

const ROLES: [&str; 2] = ["atlas2_app", "atlas2_readonly"];
/// What an argon2 library prints, in shape.
const HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo";

/// The application's session of a tenant with an API, a mapping and rules.
struct Tenant {
    id: String,
    client: Client,
}

impl Tenant {
    /// Registers `name` and configures what it needs to load orders.
    async fn registered(pack: &Pack, login: &str, name: &str) -> Self {
        let client = ponte_testkit::connect(&pack.cluster.url("atlas2", login)).await;
        let register = format!("SELECT register_user('{name}@atlas2.example', '{HASH}', '{name}')::text");
        let id = text(&client, &register).await;
        execute(&client, &format!("SET app.current_user_id = '{id}'")).await;
        let tenant = Self { id, client };
        let api = tenant
            .insert(&format!(
                "INSERT INTO api_configurations (user_id, name, base_url) VALUES ('{}', 'crm of {name}', 'https://crm.example')",
                tenant.id
            ))
            .await;
        let fields = [
            "'id', 'integer', true, NULL, NULL",
            "'name', 'text', true, 40, NULL",
            "'email', 'email', false, 254, NULL",
            "'amount', 'number', false, NULL, NULL",
            "'day', 'date', false, NULL, NULL",
            "'state', 'text', false, NULL, '{open,paid}'",
        ];
        for (position, field) in (1..).zip(fields) {
            let sql = format!(
                "INSERT INTO api_fields (user_id, api_configuration_id, position, name, data_type, is_required, max_length, allowed_values) \
                 VALUES ('{}', '{api}', {position}, {field})",
                tenant.id
            );
            execute(&tenant.client, &sql).await;
        }
        let mapping = tenant
            .insert(&format!(
                "INSERT INTO mapping_configurations (user_id, api_configuration_id, name, field_mappings) VALUES ('{}', '{api}', 'orders', \
                 '{{\"id\": \"Nr\", \"name\": \"Name\", \"email\": \"E-mail\", \"amount\": \"Amount\", \"day\": \"Day\"}}')",
                tenant.id
            ))
            .await;
        let rules = [
            "'name', 'trim', '{}'",
            "'email', 'lower', '{}'",
            "'day', 'date', '{\"format\": \"DD/MM/YYYY\"}'",
            "'state', 'default', '{\"value\": \"open\"}'",
        ];
        for rule in rules {
            let sql = format!(
                "INSERT INTO transformation_rules (user_id, mapping_configuration_id, target_field, rule_type, parameters) VALUES ('{}', '{mapping}', {rule})",
                tenant.id
            );
            execute(&tenant.client, &sql).await;
        }
        tenant
    }

    /// Inserts one row; answers its id.
    async fn insert(&self, sql: &str) -> String {
        text(&self.client, &format!("{sql} RETURNING id::text")).await
    }

    /// Uploads a file and makes a job for it; answers the job.
    async fn job(&self, name: &str, content: &[u8], options: &str) -> String {
        let file = format!(
            "INSERT INTO file_data (user_id, file_name, content, delimiter, encoding) SELECT '{}', '{name}', $1, {options} RETURNING id::text",
            self.id
        );
        let file: String = self.client.query_one(&file, &[&content]).await.unwrap().get(0);
        let mapping = "(SELECT id FROM mapping_configurations)";
        self.insert(&format!(
            "INSERT INTO processing_jobs (user_id, file_id, mapping_configuration_id) VALUES ('{}', '{file}', {mapping})",
            self.id
        ))
        .await
    }
}

/// With the schema, the roles, and two logins of the application's and one of the reports'.
async fn atlas2() -> Pack {
    let pack = Pack::migrated("atlas2", &ROLES).await;
    pack.login("web", "atlas2_app").await;
    pack.login("reports", "atlas2_readonly").await;
    pack
}

/// Runs the pack's loader; answers its exit code and all that it said.
async fn load(pack: &Pack, tenant: &Tenant, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(pack.path().join("bin/load-csv"));
    command.args(["--user", &tenant.id]).args(arguments);
    command
        .env("DATABASE_URL", pack.cluster.url("atlas2", "web"))
        .current_dir(pack.path());
    let run = output(command).await;
    let said = [run.stdout, run.stderr].concat();
    (
        run.status.code().unwrap(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}
