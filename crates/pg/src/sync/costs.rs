//! What a link costs a node, and what keeps it from costing less: bytes of changelogs, who holds back old row versions, versions from
//! the future, a clock that is off.
//!
//! A plain role is not told since when other roles' transactions are open; their age in transactions it is told, and who they are.

use ponte_schema::{QualifiedName, Sql};
use ponte_sync::rotation::TURNS;
use ponte_sync::table::TableSide;

use super::peer::Peer;
use crate::check::{Clock, clock};
use crate::error::Result;

/// What a link costs a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// Bytes of the changelogs of the link's tables, with their indexes.
    pub changelog_bytes: i64,
    /// When the node last heard that the other side has its changes, in RFC 3339.
    pub consumed_at: Option<String>,
    /// The oldest of each kind that keeps old row versions alive.
    pub holders: Vec<Holder>,
    /// Tables with changes whose version was cut back.
    pub future: Vec<FutureVersions>,
    /// The node's clock minus ours, and how sure that is.
    pub clock: Clock,
}

/// Somebody who keeps old row versions alive.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    /// `transaction`, `prepared transaction` or `replication slot`.
    pub kind: String,
    /// The process, where there is one.
    pub pid: Option<i32>,
    /// The application, the transaction's identifier or the slot's name.
    pub name: Option<String>,
    /// Since when; `None` where the role may not know, and for slots.
    pub seconds: Option<f64>,
    /// How many transactions have begun since.
    pub transactions: i64,
    /// Bytes of changelog that cannot be given back before it ends.
    pub changelog_bytes: i64,
}

/// Changes whose version was cut back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FutureVersions {
    /// The table.
    pub table: QualifiedName,
    /// How many.
    pub changes: i64,
    /// The newest version among them, in RFC 3339.
    pub newest: Option<String>,
    /// When the last one was made.
    pub last_at: Option<String>,
}

/// How a time is printed.
const RFC_3339: &str = "YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"";

/// Reads what the link costs this node. `tables` are the link's, as the node calls them.
///
/// # Errors
/// What the server reports.
pub(super) async fn read(link: &str, tables: &[QualifiedName], peer: &mut Peer) -> Result<Costs> {
    let logs: Vec<TableSide> = tables.iter().cloned().map(TableSide::named).collect();
    let names = |parts: &'static [i16]| -> Vec<String> {
        let names = logs
            .iter()
            .flat_map(|log| parts.iter().map(|part| log.log_part(*part)));
        names.map(|name| Sql::of(&name).as_str().to_owned()).collect()
    };
    let all: Vec<String> = names(&[0]).into_iter().chain(names(&TURNS)).collect();
    let sql = Sql::text(
        "SELECT coalesce(sum(pg_total_relation_size(to_regclass(n))), 0)::bigint, \
           (SELECT to_char(o.updated_at AT TIME ZONE 'UTC', $3) FROM ponte.outgoing o WHERE o.link = $2) \
         FROM unnest($1::text[]) n",
    );
    let row = peer
        .row(&sql, &[&all, &link, &RFC_3339], "measure the changelogs")
        .await?;
    let (changelog_bytes, consumed_at) = (row.get(0), row.get(1));
    Ok(Costs {
        changelog_bytes,
        consumed_at,
        holders: holders(&all, peer).await?,
        future: future(link, peer).await?,
        clock: clock::measure(peer.session().client()).await?,
    })
}

async fn holders(logs: &[String], peer: &mut Peer) -> Result<Vec<Holder>> {
    let sql = Sql::text(include_str!("costs.sql"));
    let rows = peer
        .rows(&sql, &[&logs], "look for what holds back old row versions")
        .await?;
    Ok(rows
        .iter()
        .map(|row| Holder {
            kind: row.get(0),
            pid: row.get(1),
            name: row.get(2),
            seconds: row.get(3),
            transactions: row.get(4),
            changelog_bytes: row.get(5),
        })
        .collect())
}

async fn future(link: &str, peer: &mut Peer) -> Result<Vec<FutureVersions>> {
    let sql = Sql::text(
        "SELECT f.table_schema, f.table_name, f.changes, to_char(f.newest AT TIME ZONE 'UTC', $2), to_char(f.last_at AT TIME ZONE 'UTC', $2) \
         FROM ponte.future_version f JOIN ponte.link_table t USING (table_schema, table_name) \
         WHERE t.link = $1 AND f.changes > 0 ORDER BY 1, 2",
    );
    let rows = peer
        .rows(&sql, &[&link, &RFC_3339], "read versions from the future")
        .await?;
    Ok(rows
        .iter()
        .map(|row| FutureVersions {
            table: QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
            changes: row.get(2),
            newest: row.get(3),
            last_at: row.get(4),
        })
        .collect())
}

/// How far the second node's clock is ahead of the first one's, in milliseconds, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skew {
    /// Ahead if positive.
    pub ms: f64,
    /// The true value is within this much.
    pub uncertainty_ms: f64,
}

impl Skew {
    /// From what each of the two clocks is compared with ours.
    pub fn between(first: &Clock, second: &Clock) -> Self {
        Self {
            ms: second.clock_skew_ms - first.clock_skew_ms,
            uncertainty_ms: first.clock_skew_uncertainty_ms + second.clock_skew_uncertainty_ms,
        }
    }

    /// Whether the clocks are surely more than a second apart.
    pub fn is_worrying(&self) -> bool {
        self.ms.abs() - self.uncertainty_ms > SKEW_WORRYING_MS
    }
}

/// From here on a person is told.
const SKEW_WORRYING_MS: f64 = 1000.0;

/// Measures how far the clocks of two nodes are apart.
///
/// # Errors
/// A connection that ends meanwhile.
pub async fn measure_skew(peers: &[Peer; 2]) -> Result<Skew> {
    let [first, second] = peers;
    let (first, second) = tokio::try_join!(
        clock::measure(first.session().client()),
        clock::measure(second.session().client())
    )?;
    Ok(Skew::between(&first, &second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: (f64, f64), second: (f64, f64), worrying: bool) {
        let clock = |(skew, uncertainty): (f64, f64)| Clock {
            round_trip_ms: 2.0 * uncertainty,
            clock_skew_ms: skew,
            clock_skew_uncertainty_ms: uncertainty,
        };
        let skew = Skew::between(&clock(first), &clock(second));
        assert_eq!(skew.is_worrying(), worrying, "{skew:?}");
    }

    #[test]
    fn only_what_is_surely_more_than_a_second_is_worrying() {
        check((0.0, 1.0), (1_500.0, 1.0), true);
        check((1_500.0, 1.0), (0.0, 1.0), true);
        check((3_600_000.0, 1.0), (3_600_000.5, 1.0), false);
        check((0.0, 300.0), (1_500.0, 300.0), false);
        check((-800.0, 1.0), (800.0, 1.0), true);
    }
}
