//! `ponte sync run`: schedules, signals, and servers that go away for a while.

use std::process::{Child, ExitStatus};
use std::time::Duration;

use ponte_testkit::eventually;

use crate::support::{PERFIS, Project, number};

const PATIENCE: Duration = Duration::from_secs(30);

async fn ended(mut child: Child) -> ExitStatus {
    tokio::task::spawn_blocking(move || child.wait().unwrap())
        .await
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

async fn state_is(project: &Project, state: &str) -> serde_json::Value {
    eventually(PATIENCE, &format!("the link to be {state}"), || async {
        let status = project.json(&["sync", "status"]).await;
        (status["links"][0]["state"] == state).then_some(status)
    })
    .await
}

async fn rows_arrive(project: &Project, rows: i64) {
    let b = project.b().await;
    eventually(PATIENCE, &format!("{rows} rows on b"), || async {
        (number(&b, "SELECT count(*) FROM perfis").await == rows).then_some(())
    })
    .await;
}

/// AT-161: intervals, cron expressions, continuous.
#[tokio::test]
async fn every_schedule_carries_changes_and_ends_on_sigterm() {
    for every in ["continuous", "1s", "* * * * * *"] {
        let project = Project::with(PERFIS, &["perfis"], &format!("every = \"{every}\"")).await;
        project.json(&["sync", "init", "-y"]).await;
        let child = project.start();
        let a = project.a().await;
        a.batch_execute("INSERT INTO perfis (nome) VALUES ('um')")
            .await
            .unwrap();
        rows_arrive(&project, 1).await;
        a.batch_execute("INSERT INTO perfis (nome) VALUES ('dois')")
            .await
            .unwrap();
        rows_arrive(&project, 2).await;
        let status = project.json(&["sync", "status"]).await;
        assert_eq!(status["links"][0]["state"], "running", "{every}: {status}");
        assert_eq!(status["links"][0]["pid"], child.id());
        signal(&child, "-TERM");
        assert!(ended(child).await.success(), "{every}");
        assert_eq!(
            project.json(&["sync", "status"]).await["links"][0]["state"],
            "idle"
        );
    }
}

/// AT-161: started by hand meanwhile.
#[tokio::test]
async fn a_second_process_is_refused_while_the_first_runs() {
    let project = Project::with(PERFIS, &["perfis"], "every = \"continuous\"").await;
    project.json(&["sync", "init", "-y"]).await;
    let child = project.start();
    state_is(&project, "running").await;
    let said = project.trouble(&["sync", "run"]).await;
    assert!(
        said.contains("[sync.overtaken]") && said.contains(&child.id().to_string()),
        "{said}"
    );
    signal(&child, "-INT");
    assert!(ended(child).await.success());
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for_and_status_says_so() {
    let project = Project::with(PERFIS, &["perfis"], "every = \"continuous\"").await;
    project.json(&["sync", "init", "-y"]).await;
    let child = project.start();
    let a = project.a().await;
    a.batch_execute("INSERT INTO perfis (nome) VALUES ('antes')")
        .await
        .unwrap();
    rows_arrive(&project, 1).await;
    project.pair.b.stop_immediate().await;
    a.batch_execute("INSERT INTO perfis (nome) VALUES ('durante')")
        .await
        .unwrap();
    let status = state_is(&project, "retrying").await;
    assert!(
        status["links"][0]["reason"].as_str().unwrap().contains("conn."),
        "{status}"
    );
    assert_eq!(status["links"][0]["nodes"][0]["pending"], 1);
    assert!(status["links"][0]["nodes"][1]["unreachable"].is_string());
    project.pair.b.restart().await;
    rows_arrive(&project, 2).await;
    signal(&child, "-TERM");
    assert!(ended(child).await.success());
}

#[tokio::test]
async fn drift_stops_a_running_link_with_a_reason_and_it_goes_on_by_itself() {
    let project = Project::with(PERFIS, &["perfis"], "every = \"1s\"").await;
    project.json(&["sync", "init", "-y"]).await;
    let child = project.start();
    state_is(&project, "running").await;
    let (a, b) = (project.a().await, project.b().await);
    a.batch_execute(
        "ALTER TABLE perfis ADD COLUMN bio text; INSERT INTO perfis (nome, bio) VALUES ('x', 'y')",
    )
    .await
    .unwrap();
    let status = state_is(&project, "stopped").await;
    let reason = status["links"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("perfis has column bio on a but not on b"),
        "{reason}"
    );
    b.batch_execute("ALTER TABLE perfis ADD COLUMN bio text")
        .await
        .unwrap();
    rows_arrive(&project, 1).await;
    assert_eq!(number(&b, "SELECT count(*) FROM perfis WHERE bio = 'y'").await, 1);
    signal(&child, "-TERM");
    assert!(ended(child).await.success());
}
