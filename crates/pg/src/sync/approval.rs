//! Mass deletes wait for a person.
//!
//! What a batch would delete is counted in its stage, before anything is written, and only where so much is staged that it could
//! matter; the target's table is never counted further than in proportion to the deletes. An approval is a row at the target,
//! bound to the snapshot from which the batch starts and to a number of rows: whichever process runs the next pass finds it,
//! more deletes than were approved ask again, and it is gone with the batch.

use ponte_schema::{QualifiedName, Sql};
use ponte_sync::apply::{Stage, count_rows};
use ponte_sync::link::Side;
use ponte_sync::snapshot::Snapshot;

use super::apply::{self, Batch, Content, SMALL_BATCH_ROWS_MAX};
use super::pass::LiveLink;
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// Deletes of one table that wait for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MassDelete {
    /// Where the rows were deleted.
    pub from: String,
    /// Where they are to be deleted.
    pub to: String,
    /// The table, as it is called there.
    pub table: QualifiedName,
    /// How many rows of the target would go.
    pub deletes: u64,
    /// How many it has, where that is not many more.
    pub rows: Option<u64>,
    /// Whether a TRUNCATE is among the causes.
    pub truncated: bool,
    /// Whether somebody approved it already.
    pub approved: bool,
    target: Side,
    consumed: Snapshot,
    limit: String,
}

impl MassDelete {
    fn in_words(&self) -> String {
        let rows = match self.rows {
            Some(rows) => format!("{} of {rows} rows", self.deletes),
            None => format!("{} rows", self.deletes),
        };
        let why = if self.truncated {
            format!("{} was truncated on \"{}\"", self.table, self.from)
        } else {
            format!("max_delete = \"{}\" asks first", self.limit)
        };
        format!("would delete {rows} of {} on \"{}\"; {why}", self.table, self.to)
    }
}

/// Refuses a staged batch that deletes too much and was not approved. An approval that is used goes with the batch.
pub(super) async fn check(batch: &Batch<'_>, target: &mut Peer) -> Result<()> {
    let found = over_the_limit(batch, target).await?;
    if found.is_empty() {
        return Ok(());
    }
    let mut waiting = found.iter().filter(|d| !d.approved);
    let Some(first) = waiting.next() else {
        let used = Sql::text("DELETE FROM ponte.approval WHERE link = $1");
        target.rows(&used, &[&batch.spec.name], "use an approval").await?;
        return Ok(());
    };
    let mut error = Error::new(
        ErrorKind::SyncMassDelete,
        format!("link \"{}\" {}", batch.spec.name, first.in_words()),
    )
    .hint(format!("ponte sync approve {}", batch.spec.name));
    for more in waiting {
        error = error.with("also", more.in_words());
    }
    Err(error)
}

/// The tables of which the staged batch would delete too much.
async fn over_the_limit(batch: &Batch<'_>, target: &mut Peer) -> Result<Vec<MassDelete>> {
    let mut found = Vec::new();
    if !matches!(batch.content, Content::Changes { .. }) {
        return Ok(found);
    }
    for &position in &batch.touched {
        if let Some((deletes, rows)) = too_many(batch, position, target).await? {
            found.push(describe(batch, position, deletes, rows));
        }
    }
    if !found.is_empty() {
        mark_approved(batch, target, &mut found).await?;
    }
    Ok(found)
}

/// How many rows of a table would go, and how many there are as far as they were counted, if that is too many.
async fn too_many(batch: &Batch<'_>, position: usize, target: &Peer) -> Result<Option<(u64, u64)>> {
    let limit = batch.tables[position].max_delete;
    let truncated = batch.truncated.contains(&position);
    let Some(unasked) = limit.unasked(truncated).map(signed) else {
        return Ok(None);
    };
    if batch.small && unasked >= SMALL_BATCH_ROWS_MAX {
        return Ok(None);
    }
    let (stage, table) = (Stage::new(position), batch.target_side(position));
    let staged = number(target, &stage.count_deletes()).await?;
    if staged <= unasked.cast_unsigned() {
        return Ok(None);
    }
    // Looking each of them up is a good part of deleting it, so first as if all of them were there.
    let most = signed(limit.rows_to_count(staged));
    let rows = number(target, &count_rows(table, most)).await?;
    if !limit.asks(staged, rows, truncated) {
        return Ok(None);
    }
    let deletes = number(target, &stage.count_rows_to_delete(table)).await?;
    let most = signed(limit.rows_to_count(deletes));
    let rows = number(target, &count_rows(table, most)).await?;
    Ok(limit.asks(deletes, rows, truncated).then_some((deletes, rows)))
}

