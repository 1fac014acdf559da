//! `ponte sync diff`: whether both sides hold the same rows, decided inside the databases.
//!
//! Both sides are live, so a difference means something only if it is not on its way: what differs is looked at again after a
//! moment, and keys that are pending or have changed since on either side are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use ponte_schema::Sql;
use ponte_sync::compare::{self, Advance, Bucket, Divergence, RowHash, differing, merge_step};
use ponte_sync::link::Side;
use tokio_postgres::Row;

use super::pass::LiveLink;
use super::peer::{Access, Peer};
use crate::error::{During, Result};

/// How many divergent keys of a table are kept for the report; all are counted.
const KEYS_MAX: usize = 1_000;

/// How long a difference must last before it is looked at again.
const SECOND_LOOK: Duration = Duration::from_millis(500);

/// One table on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableComparison {
    /// The table.
    pub table: String,
    /// Rows on the first and second side.
    pub rows: [i64; 2],
    /// Keys that the first and second side lack.
    pub missing: [u64; 2],
    /// Keys with different content.
    pub different: u64,
    /// Keys that differ because they are on their way.
    pub in_flight: u64,
    /// Up to a thousand of the divergent keys.
    pub keys: Vec<Divergence>,
    /// Both checksums of all rows, the same on both sides where they are equal.
    pub checksum: [String; 2],
}

impl TableComparison {
    /// Whether nothing differs but what is on its way.
    pub fn equal(&self) -> bool {
        self.missing == [0, 0] && self.different == 0
    }
}

impl LiveLink {
    /// Compares every table. Where something differs, a second look decides.
    pub async fn compare(&mut self) -> Result<Vec<TableComparison>> {
        let mut found = Vec::with_capacity(self.tables.len());
        for position in 0..self.tables.len() {
            let mut comparison = self.compare_table(position).await?;
            if !comparison.equal() || comparison.in_flight > 0 {
                tokio::time::sleep(SECOND_LOOK).await;
                comparison = self.confirm(position, comparison).await?;
            }
            found.push(comparison);
        }
        Ok(found)
    }

    async fn compare_table(&mut self, position: usize) -> Result<TableComparison> {
        let consumed = [
            self.consumed(Side::First).await?,
            self.consumed(Side::Second).await?,
        ];
        let sides = &self.tables[position].sides;
        let (one, other) = (compare::buckets(&sides[0]), compare::buckets(&sides[1]));
        let [first, second] = &self.peers;
        let (one, other) = tokio::try_join!(buckets(first, &one), buckets(second, &other))?;
        let count = |buckets: &BTreeMap<i32, Bucket>| buckets.values().map(|b| b.rows).sum();
        let mut comparison = TableComparison {
            table: sides[0].name.to_string(),
            rows: [count(&one), count(&other)],
            missing: [0, 0],
            different: 0,
            in_flight: 0,
            keys: Vec::new(),
            checksum: [checksum(&one), checksum(&other)],
        };
        let suspects = differing(&one, &other);
        if !suspects.is_empty() {
            self.look_into(position, &suspects, &consumed, &mut comparison)
                .await?;
        }
        Ok(comparison)
    }

    /// Merges the rows of the suspect buckets of both sides. What was pending at the beginning or has changed since then, also if
    /// it has arrived meanwhile, does not count.
    async fn look_into(
        &mut self,
        position: usize,
        suspects: &[i32],
        consumed: &[String; 2],
        found: &mut TableComparison,
    ) -> Result<()> {
        for peer in &mut self.peers {
            peer.begin(Access::Read, &Sql::default(), "read keys").await?;
        }
        let outcome = self.merge(position, suspects, found).await;
        for peer in &mut self.peers {
            peer.roll_back().await;
        }
        outcome?;
        let in_flight = self.keys_in_flight(position, consumed).await?;
        found.forget(&in_flight);
        Ok(())
    }

    async fn merge(&self, position: usize, suspects: &[i32], found: &mut TableComparison) -> Result<()> {
        let sides = &self.tables[position].sides;
        let mut one = SortedRows::open(&self.peers[0], &compare::rows(&sides[0]), suspects).await?;
        let mut other = SortedRows::open(&self.peers[1], &compare::rows(&sides[1]), suspects).await?;
        while let Some((divergence, advance)) = merge_step(one.head.as_ref(), other.head.as_ref()) {
            if let Some(divergence) = divergence {
                found.count(divergence);
            }
            if advance != Advance::Second {
                one.next().await?;
            }
            if advance != Advance::First {
                other.next().await?;
            }
        }
        Ok(())
    }

