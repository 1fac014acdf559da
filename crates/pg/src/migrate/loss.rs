//! How much is in the tables and columns that a DOWN part drops.

use ponte_schema::migration::Loss;
use ponte_schema::{Ident, Literal, QualifiedName, Sql};

use crate::error::{During, Result};
use crate::session::Session;

/// Counting stops here, and the server's estimate is shown instead.
const COUNT_MS_MAX: i64 = 2000;

/// Data that would be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataLoss {
    /// From this table.
    pub table: QualifiedName,
    /// Only this column of it.
    pub column: Option<String>,
    /// Rows, or values of the column that are not null.
    pub rows: i64,
    /// They are not counted but estimated, because counting took too long.
    pub estimated: bool,
}

/// Counts; what is not there, or is empty, is no loss, and a column of a table that goes as a whole is not named.
pub(super) async fn measure(session: &Session, losses: &[Loss]) -> Result<Vec<DataLoss>> {
    let mut found: Vec<DataLoss> = Vec::new();
    for loss in losses {
        if let Some(measured) = one(session, loss).await?.filter(|measured| measured.rows > 0)
            && !found.contains(&measured)
        {
            found.push(measured);
        }
    }
    let whole: Vec<QualifiedName> = found
        .iter()
        .filter(|loss| loss.column.is_none())
        .map(|loss| loss.table.clone())
        .collect();
    found.retain(|loss| loss.column.is_none() || !whole.contains(&loss.table));
    Ok(found)
}

async fn one(session: &Session, loss: &Loss) -> Result<Option<DataLoss>> {
    let client = session.client();
    let sql = Sql::render(
        include_str!("sql/relation_size.sql"),
        &[("relation", &Literal::new(&loss.table))],
    );
    let what = || format!("look at {}", loss.table);
    let Some(row) = client.query_typed_opt(sql.as_str(), &[]).await.during(what)? else {
        return Ok(None);
    };
    let table = QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("name"));
    let sql = match &loss.column {
        Some(column) => Sql::render(
            "SELECT count({column}) FROM {table}",
            &[("column", &Ident::new(column)), ("table", &table)],
        ),
        None => Sql::render("SELECT count(*) FROM {table}", &[("table", &table)]),
    };
    let limit = Sql::render(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {ms}; SET LOCAL lock_timeout = {ms}",
        &[("ms", &COUNT_MS_MAX)],
    );
    client.batch_execute(limit.as_str()).await.during(what)?;
    let counted = client.query_typed_one(sql.as_str(), &[]).await;
    client.batch_execute("ROLLBACK").await.during(what)?;
    let (rows, estimated) = match counted {
        Ok(counted) => (counted.get(0), false),
        Err(_) => (row.get("rows"), true),
    };
    Ok(Some(DataLoss {
        table,
        column: loss.column.clone(),
        rows,
        estimated,
    }))
}
