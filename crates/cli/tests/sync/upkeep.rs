//! What a link tidies up, and what it says about what it costs.

use crate::support::{PERFIS, Project, number, text};

const ENTRIES: &str = "SELECT count(*) FROM ponte.entries_perfis";

/// AT-015: through the program, with nothing but a key of the configuration.
#[tokio::test]
async fn changelogs_of_a_link_without_retention_give_their_space_back() {
    let project = Project::with(PERFIS, &["perfis"], "retention = \"0s\"").await;
    project.json(&["sync", "init", "-y"]).await;
    let a = project.a().await;
    a.batch_execute("INSERT INTO perfis (nome) SELECT 'x' FROM generate_series(1, 60000)")
        .await
        .unwrap();
    let before = project.json(&["sync", "status"]).await;
    let bytes = |status: &serde_json::Value| {
        status["links"][0]["nodes"][0]["costs"]["changelog_bytes"]
            .as_i64()
            .unwrap()
    };
    assert!(bytes(&before) > 1_000_000, "{before}");
    project.json(&["sync", "once"]).await;
    assert_eq!(number(&a, ENTRIES).await, 0);
    let after = project.json(&["sync", "status"]).await;
    assert!(bytes(&after) < 100_000, "{after}");
    assert_eq!(
        number(&project.b().await, "SELECT count(*) FROM perfis").await,
        60_000
    );
}

/// Decided conflicts go, those that wait stay.
#[tokio::test]
async fn decided_conflicts_expire_and_parked_ones_do_not() {
    let project = Project::with(
        PERFIS,
        &["perfis"],
        "keep_conflicts = \"1d\"\nconflict = \"manual\"",
    )
    .await;
    let (a, b) = (project.a().await, project.b().await);
    for client in [&a, &b] {
        client
            .batch_execute("INSERT INTO perfis (id, nome, updated_at) VALUES (1, 'x', '2026-01-01'), (2, 'x', '2026-01-01')")
            .await
            .unwrap();
    }
    project.json(&["sync", "init", "-y"]).await;
    a.batch_execute("UPDATE perfis SET nome = 'a'").await.unwrap();
    b.batch_execute("UPDATE perfis SET nome = 'b'").await.unwrap();
    project.json(&["sync", "once"]).await;
    let conflicts = "SELECT count(*) FROM ponte.conflict";
    assert_eq!(number(&b, conflicts).await, 2);
    b.batch_execute(
        "DELETE FROM ponte.parked WHERE key_values = '{1}';
         UPDATE ponte.conflict SET winner = 'a' WHERE key_values = '{1}';
         UPDATE ponte.conflict SET found_at = found_at - interval '2 days'",
    )
    .await
    .unwrap();
    project.json(&["sync", "once"]).await;
    assert_eq!(number(&b, conflicts).await, 1, "the parked one stays");
    let left = "SELECT count(*) FROM ponte.conflict WHERE key_values = '{2}'";
    assert_eq!(number(&b, left).await, 1);
}

/// AT-042: a client whose clock is years ahead.
#[tokio::test]
async fn versions_from_the_future_are_counted_and_told() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    project
        .a()
        .await
        .batch_execute("INSERT INTO perfis (nome, updated_at) SELECT 'x', '2099-01-01' FROM generate_series(1, 3); INSERT INTO perfis (nome) VALUES ('y')")
        .await
        .unwrap();
    let output = project.run(&["sync", "once"]).await;
    let said = text(&output.stderr);
    assert!(
        said.contains("versions of perfis on \"a\" lie too far in the future"),
        "{said}"
    );
    for _ in 0..2 {
        let status = project.json(&["sync", "status"]).await;
        let future = &status["links"][0]["nodes"][0]["costs"]["future_versions"][0];
        assert_eq!(
            (&future["table"], &future["changes"]),
            (&"perfis".into(), &3.into()),
            "{status}"
        );
        assert!(
            future["newest"].as_str().unwrap().starts_with("2099-01-01"),
            "{status}"
        );
        let skew = status["links"][0]["clock_skew_ms"].as_f64().unwrap();
        assert!(skew.abs() < 1_000.0, "both servers have one clock: {status}");
        // Seen once, counted once.
        project.json(&["sync", "once"]).await;
    }
    let said = text(&project.run(&["sync", "status"]).await.stdout);
    assert!(
        said.contains("warning: 3 changes of perfis on a had versions too far in the future"),
        "{said}"
    );
}

/// Who holds what back, told to a plain role; and a peer that takes nothing.
#[tokio::test]
async fn status_names_what_holds_back_the_changelog_and_a_peer_that_is_gone() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    let a = project.a().await;
    let holder = project.pair.a.superuser("app").await;
    holder
        .batch_execute("SET application_name = 'relatorio'; BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO perfis (nome) VALUES ('tarde')")
        .await
        .unwrap();
    a.batch_execute("INSERT INTO perfis (nome) VALUES ('x'); UPDATE ponte.changelog1_perfis SET changed_at = now() - interval '3 days'")
        .await
        .unwrap();
    let status = project.json(&["sync", "status"]).await;
    let held = &status["links"][0]["nodes"][0]["costs"]["held_by"][0];
    assert_eq!(
        (&held["kind"], &held["name"]),
        (&"transaction".into(), &"relatorio".into()),
        "{status}"
    );
    assert!(
        held["pid"].as_i64().unwrap() > 0 && held["changelog_bytes"].as_i64().unwrap() > 0,
        "{status}"
    );
    let said = text(&project.run(&["sync", "status"]).await.stdout);
    assert!(said.contains("a transaction \"relatorio\" (pid "), "{said}");
    assert!(
        said.contains("changes of a have been waiting for 3d")
            && said.contains("ponte sync drop teste --node a"),
        "{said}"
    );
    holder.batch_execute("COMMIT").await.unwrap();
}

/// What is written wrongly in the file is told under its line.
#[tokio::test]
async fn a_retention_that_is_no_length_of_time_is_refused() {
    let project = Project::with(
        PERFIS,
        &["perfis"],
        "retention = \"bald\"\nkeep_conflicts = \"soon\"",
    )
    .await;
    let said = project.trouble(&["sync", "status"]).await;
    assert!(
        said.contains("retention") && said.contains("keep_conflicts") && said.contains("forever"),
        "{said}"
    );
}
