//! Renewing the planner's statistics, a table at a time, so that none is locked for as long as the others take.

use ponte_schema::{QualifiedName, Sql};

use super::step::Steps;
use super::{Claim, Done, Terms};
use crate::error::Result;
use crate::sync::Peer;

/// Tables to be analyzed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analyze {
    /// Their names.
    pub tables: Vec<QualifiedName>,
}

impl Analyze {
    pub(super) fn statements(&self) -> Vec<Sql> {
        let analyze = |table| Sql::render("ANALYZE {table}", &[("table", table)]);
        self.tables.iter().map(|table| analyze(table)).collect()
    }

    pub(super) async fn perform(&self, peer: &mut Peer, claim: &Claim, terms: &Terms) -> Result<Done> {
        let mut steps = Steps::new(peer, claim, terms);
        let done_before = claim.progress.as_deref().and_then(|text| text.parse().ok());
        for (index, sql) in self
            .statements()
            .iter()
            .enumerate()
            .skip(done_before.unwrap_or(0))
        {
            steps.begin().await?;
            steps.script(sql, "analyze a table of a job").await?;
            steps.end(&(index + 1).to_string()).await?;
        }
        steps.succeed(Done::default()).await
    }
}
