//! Conflicts as a person meets them: listed, shown, decided; and what is said to wrong numbers.

use crate::support::{PERFIS, Project, number, text};

const BOTH_CHANGED: [&str; 2] = [
    "UPDATE perfis SET nome = 'de a, com um texto bem mais longo do que cabe em meia linha de um terminal' WHERE id = 1; DELETE FROM perfis WHERE id = 2",
    "UPDATE perfis SET nome = 'de b' WHERE id = 1; UPDATE perfis SET saldo = 5 WHERE id = 2",
];

async fn in_conflict(rules: &str) -> Project {
    let project = Project::with(PERFIS, &["perfis"], rules).await;
    let a = project.a().await;
    a.batch_execute("INSERT INTO perfis (nome) VALUES ('um'), ('dois')")
        .await
        .unwrap();
    project.json(&["sync", "init", "-y"]).await;
    a.batch_execute(BOTH_CHANGED[0]).await.unwrap();
    project.b().await.batch_execute(BOTH_CHANGED[1]).await.unwrap();
    project.json(&["sync", "once"]).await;
    project
}

/// AT-045: a person sees what is parked, decides it, and both sides are equal with the next pass.
#[tokio::test]
async fn parked_rows_are_counted_shown_and_decided() {
    let project = in_conflict("conflict = \"manual\"").await;
    let status = project.json(&["sync", "status"]).await;
    assert_eq!(status["links"][0]["parked"], 2);
    let said = text(&project.run(&["sync", "status"]).await.stdout);
    assert!(said.contains("parked: 2 rows wait for a decision"), "{said}");

    let diff = project.run(&["sync", "diff"]).await;
    assert_eq!(diff.status.code(), Some(1));
    let said = text(&diff.stdout);
    assert!(said.contains("(1) is parked as conflict b:"), "{said}");
    assert!(said.contains("different only in parked rows"), "{said}");

    let listed = project.json(&["sync", "conflicts", "teste", "--parked"]).await;
    let conflicts = listed["conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 2);
    for conflict in conflicts {
        assert_eq!(
            (&conflict["state"], &conflict["winner"]),
            (&"parked".into(), &serde_json::Value::Null)
        );
        let number = format!("b:{}", conflict["id"]);
        let shown = text(&project.run(&["sync", "conflicts", "show", &number]).await.stdout);
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        assert!(
            shown.contains(&format!("ponte sync resolve {number} --keep a")),
            "{shown}"
        );
        let refused = project
            .trouble(&["sync", "resolve", &number, "--keep", "a"])
            .await;
        assert!(refused.contains("cannot ask for a confirmation"), "{refused}");
        let done = project
            .json(&["sync", "resolve", &number, "--keep", "a", "-y"])
            .await;
        assert_eq!(done["resolved"], true);
    }
    project.json(&["sync", "once"]).await;
    assert_eq!(project.json(&["sync", "diff"]).await["equal"], true);
    assert_eq!(number(&project.b().await, "SELECT count(*) FROM perfis").await, 1);
    assert_eq!(project.json(&["sync", "status"]).await["links"][0]["parked"], 0);
}

#[tokio::test]
async fn what_cannot_be_decided_is_refused_with_the_way_on() {
    let project = in_conflict("conflict = \"b wins\"").await;
    let a_won = [
        (vec!["conflicts", "show", "b:9"], "there is no conflict b:9"),
        (
            vec!["conflicts", "show", "c:1"],
            "no link in question has a node \"c\"",
        ),
        (vec!["conflicts", "show", "b"], "\"b\" names no conflict"),
        (
            vec!["resolve", "9", "--keep", "a", "-y"],
            "there is no conflict 9",
        ),
        (
            vec!["resolve", "b:1", "--keep", "c", "-y"],
            "is between \"b\" and \"a\", not \"c\"",
        ),
        (
            vec!["resolve", "b:1", "--keep", "b", "-y"],
            "was decided for \"b\" already",
        ),
    ];
    for (arguments, words) in a_won {
        let said = project.trouble(&[vec!["sync"], arguments].concat()).await;
        assert!(said.contains(words), "{said}");
    }
    let done = project.json(&["sync", "resolve", "1", "--keep", "a", "-y"]).await;
    assert_eq!((&done["node"], &done["kept"]), (&"b".into(), &"a".into()));
    let said = project
        .trouble(&["sync", "resolve", "1", "--keep", "a", "-y"])
        .await;
    assert!(said.contains("conflict b:1 is resolved already"), "{said}");
    project.json(&["sync", "once"]).await;
    assert_eq!(project.json(&["sync", "diff"]).await["equal"], true);
}

/// AT-032: two people change two columns of one row, and a person sees from where each came.
#[tokio::test]
async fn merged_rows_are_listed_and_shown_column_by_column() {
    let project = in_conflict("conflict = \"merge\"").await;
    let listed = text(&project.run(&["sync", "conflicts"]).await.stdout);
    assert!(listed.contains("b won") || listed.contains("a won"), "{listed}");
    let (a, b) = (project.a().await, project.b().await);
    a.batch_execute("UPDATE perfis SET nome = 'novo' WHERE id = 1")
        .await
        .unwrap();
    b.batch_execute("UPDATE perfis SET saldo = 12 WHERE id = 1")
        .await
        .unwrap();
    project.json(&["sync", "once"]).await;
    assert_eq!(project.json(&["sync", "diff"]).await["equal"], true);
    assert_eq!(
        number(
            &b,
            "SELECT count(*) FROM perfis WHERE nome = 'novo' AND saldo = 12"
        )
        .await,
        1
    );
    let listed = project.json(&["sync", "conflicts"]).await;
    let merged: Vec<_> = listed["conflicts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["winner"] == "merged")
        .collect();
    assert_eq!(merged.len(), 1, "{listed}");
    let shown = project
        .run(&["sync", "conflicts", "show", &format!("b:{}", merged[0]["id"])])
        .await;
    let shown = text(&shown.stdout);
    assert!(shown.contains("outcome: merged"), "{shown}");
    let from = |column: &str| {
        let line = shown.lines().find(|l| l.contains(column)).unwrap_or_default();
        line.split_whitespace().last().map(str::to_owned)
    };
    assert!(shown.contains("merged from"), "{shown}");
    assert_eq!(
        (from("nome").as_deref(), from("saldo").as_deref()),
        (Some("a"), Some("b")),
        "{shown}"
    );
    assert_eq!(
        project.json(&["sync", "init", "-y"]).await["links"][0]["changed"],
        false
    );
}
