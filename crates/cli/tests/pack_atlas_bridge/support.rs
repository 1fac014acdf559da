//! Copies of both packs beside two servers.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use ponte_testkit::{Pair, TestCluster, TestClusterBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::Client;

pub(crate) struct Pack {
    // The servers end when it goes.
    _pair: Pair,
    directory: TempDir,
    pub(crate) bridge: Client,
    pub(crate) painel: Client,
    pub(crate) bridge_url: String,
}

impl Pack {
    /// As the packs lie in the repository, with addresses in `.env`, and the bot's old database of which no tool knows.
    pub(crate) async fn with_old_bridge() -> Self {
        Self::on(TestCluster::builder()).await
    }

    /// The same on servers with these settings.
    pub(crate) async fn on(builder: TestClusterBuilder) -> Self {
        let pair = Pair::start_from(builder, "atlas", "master").await;
        let directory = tempfile::tempdir().unwrap();
        for pack in ["atlas-bridge", "atlas-painel"] {
            let target = directory.path().join(pack);
            copy(
                &Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("../../packs")
                    .join(pack),
                &target,
            );
            let env = format!(
                "ATLAS_BRIDGE_URL={}\nATLAS_PAINEL_URL={}\n",
                pair.url_a, pair.url_b
            );
            std::fs::write(target.join(".env"), env).unwrap();
        }
        let (bridge, painel) = tokio::join!(
            ponte_testkit::connect(&pair.url_a),
            ponte_testkit::connect(&pair.url_b)
        );
        let pack = Self {
            bridge_url: pair.url_a.clone(),
            _pair: pair,
            directory,
            bridge,
            painel,
        };
        let old = pack
            .directory
            .path()
            .join("atlas-bridge/migrations/001_structure_of_the_bot.sql");
        execute(&pack.bridge, &std::fs::read_to_string(old).unwrap()).await;
        pack
    }

    /// The old database taken over and upgraded.
    pub(crate) async fn upgrade(&self) {
        self.json(&["--node", "bridge", "migrate", "stamp", "001"]).await;
        let up = self.json(&["--node", "bridge", "migrate", "up"]).await;
        assert_eq!(up["applied"].as_array().unwrap().len(), 6, "{up}");
    }

    /// With the link.
    pub(crate) async fn link(&self) {
        self.json_in("atlas-painel", &["migrate", "up"]).await;
        self.json(&["sync", "init", "-y"]).await;
    }

    async fn run_in(&self, pack: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
        command
            .arg("-C")
            .arg(self.directory.path().join(pack))
            .args(arguments);
        command.env_clear().stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    async fn json_in(&self, pack: &str, arguments: &[&str]) -> Value {
        let output = self
            .run_in(pack, &[arguments, &["--output", "json"]].concat())
            .await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a command that must succeed and print one JSON document.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        self.json_in("atlas-bridge", arguments).await
    }

    /// One pass that must set so many rows aside; answers how many rows it wrote in either direction.
    pub(crate) async fn once(&self, refused: u64) -> [u64; 2] {
        let output = self
            .run_in("atlas-bridge", &["sync", "once", "--output", "json"])
            .await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(i32::from(refused > 0)), "{stderr}");
        let pass: Value = serde_json::from_slice(&output.stdout).unwrap();
        let directions = &pass["links"][0]["directions"];
        let of = |n: usize, what: &str| directions[n][what].as_u64().unwrap();
        assert_eq!(of(0, "quarantined") + of(1, "quarantined"), refused, "{pass}");
        [0, 1].map(|n| of(n, "upserts") + of(n, "deletes"))
    }

    pub(crate) async fn assert_equal(&self) {
        let diff = self.json(&["sync", "diff"]).await;
        assert_eq!(diff["equal"], true, "{diff}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

pub(crate) async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// The rows of a query, each as text, or nothing.
pub(crate) async fn lines(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| row.get::<_, Option<String>>(0).unwrap_or_default())
        .collect()
}

pub(crate) async fn execute(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap();
}
