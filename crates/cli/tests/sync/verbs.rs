//! The commands in the order in which a user meets them.

use crate::support::{PERFIS, Project, number, text};

/// Everything that a link could leave behind. The schemas of temporary tables stay in any database that had one.
const OBJECTS: &str = r"
    SELECT (SELECT count(*) FROM pg_class) + (SELECT count(*) FROM pg_proc) + (SELECT count(*) FROM pg_trigger)
         + (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%temp\_%')";

#[tokio::test]
async fn a_link_lives_from_init_to_drop() {
    let project = Project::with(PERFIS, &["perfis"], "every = \"5m\"").await;
    let (a, b) = (project.a().await, project.b().await);
    let before = (number(&a, OBJECTS).await, number(&b, OBJECTS).await);
    a.batch_execute("INSERT INTO perfis (nome) SELECT 'a' || g FROM generate_series(1, 100) g")
        .await
        .unwrap();

    let initialised = project.json(&["sync", "init", "-y"]).await;
    assert_eq!(initialised["links"][0]["rows_copied"], 100);
    assert_eq!(
        initialised["links"][0]["guarded_triggers"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        project.json(&["sync", "init"]).await["links"][0]["changed"],
        false
    );

    a.batch_execute("UPDATE perfis SET saldo = 1 WHERE id <= 10")
        .await
        .unwrap();
    b.batch_execute("UPDATE perfis SET saldo = 2 WHERE id = 5; INSERT INTO perfis (nome) VALUES ('b')")
        .await
        .unwrap();
    let status = project.json(&["sync", "status"]).await;
    assert_eq!(status["links"][0]["state"], "idle");
    assert_eq!(status["links"][0]["nodes"][0]["pending"], 10);
    assert_eq!(status["links"][0]["nodes"][1]["pending"], 2);
    let waiting = number(&a, "SELECT count(*) FROM perfis_changelog WHERE synced = FALSE").await;
    assert_eq!(waiting, 10);

    let pass = project.json(&["sync", "once"]).await;
    let directions = &pass["links"][0]["directions"];
    assert_eq!(directions[0]["upserts"], 9);
    assert_eq!(directions[0]["conflicts"], 1);
    assert_eq!(directions[1]["upserts"], 2);
    assert_eq!(
        number(&a, "SELECT count(*) FROM perfis_changelog WHERE synced = FALSE").await,
        0
    );
    assert_eq!(number(&a, "SELECT saldo FROM perfis WHERE id = 5").await, 2);

    let diff = project.json(&["sync", "diff"]).await;
    assert_eq!(diff["equal"], true);
    assert_eq!(diff["links"][0]["tables"][0]["rows"]["b"], 101);
    let listed = project.json(&["sync", "conflicts"]).await;
    assert_eq!(listed["conflicts"][0]["kind"], "update_origin_differs");
    let shown = project.run(&["sync", "conflicts", "show", "b:1"]).await;
    assert!(text(&shown.stdout).contains("saldo"), "{}", text(&shown.stdout));

    probe_both_ways(&project).await;

    let dropped = project.json(&["sync", "drop", "-y"]).await;
    assert_eq!(dropped["links"].as_array().unwrap().len(), 2);
    assert_eq!(
        (number(&a, OBJECTS).await, number(&b, OBJECTS).await),
        before,
        "drop left something behind"
    );
    assert_eq!(
        project.json(&["sync", "drop", "-y"]).await["links"][0]["dropped"],
        false
    );
}

async fn probe_both_ways(project: &Project) {
    for from in ["a", "b"] {
        let probed = project.json(&["sync", "probe", "teste", "--from", from]).await;
        assert!(probed["arrived_after_ms"].as_f64().unwrap() > 0.0);
    }
    let rows = number(&project.b().await, "SELECT count(*) FROM perfis").await;
    assert_eq!(rows, 101, "a probe row stayed behind");
}

#[tokio::test]
async fn a_difference_is_found_and_ends_with_one() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project
        .a()
        .await
        .batch_execute("INSERT INTO perfis (nome) SELECT 'a' || g FROM generate_series(1, 50) g")
        .await
        .unwrap();
    project.json(&["sync", "init", "-y"]).await;
    let superuser = project.pair.b.superuser("app").await;
    superuser
        .batch_execute("SET session_replication_role = replica; UPDATE perfis SET saldo = 99 WHERE id = 7; DELETE FROM perfis WHERE id = 8")
        .await
        .unwrap();
    let output = project.run(&["sync", "diff"]).await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains("(7) differs") && said.contains("(8) is missing on b"),
        "{said}"
    );
}

/// AT-160: paused and resumed.
#[tokio::test]
async fn a_paused_link_captures_and_goes_on_afterwards() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    project.json(&["sync", "pause"]).await;
    project
        .a()
        .await
        .batch_execute("INSERT INTO perfis (nome) VALUES ('x')")
        .await
        .unwrap();
    assert_eq!(
        project.json(&["sync", "once"]).await["links"][0]["state"],
        "paused"
    );
    assert_eq!(
        project.json(&["sync", "status"]).await["links"][0]["state"],
        "paused"
    );
    assert_eq!(number(&project.b().await, "SELECT count(*) FROM perfis").await, 0);
    project.json(&["sync", "resume"]).await;
    assert_eq!(
        project.json(&["sync", "once"]).await["links"][0]["directions"][0]["upserts"],
        1
    );
}
