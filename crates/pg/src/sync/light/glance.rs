//! What the source of a light batch shows in one snapshot, and the rows themselves.

use ponte_schema::Sql;
use ponte_sync::light::{BEFORE_KEY, ROWS_MAX, STANDING_VALUES};
use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::snapshot::Snapshot;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::raw::Raw;
use super::{TableWay, Way};
use crate::error::Result;
use crate::sync::inspect::LinkedTable;
use crate::sync::install::parse_snapshot;
use crate::sync::members;
use crate::sync::peer::Peer;

/// How often it is looked where tables have changes that had none before: their rows have to come out of the same snapshot.
const LOOKS: usize = 2;

/// What the glance starts from.
pub(crate) struct Asked<'a> {
    pub(crate) spec: &'a LinkSpec,
    pub(crate) source: Side,
    pub(crate) tables: &'a [LinkedTable],
    /// What the target held of the source when it was asked last, and the other way round.
    pub(crate) from: &'a Snapshot,
    pub(crate) back: &'a Snapshot,
}

/// What there is.
pub(crate) enum Sight {
    /// Nothing to be carried; whether the source knows what has arrived.
    Nothing { acknowledged: bool },
    /// A handful of rows.
    Light(Box<Load>),
    /// Something else.
    Other,
}

/// A light batch that has been read.
pub(crate) struct Load {
    pub(super) from: Snapshot,
    pub(super) to: Snapshot,
    /// What the source had consumed of the target.
    pub(super) seen: Snapshot,
    /// In the order in which tables are written.
    pub(super) tables: Vec<TableLoad>,
}

/// The rows of one table.
pub(super) struct TableLoad {
    pub(super) position: usize,
    pub(super) newest: Option<Raw>,
    pub(super) rows: Vec<LoadedRow>,
}

/// One row: its key, and its other columns where it is there.
pub(super) struct LoadedRow {
    pub(super) fate: Fate,
    pub(super) values: Vec<Raw>,
}

/// What became of a row at its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Inserted,
    Updated,
    Gone,
}

