//! What is asked of the live database: how large its tables are, and its time zone. It is only read.

use ponte_schema::lint::{Sizes, TableSize};
use tokio_postgres::Row;

use crate::error::{During, Result};
use crate::session::Session;

const SIZES: &str = include_str!("sql/sizes.sql");

/// What a live database adds to what a shadow shows.
#[derive(Debug, Clone)]
pub struct Live {
    /// How large its tables are.
    pub sizes: Sizes,
    /// The zone that its sessions begin in.
    pub time_zone: String,
}

impl Live {
    /// Reads it.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn read(session: &Session) -> Result<Self> {
        let client = session.client();
        let rows = client.query_typed(SIZES, &[]).await;
        let rows = rows.during(|| "ask for the sizes of the tables".to_owned())?;
        // Ours is pinned; what it was before is what others have.
        let sql = "SELECT s.reset_val FROM pg_catalog.pg_settings s WHERE s.name = 'TimeZone'";
        let zone = client.query_typed_one(sql, &[]).await;
        let zone = zone.during(|| "ask for the time zone".to_owned())?;
        Ok(Self {
            sizes: Sizes::new(rows.iter().map(size).collect()),
            time_zone: zone.get(0),
        })
    }
}

fn size(row: &Row) -> TableSize {
    let amount = |index: usize| u64::try_from(row.get::<_, i64>(index)).unwrap_or(0);
    TableSize {
        schema: row.get(0),
        name: row.get(1),
        rows: amount(2),
        bytes: amount(3),
    }
}
