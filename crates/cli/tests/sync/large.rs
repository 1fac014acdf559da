//! Values of many megabytes through the program, with the memory that it holds meanwhile.

use tokio_postgres::Client;

use crate::memory::peak_of;
use crate::support::{Project, number, option};

/// What each of two values of a row weighs in an ordinary run, in megabytes, and how many rows there are.
const VALUE_MEGABYTES: u64 = 6;
const ROWS: u64 = 9;

const OBRA: &str = "CREATE TABLE obra (id int PRIMARY KEY, corpo bytea, texto text, n int NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT clock_timestamp());
    ALTER TABLE obra ALTER corpo SET STORAGE EXTERNAL;";

async fn digest(client: &Client) -> String {
    let sql = "SELECT string_agg(concat_ws(' ', id, length(corpo), md5(corpo), md5(texto), n), ',' ORDER BY id) FROM obra";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// AT-097: whole, and still so after the update of another column. What the process held at most is printed. `PONTE_LARGE_MEGABYTES=200` makes the values larger.
#[tokio::test]
async fn large_values_arrive_whole() {
    let megabytes = option("PONTE_LARGE_MEGABYTES").unwrap_or(VALUE_MEGABYTES);
    let project = Project::with(OBRA, &["obra"], "").await;
    let (a, b) = (project.a().await, project.b().await);
    let rows = |from: u64| {
        format!(
            "INSERT INTO obra SELECT g, decode(repeat(md5(g::text), {megabytes} * 65536), 'hex'), repeat('é', {megabytes} * 524288) \
             FROM generate_series({from}, {from} + {ROWS} - 1) g"
        )
    };
    a.batch_execute(&rows(1)).await.unwrap();
    let mut peaks = Vec::new();
    peaks.push(("init", peak_of(&project, &["sync", "init", "-y"]).await));
    b.batch_execute(&rows(101)).await.unwrap();
    b.batch_execute("UPDATE obra SET n = 7, updated_at = clock_timestamp() WHERE id = 1")
        .await
        .unwrap();
    peaks.push(("once", peak_of(&project, &["sync", "once"]).await));
    assert_eq!(digest(&a).await, digest(&b).await);
    assert_eq!(number(&a, "SELECT sum(n) FROM obra").await, 7);
    let row = 2 * megabytes * 1024;
    println!("{ROWS} rows of {row} KiB, peaks in KiB: {peaks:?}");
}
