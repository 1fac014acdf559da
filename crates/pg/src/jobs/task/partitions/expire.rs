//! Taking partitions away.
//!
//! From PostgreSQL 14 on a partition is detached CONCURRENTLY, which locks out nobody: not inside a transaction, and only where the table has
//! no default partition. It waits for the transactions that use the table; interrupted, or given up after `lock_timeout`, it has gone
//! halfway, and the next run finishes it. A table that is to be dropped afterwards says so in its comment before it is detached, so
//! that a run which dies in between leaves nothing behind for ever. Elsewhere one transaction does it all, and locks the table for a moment.

use ponte_schema::{Literal, QualifiedName, Sql};

use super::{Expired, Partitions, about};
use crate::error::Result;
use crate::jobs::run;
use crate::jobs::task::step::Steps;
use crate::jobs::task::{Claim, Terms, fenced};
use crate::sync::Peer;

/// Since then there is `DETACH PARTITION … CONCURRENTLY`.
const CONCURRENTLY_SINCE: u32 = 140_000;

/// How partitions of a table are taken away.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    concurrently: bool,
    half_detached: Vec<QualifiedName>,
    detached: Vec<QualifiedName>,
}

/// One step on the way.
pub(super) struct Step {
    pub(super) sql: Sql,
    /// What is noted in the same transaction; a statement that cannot be in one has none.
    note: Option<Sql>,
}

impl Step {
    /// In a transaction, with a note.
    pub(super) fn noted(sql: Sql, note: Sql) -> Self {
        Self {
            sql,
            note: Some(note),
        }
    }

    /// Outside of any transaction.
    fn alone(sql: Sql) -> Self {
        Self { sql, note: None }
    }

    pub(super) async fn perform(
        &self,
        peer: &mut Peer,
        claim: &Claim,
        terms: &Terms,
        progress: &str,
    ) -> Result<()> {
        let what = "look after the partitions of a job";
        if let Some(note) = &self.note {
            let mut steps = Steps::new(peer, claim, terms);
            steps.begin().await?;
            steps.script(&self.sql, what).await?;
            return steps.end_with(note, progress).await;
        }
        // The role of the job need not see the books.
        peer.script(&Sql::text("SET ROLE NONE"), "begin a step of a run")
            .await?;
        if !run::is_ours(peer, claim).await? {
            return Err(fenced());
        }
        peer.script(&terms.session_settings(), "begin a step of a run")
            .await?;
        peer.script(&self.sql, what).await
    }
}

impl Expiry {
    /// What the server can do, and what earlier runs did not finish.
    pub(super) async fn look(
        peer: &Peer,
        partitions: &Partitions,
        table: i64,
        has_default: bool,
    ) -> Result<Self> {
        let reading = "read the partitions of a table";
        let sql = Sql::text(include_str!("../../sql/partitions.sql"));
        let attached = peer.fresh_rows(&sql, &[&table], reading).await?;
        let sql = Sql::text(include_str!("../../sql/detached.sql"));
        let detached = peer.fresh_rows(&sql, &[&mark(partitions)], reading).await?;
        let name = |row: &tokio_postgres::Row| {
            QualifiedName::new(row.get::<_, String>("schema_name"), row.get::<_, String>("name"))
        };
        Ok(Self {
            concurrently: peer.session().server_version_num() >= CONCURRENTLY_SINCE
                && !has_default
                && !peer.is_pooled(),
            half_detached: attached
                .iter()
                .filter(|row| row.get("is_half_detached"))
                .map(name)
                .collect(),
            detached: detached.iter().map(name).collect(),
        })
    }

    /// The steps of what is to be done, by partition: first what is half done, of which there can be one per table.
    pub(super) fn of<'a>(
        &self,
        partitions: &Partitions,
        expired: impl Iterator<Item = &'a QualifiedName>,
    ) -> Vec<Vec<Step>> {
        let is_half = |name: &QualifiedName| self.half_detached.contains(name);
        let finish = self.half_detached.iter().map(|name| {
            let mut steps = vec![Step::alone(partitions.detach(name, " FINALIZE"))];
            steps.extend(partitions.drop_detached(name));
            steps
        });
        let drop = self
            .detached
            .iter()
            .map(|name| partitions.drop_detached(name).into_iter().collect());
        let rest = expired
            .filter(|name| !is_half(name))
            .map(|name| self.take_away(partitions, name));
        finish.chain(drop).chain(rest).collect()
    }

    fn take_away(&self, partitions: &Partitions, name: &QualifiedName) -> Vec<Step> {
        let dropped = partitions.drop_detached(name);
        if self.concurrently {
            let mark = Sql::render(
                "COMMENT ON TABLE {partition} IS {mark}",
                &[("partition", name), ("mark", &Literal::new(mark(partitions)))],
            );
            let marked = dropped.as_ref().map(|_| Step::noted(mark, Sql::default()));
            let detach = Step::alone(partitions.detach(name, " CONCURRENTLY"));
            return marked.into_iter().chain([detach]).chain(dropped).collect();
        }
        let mut sql = partitions.detach(name, "");
        let note = match dropped {
            Some(step) => {
                sql.push(&Sql::text("; "));
                sql.push(&step.sql);
                step.note.unwrap_or_default()
            }
            None => Sql::default(),
        };
        vec![Step::noted(sql, note)]
    }
}

impl Partitions {
    fn detach(&self, partition: &QualifiedName, how: &'static str) -> Sql {
        let mut sql = Sql::render(
            "ALTER TABLE {table} DETACH PARTITION {partition}",
            &[("table", &self.table), ("partition", partition)],
        );
        sql.push(&Sql::text(how));
        sql
    }

    /// Drops what is detached, where that is asked for.
    fn drop_detached(&self, partition: &QualifiedName) -> Option<Step> {
        let gone = "DELETE FROM ponte.job_partition WHERE schema_name = {schema} AND table_name = {name}";
        let sql = Sql::render("DROP TABLE {partition}", &[("partition", partition)]);
        (self.expired == Expired::Drop).then(|| Step::noted(sql, about(gone, partition)))
    }
}

/// What the comment of a table says that is to be dropped once it is detached.
fn mark(partitions: &Partitions) -> String {
    format!(
        "ponte: was a partition of {} and is to be dropped",
        partitions.table
    )
}
