//! What a schema lacks once a script has run.

use ponte_schema::lint::Aftermath;

use super::relations::Relations;
use crate::error::Result;
use crate::session::Session;

pub(super) async fn read(_session: &Session, _relations: &Relations) -> Result<Aftermath> {
    Ok(Aftermath::default())
}
