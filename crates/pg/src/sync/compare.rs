//! `ponte sync diff`: whether both sides hold the same rows, decided inside the databases.
//!
//! Both sides are live, so checksums and hashes only point at keys that are suspect. Each of those is looked at by itself, in an order
//! that leaves no doubt: first what has arrived at either side, then the row on both, then whether either side has noted a change that had not
//! arrived at the beginning. A key without such a change was not touched from then to now, and what differs is a divergence. A key
//! with one is on its way, and is looked at again a moment later.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use ponte_schema::Sql;
use ponte_sync::compare::{
    self, Advance, Bucket, Divergence, RowHash, differing, looked_at, merge_step, verdict,
};
use ponte_sync::link::Side;
use ponte_sync::parked;
use ponte_sync::table::TableSide;
use tokio_postgres::Row;

use super::pass::LiveLink;
use super::peer::{Access, Peer};
use crate::error::{During, Result};

/// How many suspect keys of a table are looked at; where there are more, what is found is the least that differs.
const SUSPECTS_MAX: usize = 100_000;

/// How many keys are looked at in one statement.
const LOOK_KEYS: usize = 2_000;

/// How often keys that are on their way are looked at again, and after what pause.
const LOOKS: u32 = 3;
const LOOK_AGAIN: Duration = Duration::from_millis(300);

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
    /// Whether there were more suspect keys than are looked at, so that more may differ than is said.
    pub at_least: bool,
    /// Keys that differ because they are parked until a person decides, with their conflicts; not counted above.
    pub parked: Vec<ParkedKey>,
    /// The divergent keys.
    pub keys: Vec<Divergence>,
    /// Both checksums of all rows, the same on both sides where they are equal.
    pub checksum: [String; 2],
}

/// A key whose conflict waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedKey {
    /// The key, in the form in which rows are compared.
    pub key: String,
    /// The node that found the conflict.
    pub node: String,
    /// Its number there.
    pub conflict: i64,
}

impl TableComparison {
    /// Whether nothing differs but what is on its way.
    pub fn equal(&self) -> bool {
        self.parked.is_empty() && self.only_parked()
    }

    /// Whether nothing differs but what is on its way, and what is parked.
    pub fn only_parked(&self) -> bool {
        self.missing == [0, 0] && self.different == 0 && !self.at_least
    }

    fn count(&mut self, divergence: Divergence) {
        *match &divergence {
            Divergence::MissingInFirst(_) => &mut self.missing[0],
            Divergence::MissingInSecond(_) => &mut self.missing[1],
            Divergence::Different(..) => &mut self.different,
        } += 1;
        self.keys.push(divergence);
    }
}

impl LiveLink {
    /// Compares every table.
    ///
    /// # Errors
    /// What a server reports.
    pub async fn compare(&mut self) -> Result<Vec<TableComparison>> {
        let mut found = Vec::with_capacity(self.tables.len());
        for position in 0..self.tables.len() {
            found.push(self.compare_table(position).await?);
        }
        Ok(found)
    }

    /// Compares the n-th table.
    ///
    /// # Errors
    /// What a server reports.
    pub async fn compare_table(&mut self, position: usize) -> Result<TableComparison> {
        let evaluates = self.begin_evaluating(position).await?;
        let outcome = self.compare_rows(position).await;
        if evaluates {
            for peer in &mut self.peers {
                peer.roll_back().await;
            }
        }
        outcome
    }

    fn evaluates(&self, position: usize) -> bool {
        self.tables[position].sides.iter().any(TableSide::has_expressions)
    }

    /// Begins a transaction on both sides where expressions of the user's are to be evaluated: that is done as in a batch, under the
    /// role's own search path. Answers whether it did.
    pub(crate) async fn begin_evaluating(&mut self, position: usize) -> Result<bool> {
        let evaluates = self.evaluates(position);
        if evaluates {
            let path = Sql::text("SET LOCAL search_path TO DEFAULT");
            for peer in &mut self.peers {
                peer.begin(Access::Write, &path, "begin to compare").await?;
            }
        }
        Ok(evaluates)
    }