impl Load {
    /// The snapshot that the target will have consumed.
    pub(crate) fn to(&self) -> &Snapshot {
        &self.to
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &LoadedRow> {
        self.tables.iter().flat_map(|table| &table.rows)
    }
}

/// How the source stood.
struct Standing {
    now: Snapshot,
    seen: Snapshot,
    acknowledged: bool,
    /// The target holds what was offered or has been acknowledged.
    known: bool,
    unusual: bool,
    joined: Vec<String>,
    pending: Vec<i64>,
}

/// Looks at the source, and reads what it has, if that is a handful of rows.
///
/// # Errors
/// What the server reports.
pub(crate) async fn glance(way: &mut Way, asked: &Asked<'_>, peer: &mut Peer) -> Result<Sight> {
    for _ in 0..LOOKS {
        let expected = std::mem::take(&mut way.expected);
        let mut read = read(way, asked, &expected, peer).await?;
        let Some(standing) = read.standing.take().filter(|s| is_usual(s, asked)) else {
            return Ok(Sight::Other);
        };
        let touched = |position: &usize| standing.pending.get(*position).is_some_and(|n| *n > 0);
        way.expected = (0..way.tables.len()).filter(touched).collect();
        if way.expected.is_empty() {
            way.expected = expected;
            return Ok(Sight::Nothing {
                acknowledged: standing.acknowledged,
            });
        }
        if standing.pending.iter().sum::<i64>() > ROWS_MAX
            || way.expected.iter().any(|i| way.tables[*i].is_none())
        {
            return Ok(Sight::Other);
        }
        if way.expected.iter().all(|i| expected.contains(i)) {
            read.rows.retain(|(position, _)| touched(position));
            return Ok(
                load(way, asked, standing, &read).map_or(Sight::Other, |load| Sight::Light(Box::new(load)))
            );
        }
    }
    Ok(Sight::Other)
}

/// How the source stands, and the rows of tables, each with the column at which they begin.
struct Read {
    standing: Option<Standing>,
    rows: Vec<(usize, Vec<Row>)>,
    column: usize,
}

/// One statement where one table is expected to have changes, as nearly always; else one for each, in a transaction.
async fn read(way: &Way, asked: &Asked<'_>, expected: &[usize], peer: &mut Peer) -> Result<Read> {
    const WHAT: &str = "look for changes";
    let from = asked.from.as_str();
    let (whole, consumed): ([&(dyn ToSql + Sync); 2], [&(dyn ToSql + Sync); 1]) =
        ([&asked.spec.name, &from], [&from]);
    let standing = |rows: &[Row]| rows.first().map(|row| standing_of(row, asked.from)).transpose();
    let loaded = expected
        .iter()
        .filter_map(|i| Some((*i, way.tables[*i].as_ref()?)));
    let loaded: Vec<(usize, &TableWay)> = loaded.collect();
    if let [(position, table)] = loaded[..] {
        let mut rows = peer.rows(&table.glance_with_rows, &whole, WHAT).await?;
        let standing = standing(&rows)?;
        rows.retain(|row| row.get::<_, Option<bool>>(STANDING_VALUES).is_some());
        return Ok(Read {
            standing,
            rows: vec![(position, rows)],
            column: STANDING_VALUES,
        });
    }
    if loaded.is_empty() {
        return Ok(Read {
            standing: standing(&peer.rows(&way.glance, &whole, WHAT).await?)?,
            rows: Vec::new(),
            column: 0,
        });
    }
    let mut statements: Vec<(&Sql, &[&(dyn ToSql + Sync)])> = vec![(&way.glance, &whole)];
    statements.extend(loaded.iter().map(|(_, table)| (&table.rows, &consumed[..])));
    let answers = peer.read_at_once(&statements, WHAT).await?;
    let mut answers = answers.into_iter();
    let standing = standing(&answers.next().unwrap_or_default())?;
    let positions = loaded.iter().map(|(position, _)| *position);
    Ok(Read {
        standing,
        rows: positions.zip(answers).collect(),
        column: 0,
    })
}

fn standing_of(row: &Row, from: &Snapshot) -> Result<Standing> {
    let acknowledged = parse_snapshot(row.get(2))? == *from;
    let offered = row.get::<_, Option<&str>>(3).map(parse_snapshot).transpose()?;
    Ok(Standing {
        now: parse_snapshot(row.get(0))?,
        seen: parse_snapshot(row.get(1))?,
        acknowledged,
        known: acknowledged || offered.is_some_and(|offered| offered == *from),
        unusual: row.get(4),
        joined: row.get(5),
        pending: row.get(6),
    })
}

fn is_usual(standing: &Standing, asked: &Asked<'_>) -> bool {
    !standing.unusual
        && standing.known
        && standing.seen == *asked.back
        && !standing.now.went_back_from(asked.from)
        && members::same_in_snapshot(asked.spec, asked.source, asked.tables, &standing.joined).is_ok()
}

/// The batch; `None` where it deletes more than a light one may.
fn load(way: &Way, asked: &Asked<'_>, standing: Standing, read: &Read) -> Option<Load> {
    let mut tables = Vec::with_capacity(read.rows.len());
    for (position, rows) in &read.rows {
        let table = way.tables[*position].as_ref()?;
        let loaded: Vec<LoadedRow> = rows
            .iter()
            .map(|row| row_of(row, read.column, table.key_columns))
            .collect();
        let deletes = loaded.iter().filter(|row| row.fate == Fate::Gone).count() as u64;
        if deletes > table.deletes_max {
            return None;
        }
        let newest = rows.first().filter(|_| table.pushes_clock);
        tables.push(TableLoad {
            position: *position,
            newest: newest.map(|row| row.get(read.column + 2)),
            rows: loaded,
        });
    }
    Some(Load {
        from: asked.from.clone(),
        to: standing.now,
        seen: standing.seen,
        tables,
    })
}

fn row_of(row: &Row, column: usize, key_columns: usize) -> LoadedRow {
    let fate = match (row.get(column), row.get(column + 1)) {
        (false, _) => Fate::Gone,
        (true, true) => Fate::Inserted,
        (true, false) => Fate::Updated,
    };
    let key = column + BEFORE_KEY;
    let end = if fate == Fate::Gone {
        key + key_columns
    } else {
        row.len()
    };
    LoadedRow {
        fate,
        values: (key..end).map(|i| row.get(i)).collect(),
    }
}
