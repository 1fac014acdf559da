//! Where a link stands on its nodes.

use ponte_schema::Sql;
use ponte_sync::forward;
use ponte_sync::history::Shipped;
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::machine::{self, Refused};
use ponte_sync::snapshot::Snapshot;

use super::{LiveLink, not_ready};
use crate::error::Result;
use crate::sync::install::parse_snapshot;
use crate::sync::peer::Peer;
use crate::sync::sharing::Shared;

/// What a node knows about a link.
pub(crate) struct Standing {
    paused: bool,
    ready: bool,
    /// What has arrived here.
    pub(crate) consumed: Snapshot,
    /// What the node believes to have arrived at the other side.
    pub(crate) shipped: Shipped,
    /// Which tables other links of the node carry too.
    pub(crate) shared: Shared,
    /// Whether it refuses rows of the other side, and whether it is time to try some again.
    pub(crate) quarantine: bool,
    due: bool,
}

impl Standing {
    /// What the machine has to know of the rows that the node refuses.
    pub(super) fn refused(&self) -> Refused {
        match (self.due, self.quarantine) {
            (true, _) => Refused::Due,
            (false, true) => Refused::Waiting,
            (false, false) => Refused::None,
        }
    }
}

/// What the machine has to know before it goes on.
pub(super) fn judge(standings: &[Standing; 2], lost: Option<Side>) -> machine::Standing {
    if standings.iter().any(|s| s.paused) {
        machine::Standing::Paused
    } else if standings.iter().any(|s| !s.ready) {
        machine::Standing::NotReady
    } else if lost.is_some() {
        machine::Standing::WentBack
    } else {
        machine::Standing::Ready
    }
}

impl LiveLink {
    pub(crate) async fn standings(&mut self) -> Result<[Standing; 2]> {
        let [first, second] = &mut self.peers;
        let (first, second) = tokio::try_join!(standing(&self.spec, first), standing(&self.spec, second))?;
        Ok([first, second])
    }
}

/// What a node knows about the link.
async fn standing(spec: &LinkSpec, peer: &mut Peer) -> Result<Standing> {
    let sql = Sql::render(
        "SELECT l.paused, l.ready, p.consumed::text, o.consumed::text, o.offered::text, \
           EXISTS (SELECT FROM ponte.quarantine q WHERE q.link = l.link), \
           EXISTS (SELECT FROM ponte.quarantine q WHERE q.link = l.link AND q.next_try_at <= clock_timestamp()), \
           {shared} FROM ponte.link l \
         JOIN ponte.progress p USING (link) JOIN ponte.outgoing o USING (link) WHERE link = $1",
        &[("shared", &forward::shared_tables())],
    );
    let rows = peer.rows(&sql, &[&spec.name], "read the link's progress").await?;
    let Some(row) = rows.first() else {
        return Err(not_ready(spec, peer.name()));
    };
    Ok(Standing {
        paused: row.get(0),
        ready: row.get(1),
        consumed: parse_snapshot(row.get(2))?,
        shipped: Shipped {
            consumed: parse_snapshot(row.get(3))?,
            offered: row.get::<_, Option<&str>>(4).map(parse_snapshot).transpose()?,
        },
        quarantine: row.get(5),
        due: row.get(6),
        shared: Shared::from_row(row, 7),
    })
}