    /// The keys that each side has changed since `consumed`, the other side's progress at some moment.
    async fn keys_in_flight(&mut self, position: usize, consumed: &[String; 2]) -> Result<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        for source in Side::BOTH {
            let sql = compare::pending_keys(&self.tables[position].sides[source.index()], &self.spec.name);
            let rows = self.peers[source.index()]
                .rows(&sql, &[&consumed[source.index()]], "read pending keys")
                .await?;
            keys.extend(rows.iter().map(|row| row.get::<_, String>(0)));
        }
        Ok(keys)
    }

    async fn consumed(&mut self, source: Side) -> Result<String> {
        let sql = Sql::text("SELECT consumed::text FROM ponte.progress WHERE link = $1");
        let peer = &mut self.peers[source.other().index()];
        Ok(peer
            .row(&sql, &[&self.spec.name], "read the link's progress")
            .await?
            .get(0))
    }

    /// Keeps of a first look what a second one finds again.
    async fn confirm(&mut self, position: usize, before: TableComparison) -> Result<TableComparison> {
        let mut again = self.compare_table(position).await?;
        if before.keys.len() < KEYS_MAX && again.keys.len() < KEYS_MAX {
            let known: BTreeSet<&Divergence> = before.keys.iter().collect();
            let lasting: Vec<Divergence> = again.keys.iter().filter(|d| known.contains(d)).cloned().collect();
            let passing = again.keys.len() - lasting.len();
            again.in_flight += passing as u64;
            (again.missing, again.different, again.keys) = ([0, 0], 0, Vec::new());
            for divergence in lasting {
                again.count(divergence);
            }
        }
        Ok(again)
    }
}

impl TableComparison {
    fn counter(&mut self, divergence: &Divergence) -> &mut u64 {
        match divergence {
            Divergence::MissingInFirst(_) => &mut self.missing[0],
            Divergence::MissingInSecond(_) => &mut self.missing[1],
            Divergence::Different(_) => &mut self.different,
        }
    }

    /// Takes back what was counted about keys that are on their way.
    fn forget(&mut self, in_flight: &BTreeSet<String>) {
        let keys = std::mem::take(&mut self.keys);
        let (passing, lasting) = keys
            .into_iter()
            .partition::<Vec<_>, _>(|d| in_flight.contains(d.key()));
        for divergence in &passing {
            *self.counter(divergence) -= 1;
        }
        self.in_flight += passing.len() as u64;
        self.keys = lasting;
    }

    fn count(&mut self, divergence: Divergence) {
        *self.counter(&divergence) += 1;
        if self.keys.len() < KEYS_MAX {
            self.keys.push(divergence);
        }
    }
}

async fn buckets(peer: &Peer, sql: &Sql) -> Result<BTreeMap<i32, Bucket>> {
    let rows = peer.fresh_rows(sql, &[], "compute checksums").await?;
    Ok(rows
        .iter()
        .map(|row| {
            (
                row.get(0),
                Bucket {
                    rows: row.get(1),
                    low: row.get(2),
                    high: row.get(3),
                },
            )
        })
        .collect())
}

/// The sums over all buckets, wrapped to 64 bits each, as 32 hexadecimal digits.
fn checksum(buckets: &BTreeMap<i32, Bucket>) -> String {
    let sum = |part: fn(&Bucket) -> &str| {
        buckets.values().fold(0_i128, |sum, b| {
            sum.wrapping_add(part(b).parse::<i128>().unwrap_or(0))
        })
    };
    // Sums wrap round at 2^64 on purpose.
    let wrapped = |sum: i128| sum as u64;
    format!(
        "{:016x}{:016x}",
        wrapped(sum(|b| &b.low)),
        wrapped(sum(|b| &b.high))
    )
}

/// The rows of one side in key order, one in memory at a time.
struct SortedRows<'a> {
    peer: &'a Peer,
    rows: Pin<Box<dyn Stream<Item = Result<Row, tokio_postgres::Error>> + Send + 'a>>,
    head: Option<RowHash>,
}

impl<'a> SortedRows<'a> {
    async fn open(peer: &'a Peer, sql: &Sql, suspects: &[i32]) -> Result<Self> {
        let stream = peer.stream(sql, &[&suspects], "read keys").await?;
        let mut rows = Self {
            peer,
            rows: Box::pin(stream),
            head: None,
        };
        rows.next().await?;
        Ok(rows)
    }

    async fn next(&mut self) -> Result<()> {
        let row = self
            .rows
            .try_next()
            .await
            .during(|| self.peer.during("read keys"))?;
        self.head = row.map(|row| RowHash {
            key: row.get(0),
            hash: (row.get(1), row.get(2)),
        });
        Ok(())
    }
}
