//! Rows of the stage one by one, each in a subtransaction of its own, where a statement about all of them failed: a CHECK that raises instead of
//! being false, a trigger that refuses some.

use ponte_schema::sql::Fragment;
use ponte_schema::{Literal, Sql};
use tokio_postgres::{Client, Error, Row};

/// The numbers of the rows for which a condition is true; where it fails it is not.
pub(super) async fn judged(client: &Client, judgement: &Sql) -> Result<Vec<Row>, Error> {
    run(
        client,
        include_str!("sql/judge_one_by_one.sql"),
        &[("judgement", judgement)],
    )
    .await?;
    let sql = "SELECT number FROM pg_temp.ponte_seed_verdict ORDER BY 1";
    client.query(sql, &[]).await
}

/// Takes rows into the table, and says how many it took.
pub(super) async fn take(client: &Client, parts: &[(&str, &dyn Fragment)]) -> Result<u64, Error> {
    run(client, include_str!("sql/take_one_by_one.sql"), parts).await?;
    let sql = "SELECT count(*) FROM pg_temp.ponte_seed_verdict";
    let row = client.query_one(sql, &[]).await?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
}

async fn run(client: &Client, template: &'static str, parts: &[(&str, &dyn Fragment)]) -> Result<(), Error> {
    let body = Sql::render(template, parts);
    let sql = Sql::render("DO {body}", &[("body", &Literal::new(body.as_str()))]);
    client.batch_execute(sql.as_str()).await
}
