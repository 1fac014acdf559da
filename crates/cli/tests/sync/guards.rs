//! What stops a link before harm is done, as a person meets it.

use serde_json::Value;

use crate::support::{PERFIS, Project, number, text};

#[tokio::test]
async fn deletes_that_are_so_many_wait_for_a_yes() {
    let project = Project::with(PERFIS, &["perfis"], "max_delete = 5").await;
    let (a, b) = (project.a().await, project.b().await);
    a.batch_execute("INSERT INTO perfis (nome) SELECT 'x' FROM generate_series(1, 10)")
        .await
        .unwrap();
    project.json(&["sync", "init", "-y"]).await;
    a.batch_execute("DELETE FROM perfis WHERE id <= 15")
        .await
        .unwrap();
    let said = project.trouble(&["sync", "once"]).await;
    for part in [
        "sync.mass_delete",
        "rows of perfis on \"b\"",
        "ponte sync approve teste",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let said = project.trouble(&["sync", "approve", "teste"]).await;
    assert!(said.contains("perfis") && said.contains("DELETE on a"), "{said}");
    assert_eq!(number(&b, "SELECT count(*) FROM perfis").await, 10);
    let approved = project.json(&["sync", "approve", "teste", "-y"]).await;
    assert_eq!(
        approved["links"][0]["deletes"][0]["truncated"],
        Value::Bool(false)
    );
    project.json(&["sync", "once"]).await;
    assert_eq!(
        number(&b, "SELECT count(*) FROM perfis").await,
        number(&a, "SELECT count(*) FROM perfis").await
    );
    let nothing = project.run(&["sync", "approve"]).await;
    assert_eq!(text(&nothing.stdout), "link teste: nothing waits for approval\n");
}

#[tokio::test]
async fn identities_are_shown_and_settled() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    assert_eq!(
        project.json(&["sync", "identity", "a"]).await["at_home"],
        Value::Bool(true)
    );
    let a = project.a().await;
    a.batch_execute("UPDATE ponte.node SET database_oid = 1")
        .await
        .unwrap();
    let said = project.trouble(&["sync", "once"]).await;
    assert!(
        said.contains("sync.identity") && said.contains("ponte sync identity a --copy"),
        "{said}"
    );
    assert_eq!(
        project.json(&["sync", "identity", "a"]).await["at_home"],
        Value::Bool(false)
    );
    project.json(&["sync", "identity", "a", "--moved", "-y"]).await;
    project.json(&["sync", "once"]).await;
    let copy = project.json(&["sync", "identity", "a", "--copy", "-y"]).await;
    assert_eq!(copy["dropped"][0], "teste");
    assert!(
        project
            .trouble(&["sync", "once"])
            .await
            .contains("sync.not_ready")
    );
}

#[tokio::test]
async fn reconciling_says_what_comes_back_before_it_asks() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    let b = project.b().await;
    b.batch_execute(
        "ALTER TABLE perfis DISABLE TRIGGER ponte_insert; INSERT INTO perfis (nome) VALUES ('x'); ALTER TABLE perfis ENABLE TRIGGER ponte_insert",
    )
    .await
    .unwrap();
    let said = project.trouble(&["sync", "once"]).await;
    assert!(
        said.contains("sync.capture_gap") && said.contains("ponte sync reconcile teste"),
        "{said}"
    );
    let said = project.trouble(&["sync", "reconcile"]).await;
    for part in ["only on b", "usage.unconfirmed"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let done = project.json(&["sync", "reconcile", "-y"]).await;
    assert_eq!(done["links"][0]["rows_written"], 1);
    assert_eq!(number(&project.a().await, "SELECT count(*) FROM perfis").await, 1);
    project.json(&["sync", "once"]).await;
}