    async fn compare_rows(&mut self, position: usize) -> Result<TableComparison> {
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
            at_least: false,
            parked: Vec::new(),
            keys: Vec::new(),
            checksum: [checksum(&one), checksum(&other)],
        };
        let differing = differing(&one, &other);
        if differing.is_empty() {
            return Ok(comparison);
        }
        let (suspects, at_least) = self.suspects(position, &differing).await?;
        comparison.at_least = at_least;
        let (divergences, in_flight) = self.settle(position, suspects, LOOKS).await?;
        comparison.in_flight = in_flight;
        let mut parked = self.parked_keys(position).await?;
        for divergence in divergences {
            match parked.remove(divergence.key()) {
                Some(key) => comparison.parked.push(key),
                None => comparison.count(divergence),
            }
        }
        Ok(comparison)
    }

    /// Merges the rows of these buckets of both sides; answers the keys that are not the same, and whether there are too many.
    async fn suspects(&mut self, position: usize, buckets: &[i32]) -> Result<(BTreeSet<String>, bool)> {
        // Where expressions are evaluated, there is a transaction, with the path that they need.
        if self.evaluates(position) {
            return self.merge(position, buckets).await;
        }
        for peer in &mut self.peers {
            peer.begin(Access::Read, &Sql::default(), "read keys").await?;
        }
        let outcome = self.merge(position, buckets).await;
        for peer in &mut self.peers {
            peer.roll_back().await;
        }
        outcome
    }

    async fn merge(&self, position: usize, buckets: &[i32]) -> Result<(BTreeSet<String>, bool)> {
        let sides = &self.tables[position].sides;
        let mut one = SortedRows::open(&self.peers[0], &compare::rows(&sides[0]), buckets).await?;
        let mut other = SortedRows::open(&self.peers[1], &compare::rows(&sides[1]), buckets).await?;
        let mut suspects = BTreeSet::new();
        while let Some((suspect, advance)) = merge_step(one.head.as_ref(), other.head.as_ref()) {
            if suspects.len() >= SUSPECTS_MAX {
                return Ok((suspects, true));
            }
            suspects.extend(suspect);
            if advance != Advance::Second {
                one.next().await?;
            }
            if advance != Advance::First {
                other.next().await?;
            }
        }
        Ok((suspects, false))
    }

    /// Looks at keys until each of them is known to be the same or not; answers those that are not, and how many were on their way to
    /// the end.
    pub(crate) async fn settle(
        &mut self,
        position: usize,
        suspects: BTreeSet<String>,
        looks: u32,
    ) -> Result<(Vec<Divergence>, u64)> {
        let mut found = Vec::new();
        let mut open: Vec<String> = suspects.into_iter().collect();
        for look in 1..=looks {
            let mut moving = Vec::new();
            for keys in open.chunks(LOOK_KEYS) {
                self.look(position, keys, &mut found, &mut moving).await?;
            }
            open = moving;
            if open.is_empty() || look == looks {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok((found, open.len() as u64))
    }

    async fn look(
        &mut self,
        position: usize,
        keys: &[String],
        found: &mut Vec<Divergence>,
        moving: &mut Vec<String>,
    ) -> Result<()> {
        let arrived = [
            self.consumed(Side::First).await?,
            self.consumed(Side::Second).await?,
        ];
        let sides = &self.tables[position].sides;
        let (columns, exact) = looked_at(&sides[0]);
        let [first, second] = &mut self.peers;
        let (one, other) = tokio::try_join!(
            rows_of(first, compare::look(&sides[0]), keys),
            rows_of(second, compare::look(&sides[1]), keys)
        )?;
        let differing: BTreeMap<usize, Divergence> = (0..keys.len())
            .filter_map(|n| {
                let looks = [&one, &other].map(|rows| rows.get(&n));
                // A row that is outside the filter, and stays on both sides whatever it is like.
                if looks.contains(&Some(&None)) {
                    return None;
                }
                let rows = looks.map(|look| look?.as_deref());
                Some((n, verdict(&keys[n], (&columns, exact), rows)?))
            })
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        let mut on_their_way = BTreeSet::new();
        for source in Side::BOTH {
            let sql = compare::pending(&self.tables[position].sides[source.index()], &self.spec.name);
            let rows = self.peers[source.index()]
                .rows(&sql, &[&keys, &arrived[source.index()]], "read pending keys")
                .await?;
            on_their_way.extend(rows.iter().map(number));
        }
        for (n, divergence) in differing {
            if on_their_way.contains(&n) {
                moving.push(keys[n].clone());
            } else {
                found.push(divergence);
            }
        }
        Ok(())
    }

    /// The keys that are parked on either side.
    async fn parked_keys(&mut self, position: usize) -> Result<BTreeMap<String, ParkedKey>> {
        let mut keys = BTreeMap::new();
        for side in Side::BOTH {
            let sql = parked::listed_keys(&self.tables[position].sides[side.index()], &self.spec.name);
            let peer = &mut self.peers[side.index()];
            let rows = peer.rows(&sql, &[], "read parked keys").await?;
            keys.extend(rows.iter().map(|row| {
                let key: String = row.get(0);
                let (node, conflict) = (peer.name().to_owned(), row.get(1));
                (key.clone(), ParkedKey { key, node, conflict })
            }));
        }
        Ok(keys)
    }

    /// What of `source` has arrived at the other side.
    pub(crate) async fn consumed(&mut self, source: Side) -> Result<String> {
        let sql = Sql::text("SELECT consumed::text FROM ponte.progress WHERE link = $1");
        let peer = &mut self.peers[source.other().index()];
        Ok(peer
            .row(&sql, &[&self.spec.name], "read the link's progress")
            .await?
            .get(0))
    }
}

/// The position of a key, which the server counts from 1.
pub(crate) fn number(row: &Row) -> usize {
    usize::try_from(row.get::<_, i64>(0) - 1).unwrap_or(usize::MAX)
}

/// The hashes of a row; none where it is outside the filter.
type Look = Option<Vec<Option<i64>>>;

async fn rows_of(peer: &mut Peer, sql: Sql, keys: &[String]) -> Result<BTreeMap<usize, Look>> {
    let rows = peer.rows(&sql, &[&keys], "look at rows").await?;
    Ok(rows.iter().map(|row| (number(row), row.get(1))).collect())
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
            loose: row.get(3),
        });
        Ok(())
    }
}
