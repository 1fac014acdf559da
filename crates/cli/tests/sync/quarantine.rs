//! Rows that one side refuses, as a user meets them.

use serde_json::Value;

use crate::support::{Project, number, text};

const PERFIS: &str = "CREATE TABLE perfis (id int PRIMARY KEY, email text UNIQUE, updated_at timestamptz DEFAULT clock_timestamp())";

async fn listed(project: &Project) -> Vec<Value> {
    let listed = project.json(&["sync", "quarantine", "teste"]).await;
    listed["quarantine"].as_array().unwrap().clone()
}

/// AT-148: set aside, listed, shown, mended and replayed, while the other rows went on.
#[tokio::test]
async fn a_clash_of_unique_values_is_listed_shown_mended_and_tried_again() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    let (a, b) = (project.a().await, project.b().await);
    a.batch_execute("INSERT INTO perfis VALUES (1, 'mesmo@exemplo.br'), (2, 'so@a.br')")
        .await
        .unwrap();
    b.batch_execute("INSERT INTO perfis VALUES (3, 'mesmo@exemplo.br')")
        .await
        .unwrap();

    let once = project.run(&["sync", "once"]).await;
    assert_eq!(once.status.code(), Some(1), "{}", text(&once.stderr));
    let said = text(&once.stdout) + &text(&once.stderr);
    assert!(
        said.contains("1 refused") && said.contains("ponte sync quarantine teste"),
        "{said}"
    );
    assert!(!said.contains("mesmo@"), "a row's value was printed:\n{said}");
    assert_eq!(
        number(&b, "SELECT count(*) FROM perfis").await,
        2,
        "the other row did not arrive"
    );

    let status = project.json(&["sync", "status"]).await;
    assert_eq!(status["links"][0]["quarantined"], 2);
    let entries = listed(&project).await;
    assert_eq!(entries.len(), 2);
    let at_b = entries.iter().find(|e| e["node"] == "b").unwrap();
    assert_eq!(at_b["constraint"], "perfis_email_key");
    assert_eq!(at_b["kind"], "insert_exists");
    let row = format!("b:{}", at_b["id"]);
    let shown = text(&project.run(&["sync", "quarantine", "show", &row]).await.stdout);
    for part in ["insert_exists", "perfis_email_key", "mesmo@exemplo.br", "from a"] {
        assert!(shown.contains(part), "{part:?} is not in:\n{shown}");
    }

    b.batch_execute(
        "UPDATE perfis SET email = 'outro@exemplo.br', updated_at = clock_timestamp() WHERE id = 3",
    )
    .await
    .unwrap();
    let due = project.json(&["sync", "quarantine", "retry", "--all"]).await;
    assert_eq!(due["due"], 2);
    project.json(&["sync", "once"]).await;
    assert!(listed(&project).await.is_empty());
    assert_eq!(project.json(&["sync", "diff"]).await["equal"], true);
}

#[tokio::test]
async fn a_row_that_is_given_up_goes_to_the_conflicts_and_both_sides_agree() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    let (a, b) = (project.a().await, project.b().await);
    a.batch_execute("INSERT INTO perfis VALUES (1, 'antes')")
        .await
        .unwrap();
    project.json(&["sync", "once"]).await;
    b.batch_execute("ALTER TABLE perfis ADD CHECK (email <> 'mau')")
        .await
        .unwrap();
    a.batch_execute("UPDATE perfis SET email = 'mau', updated_at = clock_timestamp(); INSERT INTO perfis VALUES (2, 'bom')")
        .await
        .unwrap();
    assert_eq!(project.run(&["sync", "once"]).await.status.code(), Some(1));
    let row = format!("b:{}", listed(&project).await[0]["id"]);

    let said = project.trouble(&["sync", "quarantine", "discard", &row]).await;
    assert!(said.contains("[usage.unconfirmed]"), "{said}");
    let discarded = project.json(&["sync", "quarantine", "discard", &row, "-y"]).await;
    assert_eq!(discarded["discarded"][0], row.as_str());
    project.json(&["sync", "once"]).await;
    assert_eq!(project.json(&["sync", "diff"]).await["equal"], true);
    assert_eq!(
        number(&a, "SELECT count(*) FROM perfis WHERE email = 'antes'").await,
        1
    );
    let kept = project.json(&["sync", "conflicts"]).await;
    assert_eq!(kept["conflicts"][0]["kind"], "given_up");
    assert_eq!(kept["conflicts"][0]["there"]["row"][1][1], "mau");
}

#[tokio::test]
async fn a_refused_row_that_is_not_there_is_no_crash() {
    let project = Project::with(PERFIS, &["perfis"], "").await;
    project.json(&["sync", "init", "-y"]).await;
    for verb in ["show", "retry", "discard"] {
        let said = project.trouble(&["sync", "quarantine", verb, "b:7"]).await;
        assert!(said.contains("no refused row b:7"), "{said}");
    }
    let empty = text(&project.run(&["sync", "quarantine"]).await.stdout);
    assert_eq!(empty, "no refused rows\n");
}
