//! What a plan has to know beside the model: what needs what, and details that do not count when schemas are compared.

use ponte_schema::model::Model;
use ponte_schema::plan::Side;

use super::{filled, object, object_id, things};
use crate::error::{During, Result};
use crate::session::Session;

/// Reads it in the transaction that the model was read in.
pub(super) async fn read(session: &Session, model: Model) -> Result<Side> {
    let mut side = Side {
        model,
        ..Side::default()
    };
    let client = session.client();
    let sql = filled(include_str!("sql/dependencies.sql"), &[("things", &things())]);
    let rows = client.query_typed(sql.as_str(), &[]).await;
    for row in rows.during(|| "read what needs what".to_owned())? {
        let (dependent, need) = (object_id(&row, 0)?, object_id(&row, 5)?);
        if row.get(10) {
            side.owned.insert(dependent, need);
        } else {
            side.needs.entry(dependent).or_default().insert(need);
        }
    }
    let sql = filled(include_str!("sql/details.sql"), &[]);
    let rows = client.query_typed(sql.as_str(), &[]).await;
    for row in rows.during(|| "read the details of the catalog".to_owned())? {
        let (id, facts) = object(&row)?;
        side.details.insert(id, facts);
    }
    let sql = filled(include_str!("sql/latent.sql"), &[]);
    let rows = client.query_typed(sql.as_str(), &[]).await;
    for row in rows.during(|| "read what partitions have from their parents".to_owned())? {
        let (id, facts) = object(&row)?;
        side.latent.insert(id, facts);
    }
    Ok(side)
}