async fn number(target: &Peer, sql: &Sql) -> Result<u64> {
    let printed = target.value(sql, "count rows to be deleted").await?;
    Ok(printed.and_then(|n| n.parse().ok()).unwrap_or(0))
}

fn signed(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn describe(batch: &Batch<'_>, position: usize, deletes: u64, rows: u64) -> MassDelete {
    let limit = batch.tables[position].max_delete;
    let target = batch.source.other();
    MassDelete {
        from: batch.spec.node(batch.source).to_owned(),
        to: batch.spec.node(target).to_owned(),
        table: batch.target_side(position).name.clone(),
        deletes,
        rows: (rows < limit.rows_to_count(deletes)).then_some(rows),
        truncated: batch.truncated.contains(&position),
        approved: false,
        target,
        consumed: batch.from.clone(),
        limit: limit.to_string(),
    }
}

async fn mark_approved(batch: &Batch<'_>, target: &mut Peer, found: &mut [MassDelete]) -> Result<()> {
    let sql = Sql::text(
        "SELECT table_schema, table_name, deletes FROM ponte.approval WHERE link = $1 AND consumed::text = $2",
    );
    let rows = target
        .rows(
            &sql,
            &[&batch.spec.name, &batch.from.as_str()],
            "look for approvals",
        )
        .await?;
    for row in rows {
        let table = QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        let most: i64 = row.get(2);
        for delete in found.iter_mut().filter(|d| d.table == table) {
            delete.approved = signed(delete.deletes) <= most;
        }
    }
    Ok(())
}

impl LiveLink {
    /// What waits for approval, in both directions. Reads and stages the batches as a pass would, and writes nothing.
    ///
    /// # Errors
    /// Whatever keeps a batch from being read.
    pub async fn mass_deletes(&mut self) -> Result<Vec<MassDelete>> {
        let mut found = Vec::new();
        for source in Side::BOTH {
            let outcome = self.look_for_mass_deletes(source).await;
            for peer in self.peers_mut() {
                peer.roll_back().await;
            }
            found.extend(outcome?);
        }
        Ok(found)
    }

    async fn look_for_mass_deletes(&mut self, source: Side) -> Result<Vec<MassDelete>> {
        let standings = self.standings().await?;
        let Some(extent) = self.begin_batch(source, &standings).await? else {
            return Ok(Vec::new());
        };
        let (batch, reader, writer) = self.batch(source, extent);
        apply::begin(writer, batch.spec, &batch.from, &batch.to).await?;
        for &position in &batch.touched {
            apply::fill_stage(&batch, position, reader, writer).await?;
        }
        over_the_limit(&batch, writer).await
    }

    /// Lets these deletes pass, and no more, with the next batch that starts where theirs did.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn approve(&mut self, deletes: &[MassDelete]) -> Result<()> {
        let sql = Sql::text(
            "INSERT INTO ponte.approval (link, table_schema, table_name, consumed, deletes) VALUES ($1, $2, $3, $4::text::pg_snapshot, $5) \
             ON CONFLICT (link, table_schema, table_name) DO UPDATE SET consumed = excluded.consumed, deletes = excluded.deletes, \
               approved_by = excluded.approved_by, approved_at = excluded.approved_at",
        );
        let link = self.spec.name.clone();
        for delete in deletes {
            let (schema, name) = (delete.table.schema.as_str(), delete.table.name.as_str());
            let rows = signed(delete.deletes);
            self.peers[delete.target.index()]
                .rows(
                    &sql,
                    &[&link, &schema, &name, &delete.consumed.as_str(), &rows],
                    "approve deletes",
                )
                .await?;
        }
        Ok(())
    }
}
