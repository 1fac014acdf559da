//! Making the books of the jobs, and telling whether they are there.

use ponte_schema::Sql;

use super::{Problem, problem};
use crate::error::Result;
use crate::migrate::create_schema;
use crate::sync::Peer;

/// The comment of `ponte.job`, which names its format. Another number is a newer release's.
const FORMAT: &str = "ponte jobs, format 1";

struct Survey {
    schema: bool,
    tables: bool,
}

async fn survey(peer: &Peer) -> Result<Survey> {
    let sql = Sql::text(include_str!("sql/survey.sql"));
    let rows = peer
        .fresh_rows(&sql, &[], "look for the books of the jobs")
        .await?;
    let Some(row) = rows.first() else {
        return Ok(Survey {
            schema: false,
            tables: false,
        });
    };
    let format: Option<&str> = row.get("format");
    if let Some(newer) = format.filter(|format| *format != FORMAT) {
        return Err(problem(
            Problem::Newer,
            "cannot read ponte.job: a newer release of ponte has changed it",
        )
        .with("format", newer));
    }
    Ok(Survey {
        schema: row.get("schema_exists"),
        tables: format.is_some(),
    })
}

/// Whether there are any books.
///
/// # Errors
/// `jobs.newer`, or whatever the server answers.
pub async fn exist(peer: &Peer) -> Result<bool> {
    Ok(survey(peer).await?.tables)
}

/// Makes the books where they are missing. A role that may CREATE in the database, or in schema `ponte`, is enough.
///
/// # Errors
/// `jobs.newer`, a privilege that is missing, or whatever else the server answers.
pub async fn ensure(peer: &Peer) -> Result<()> {
    let survey = survey(peer).await?;
    if survey.tables {
        return Ok(());
    }
    if !survey.schema {
        create_schema(peer.session(), "ponte", "the books of the jobs").await?;
    }
    peer.alone(
        &Sql::text(include_str!("sql/install.sql")),
        "create the books of the jobs",
    )
    .await
}
