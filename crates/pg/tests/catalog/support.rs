//! A server with a database that has one of everything, and copies of it.

use ponte_pg::{ConnectOptions, Conninfo, Session, catalog};
use ponte_schema::model::{Access, Difference, Model, compare};
use ponte_testkit::{TestCluster, connect};

pub(crate) const CORPUS: &str = include_str!("corpus.sql");

pub(crate) async fn model(cluster: &TestCluster, database: &str) -> Model {
    read_as(&cluster.superuser_url(database)).await
}

pub(crate) async fn read_as(url: &str) -> Model {
    let conninfo = Conninfo::parse(url).unwrap();
    let session = Session::connect(&conninfo, &ConnectOptions::new("test"))
        .await
        .unwrap();
    catalog::read(&session).await.unwrap()
}

/// Runs SQL as the superuser, one statement after the other where they may not share a transaction.
pub(crate) async fn run(cluster: &TestCluster, database: &str, sql: &str) {
    let client = connect(&cluster.superuser_url(database)).await;
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {:?}", e.as_db_error()));
}

/// A server with the database `corpus`.
pub(crate) async fn with_corpus() -> TestCluster {
    let cluster = TestCluster::start().await;
    run(&cluster, "postgres", "CREATE DATABASE corpus").await;
    run(&cluster, "corpus", CORPUS).await;
    cluster
}

/// `kind object: fact` and both values.
pub(crate) fn lines(differences: &[Difference]) -> Vec<String> {
    let line = |d: &Difference| {
        let fact = d
            .fact
            .as_deref()
            .map(|fact| format!(" {fact}"))
            .unwrap_or_default();
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        format!(
            "{} {}{fact}: {} / {}",
            d.object.kind,
            d.object,
            shown(&d.expected),
            shown(&d.actual)
        )
    };
    differences.iter().map(line).collect()
}

pub(crate) fn between(expected: &Model, actual: &Model) -> Vec<String> {
    lines(&compare(expected, actual, Access::Compared))
}
