//! `ponte docs` from outside: what is told, that it is told the same way twice, and that nothing comes from elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use ponte_testkit::TestCluster;

fn ponte(directory: &Path, url: &str, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ponte"))
        .args(args)
        .current_dir(directory)
        .env_clear()
        .env("DATABASE_URL", url)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said
}

/// Every file below a directory, by its name.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let (path, name) = entry
            .map(|e| (e.path(), e.file_name().into_string().unwrap()))
            .unwrap();
        if path.is_dir() {
            found.extend(
                files(&path)
                    .into_iter()
                    .map(|(file, text)| (format!("{name}/{file}"), text)),
            );
        } else {
            found.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    found
}

const SCHEMA: &str = "-- UP operations
CREATE TYPE state AS ENUM ('open', 'done');
CREATE TABLE teams (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE \"Users & co\" (zeta bigint PRIMARY KEY, team_id integer REFERENCES teams, alpha text DEFAULT '<b>', boss bigint REFERENCES \"Users & co\");
COMMENT ON TABLE \"Users & co\" IS 'People | robots <script>';
CREATE TABLE tasks (id integer PRIMARY KEY, owner bigint NOT NULL REFERENCES \"Users & co\", state state NOT NULL, CHECK (id > 0));
CREATE INDEX tasks_open ON tasks (owner) WHERE state = 'open';
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tasks USING (owner = 1);
CREATE TABLE log (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE VIEW open_tasks AS SELECT * FROM tasks WHERE state = 'open';
GRANT SELECT ON tasks TO viewer;
";

#[tokio::test]
async fn a_schema_is_told_the_same_way_from_the_database_and_from_its_migrations() {
    let cluster = TestCluster::start().await;
    let url = cluster.create_database("app", "app").await;
    cluster.create_role("viewer", "").await;
    let project = tempfile::tempdir().unwrap();
    let migrations = project.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    fs::write(migrations.join("001_all.sql"), SCHEMA).unwrap();
    ponte(project.path(), &url, &["migrate", "up"]);

    ponte(project.path(), &url, &["docs", "--out", "live"]);
    ponte(project.path(), &url, &["docs", "--out", "shadow", "--migrations"]);
    let live = files(&project.path().join("live"));
    let shadow = files(&project.path().join("shadow"));
    // The replaying role is a superuser there, so that only the page about roles may differ.
    for (file, text) in &live {
        if file != "access.html" {
            assert_eq!(shadow.get(file), Some(text), "{file}");
        }
    }
    // Without a server that knows it, the role of the GRANT is made.
    let nowhere = "postgres://nobody@127.0.0.1:9/nothing";
    ponte(
        project.path(),
        nowhere,
        &["docs", "--out", "alone", "--migrations"],
    );
    let alone = files(&project.path().join("alone"));
    assert!(alone["access.html"].contains("<th scope=\"col\">viewer</th>"));
    everything_is_told(&live);
    every_link_leads_somewhere(&live);

    // A table that is gone is no longer told; what somebody else put there stays.
    fs::write(project.path().join("live/mine.txt"), "mine").unwrap();
    ponte_testkit::connect(&url)
        .await
        .batch_execute("DROP TABLE log")
        .await
        .unwrap();
    ponte(project.path(), &url, &["docs", "--out", "live"]);
    let after = files(&project.path().join("live"));
    assert!(!after.contains_key("tables/public.log.html") && after.contains_key("mine.txt"));

    ponte(
        project.path(),
        &url,
        &["docs", "--out", "md", "--format", "markdown", "--sizes"],
    );
    let markdown = files(&project.path().join("md"));
    assert!(
        markdown["README.md"].contains("People \\| robots"),
        "{}",
        markdown["README.md"]
    );
    assert!(markdown["tables/public.tasks.svg"].contains("prefers-color-scheme"));
    let mermaid = &markdown["schema.mmd"];
    assert!(
        mermaid.contains("teams ||--o{ Users___co : \"team_id\""),
        "{mermaid}"
    );
}

fn everything_is_told(live: &BTreeMap<String, String>) {
    let users = "tables/public.~55~sers~20~~26~~20~co.html";
    let page = &live[users];
    assert!(
        page.contains("People | robots &lt;script&gt;") && !page.contains("<script"),
        "{page}"
    );
    assert!(
        page.find("<code>zeta</code>") < page.find("<code>alpha</code>"),
        "columns stand in their order"
    );
    assert!(page.contains("href=\"public.teams.html\"") && page.contains("href=\"public.tasks.html\""));
    let tasks = &live["tables/public.tasks.html"];
    for told in [
        "tasks_open",
        "CHECK ((id &gt; 0))",
        "owner = 1",
        "<svg",
        "row security",
    ] {
        assert!(tasks.contains(told), "{told}: {tasks}");
    }
    assert!(live["tables/public.log.html"].contains("log_2025"));
    assert!(
        !live.contains_key("tables/public.log_2025.html"),
        "a partition is told with its table"
    );
    assert!(live["objects.html"].contains("open_tasks"));
    let access = &live["access.html"];
    assert!(
        access.contains("<th scope=\"col\">viewer</th>") && access.contains("<code>r</code>"),
        "{access}"
    );
    for (file, text) in live {
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("http://") && !text.contains("https://") && !text.contains("<script"),
            "{file}"
        );
    }
}

fn every_link_leads_somewhere(pages: &BTreeMap<String, String>) {
    for (file, text) in pages {
        for link in text
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            let target = match (link.strip_prefix("../"), file.split_once('/')) {
                (Some(up), _) => up.to_owned(),
                (None, Some((directory, _))) => format!("{directory}/{link}"),
                (None, None) => link.to_owned(),
            };
            assert!(
                link.starts_with('#') || pages.contains_key(&target),
                "{file} links to {link}"
            );
        }
    }
}
