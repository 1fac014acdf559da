//! Opening the target's transaction, and the fence.

use ponte_schema::{Literal, Sql};
use ponte_sync::apply::fence;
use ponte_sync::link::{ApplyAs, LinkSpec};
use ponte_sync::snapshot::Snapshot;
use tokio_postgres::types::ToSql;

use super::{DURABLE, stop};
use crate::error::Result;
use crate::sync::peer::{Access, Peer};
use crate::sync::sharing::Shared;

/// What the target says as the fence is taken.
pub(crate) struct Begun {
    /// Which tables the target carries over other links too.
    pub(crate) carried_on: Shared,
    /// Whether keys are parked there.
    pub(crate) parked: bool,
}

/// Opens the target's transaction, takes the fence and keeps capture quiet in it.
///
/// # Errors
/// `sync.overtaken` where somebody else was faster.
pub(crate) async fn begin(
    target: &mut Peer,
    spec: &LinkSpec,
    from: &Snapshot,
    to: &Snapshot,
) -> Result<Begun> {
    let begun = try_begin(target, spec, from, to).await?;
    begun.ok_or_else(|| stop::overtaken(spec, target.name()))
}

/// The same; `None` where somebody else was faster.
pub(super) async fn try_begin(
    target: &mut Peer,
    spec: &LinkSpec,
    from: &Snapshot,
    to: &Snapshot,
) -> Result<Option<Begun>> {
    let params: [&(dyn ToSql + Sync); 3] = [&spec.name, &from.as_str(), &to.as_str()];
    let taken = target
        .begin_with(
            Access::Write,
            &opening(spec),
            (&fence(), &params),
            "begin to apply a batch",
        )
        .await?;
    Ok(taken.first().map(|row| Begun {
        carried_on: Shared::from_row(row, 0),
        parked: row.get(1),
    }))
}

/// Opens the target's transaction. Capture stays quiet in it once the transaction is noted down as one that applies.
pub(crate) async fn open(target: &mut Peer, spec: &LinkSpec) -> Result<()> {
    target
        .begin(Access::Write, &opening(spec), "begin to apply a batch")
        .await
}

fn opening(spec: &LinkSpec) -> Sql {
    let mut sql = Sql::render(
        "SET LOCAL search_path TO DEFAULT; SET CONSTRAINTS ALL DEFERRED; \
         SELECT set_config('ponte.applying', {link}, true), pg_advisory_xact_lock_shared(1886350965, hashtext({link})); {durable}",
        &[
            ("link", &Literal::new(spec.name.as_str())),
            ("durable", &Sql::text(DURABLE)),
        ],
    );
    if spec.apply == ApplyAs::Replica {
        sql.push(&Sql::text("SET LOCAL session_replication_role = replica;"));
    }
    sql
}
