//! Which transaction wrote to each object last, where the server is one of our own: that tells which of the files that ran there did.

use std::collections::BTreeMap;

use ponte_schema::model::ObjectId;

use super::{filled, object_id, things};
use crate::error::{During, Result};
use crate::session::Session;

/// The number of the last transaction that wrote to each object. Numbers are compared as they are: a server that has
/// handed out more of them than there are has no answer here.
pub(crate) async fn touched(session: &Session) -> Result<BTreeMap<ObjectId, i64>> {
    let sql = filled(include_str!("sql/touched.sql"), &[("things", &things())]);
    let rows = session.client().query_typed(sql.as_str(), &[]).await;
    let rows = rows.during(|| "read which transaction made what".to_owned())?;
    rows.iter()
        .map(|row| Ok((object_id(row, 0)?, row.get(5))))
        .collect()
}
