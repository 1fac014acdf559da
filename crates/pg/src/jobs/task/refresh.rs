//! Refreshing a materialized view: while it is read, where that is possible.

use ponte_schema::{QualifiedName, Sql};

use super::Done;
use crate::error::Result;
use crate::sync::Peer;

/// A materialized view to be refreshed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    /// Its name.
    pub view: QualifiedName,
}

impl Refresh {
    /// The statement; none where there is no such view.
    pub(in crate::jobs) async fn statement(&self, peer: &Peer) -> Result<Option<Sql>> {
        let sql = Sql::text(include_str!("../sql/matview.sql"));
        let (schema, name) = (self.view.schema.as_str(), self.view.name.as_str());
        let rows = peer
            .fresh_rows(&sql, &[&schema, &name], "look for the view of a job")
            .await?;
        Ok(rows.first().map(|row| self.refresh(row.get(0))))
    }

    fn refresh(&self, concurrently: bool) -> Sql {
        let how = if concurrently { "CONCURRENTLY " } else { "" };
        Sql::render(
            "REFRESH MATERIALIZED VIEW {how}{view}",
            &[("how", &Sql::text(how)), ("view", &self.view)],
        )
    }

    /// Refreshes it. Where no unique index allows otherwise, readers wait.
    pub(super) async fn run(&self, peer: &Peer) -> Result<Done> {
        let sql = self.statement(peer).await?.unwrap_or_else(|| self.refresh(false));
        peer.script(&sql, "refresh the view of a job").await?;
        Ok(Done::default())
    }
}
