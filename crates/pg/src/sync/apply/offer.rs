//! What has to be made sure of at the source before a batch of it may be committed. It goes on while the target writes.

use ponte_schema::{Literal, Sql};

use super::{Batch, Content};
use crate::error::Result;
use crate::sync::history;
use crate::sync::peer::Peer;

/// What has been read from or written to a node must survive its crash: the other node counts on it.
pub(crate) const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';";

/// Makes the source remember and keep what was read; answers whether a batch of the link was being applied there meanwhile.
pub(super) async fn offer(batch: &Batch<'_>, source: &Peer) -> Result<bool> {
    history::offer(source, &batch.spec.name, &batch.to).await?;
    overlaps(batch, source).await
}

/// Whether the snapshot was taken while another batch of the link was being applied to the source. That one may have compared
/// rows before the changes that this one carries, and this one does not know of it: each side would believe that the other takes
/// its row. It needs a second process, or a COMMIT that a server gets to after its process was given up.
async fn overlaps(batch: &Batch<'_>, source: &Peer) -> Result<bool> {
    let Content::Changes { seen_by_source, .. } = &batch.content else {
        return Ok(false);
    };
    let link = Literal::new(batch.spec.name.as_str());
    let nobody_applies = Sql::render(
        "SELECT pg_try_advisory_xact_lock(1886350965, hashtext({link}))",
        &[("link", &link)],
    );
    // In this order: whoever had begun before has ended by now, and what it did is seen.
    let nobody_applied = Sql::render(
        "SELECT consumed::text = {seen} FROM ponte.progress WHERE link = {link}",
        &[("seen", seen_by_source), ("link", &link)],
    );
    Ok(!source.holds(&nobody_applies, "look for other processes").await?
        || !source.holds(&nobody_applied, "look for other processes").await?)
}

/// Makes sure that what was read survives a crash of the source. A transaction that ended without a flush (rolled back, or
/// committed with `synchronous_commit = off`) is part of the snapshot that was taken; if it were lost, its number would be
/// given out again, and the change that gets it would count as consumed.
pub(crate) async fn harden(source: &Peer) -> Result<()> {
    let sql = Sql::render(
        "{durable} \
         SELECT CASE WHEN pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn() THEN pg_logical_emit_message(true, 'ponte', '') END",
        &[("durable", &Sql::text(DURABLE))],
    );
    source.alone(&sql, "flush what was read").await
}
