//! A project of three nodes: what one that is away, or gone, means for the others.

use std::time::Duration;

use ponte_testkit::eventually;
use serde_json::Value;
use tokio_postgres::Client;

use crate::support::{Project, number, text};

const NOTA: &str = "CREATE TABLE nota (id int PRIMARY KEY, texto text)";

/// `b` in the middle of nothing: `a` has a link to `b` on another server and one to `c` on its own.
async fn three_nodes() -> (Project, Client) {
    let project = Project::with(NOTA, &["nota"], "every = \"continuous\"").await;
    let url = project.pair.a.create_database("terceiro", "dono").await;
    let c = ponte_testkit::connect(&url).await;
    c.batch_execute(NOTA).await.unwrap();
    let path = project.directory.path().join("ponte.toml");
    let first = std::fs::read_to_string(&path).unwrap();
    let more = format!(
        "[nodes.c]\nurl = \"{url}\"\n\n[[links]]\nname = \"outro\"\nbetween = [\"c\", \"a\"]\nevery = \"continuous\"\ntables = [{{ table = \"nota\" }}]\n"
    );
    std::fs::write(&path, format!("{first}\n{more}")).unwrap();
    project.json(&["sync", "init"]).await;
    (project, c)
}

async fn arrives(client: &Client, rows: i64) {
    eventually(Duration::from_secs(60), "the rows to arrive", async || {
        (number(client, "SELECT count(*) FROM nota").await == rows).then_some(())
    })
    .await;
}

/// AT-149: one of the nodes is down, the pair of the others goes on; it catches up when it is back.
#[tokio::test]
async fn a_node_that_is_down_does_not_stop_the_other_links() {
    let (project, c) = three_nodes().await;
    let a = project.a().await;
    let mut running = project.start();
    a.batch_execute("INSERT INTO nota VALUES (1, 'a')").await.unwrap();
    arrives(&c, 1).await;
    arrives(&project.b().await, 1).await;
    project.pair.b.kill().await;
    c.batch_execute("INSERT INTO nota VALUES (2, 'c')").await.unwrap();
    arrives(&a, 2).await;
    a.batch_execute("INSERT INTO nota VALUES (3, 'a')").await.unwrap();
    arrives(&c, 3).await;
    project.pair.b.restart().await;
    arrives(&project.b().await, 3).await;
    running.kill().unwrap();
    running.wait().unwrap();
}

#[tokio::test]
async fn one_pass_of_all_links_goes_on_after_one_that_cannot_be_reached() {
    let (project, c) = three_nodes().await;
    let a = project.a().await;
    a.batch_execute("INSERT INTO nota VALUES (1, 'a')").await.unwrap();
    project.pair.b.kill().await;
    let said = project.trouble(&["sync", "once"]).await;
    assert!(said.contains("error[conn.refused]"), "{said}");
    assert_eq!(number(&c, "SELECT count(*) FROM nota").await, 1);
}

#[tokio::test]
async fn a_link_whose_other_end_is_gone_is_dropped_at_this_one() {
    let (project, _c) = three_nodes().await;
    project.pair.b.kill().await;
    let said = project
        .trouble(&["sync", "drop", "teste", "--node", "zz", "-y"])
        .await;
    assert!(
        said.contains("node \"zz\" takes no part in link \"teste\"") && said.contains("name a or b"),
        "{said}"
    );
    let dropped = project
        .json(&["sync", "drop", "teste", "--node", "a", "-y"])
        .await;
    assert_eq!(dropped["links"].as_array().map(Vec::len), Some(1));
    assert_eq!(dropped["links"][0]["dropped"], Value::Bool(true));
    let a = project.a().await;
    a.batch_execute("INSERT INTO nota VALUES (1, 'a')").await.unwrap();
    let output = project.run(&["sync", "once", "outro"]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("1 written"),
        "{}",
        text(&output.stdout)
    );
}
