//! A light batch at its target, in one journey, while the source is told what is on offer.

use futures_util::future::{join, join_all, join3};
use ponte_schema::Sql;
use ponte_sync::light;
use ponte_sync::link::LinkSpec;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

use super::glance::{Fate, Load, LoadedRow, TableLoad};
use super::raw::Raw;
use super::{TableWay, Way};
use crate::error::{During, Result};
use crate::sync::apply::Applied;
use crate::sync::peer::{Access, Peer};

/// What the transaction begins with, before the fence. Nothing is left to be checked at the commit.
const FIRST: &str = "SET LOCAL search_path TO DEFAULT; SET CONSTRAINTS ALL IMMEDIATE";

const WHAT: &str = "write rows";

/// What came of a light batch.
pub(crate) enum Outcome {
    /// It is written and counted, and its transaction is open; whether a batch of the link was being applied to the source meanwhile.
    Written { applied: Applied, overlaps: bool },
    /// It needs the ordinary way. Nothing is written.
    Disturbed,
}

/// A row of a batch and the statement that writes it.
struct Writing<'a> {
    statement: Statement,
    values: &'a [Raw],
}

/// Writes a batch, but for the commit.
///
/// # Errors
/// A connection is lost, or the source cannot be told.
pub(crate) async fn write(
    way: &Way,
    spec: &LinkSpec,
    load: &Load,
    source: &mut Peer,
    target: &mut Peer,
) -> Result<Outcome> {
    let attempt = attempt(way, spec, load, source, target).await;
    let disturbed = match attempt {
        Ok(Some(outcome)) => return Ok(outcome),
        Ok(None) => Ok(Outcome::Disturbed),
        Err(error) if source.is_gone() || target.is_gone() => Err(error),
        Err(error) => {
            tracing::debug!(link = spec.name, "a light batch goes the ordinary way: {error}");
            Ok(Outcome::Disturbed)
        }
    };
    target.abandon().await;
    disturbed
}

async fn attempt(
    way: &Way,
    spec: &LinkSpec,
    load: &Load,
    source: &mut Peer,
    target: &mut Peer,
) -> Result<Option<Outcome>> {
    let applied = count(load);
    let (upserts, deletes) = (signed(applied.upserts), signed(applied.deletes));
    let (from, to, seen) = (load.from.as_str(), load.to.as_str(), load.seen.as_str());
    let fence = target.prepare(&way.fence, WHAT).await?;
    let look = target.prepare(&way.look, WHAT).await?;
    let writings = writings(way, load, target).await?;
    let clock = target
        .prepare_as(&light::push_clock(), &[Type::TIMESTAMPTZ], WHAT)
        .await?;
    let offer = Offer::prepare(source).await?;

    let begin = target.enter(Access::Write, &Sql::text(FIRST)).await;
    let (client, source) = (target.session().client(), &*source);
    let during = || target.during(WHAT);
    let fenced = async {
        let params: [&(dyn ToSql + Sync); 5] = [&spec.name, &from, &to, &upserts, &deletes];
        let (begun, taken) = join(
            client.batch_execute(begin.as_str()),
            client.query(&fence, &params),
        )
        .await;
        begun.during(during)?;
        if taken.during(during)?.is_empty() {
            return Ok(None);
        }
        // Only who holds the fence may offer.
        offer.make(source, spec, load).await.map(Some)
    };
    let written = async {
        let clocks = load.tables.iter().filter_map(|table| table.newest.as_ref());
        let pushed = join_all(clocks.map(|newest| client.execute_raw(&clock, [newest])));
        let rows = join_all(
            writings
                .iter()
                .map(|w| client.execute_raw(&w.statement, w.values)),
        );
        let looked: [&(dyn ToSql + Sync); 2] = [&spec.name, &seen];
        let (pushed, rows, looked) = join3(pushed, rows, client.query(&look, &looked)).await;
        let pushed: std::result::Result<Vec<u64>, _> = pushed.into_iter().collect();
        pushed.during(during)?;
        let rows: std::result::Result<Vec<u64>, _> = rows.into_iter().collect();
        let rows = rows.during(during)?;
        let all = rows.iter().all(|n| *n == 1);
        looked.during(during).map(|looked| (all, looked))
    };
    let (overlaps, written) = join(fenced, written).await;
    let (Some(overlaps), (all, looked)) = (overlaps?, written?) else {
        return Ok(None);
    };
    if !all || !is_usual(way, load, &looked, target).await? {
        return Ok(None);
    }
    Ok(Some(Outcome::Written { applied, overlaps }))
}

fn count(load: &Load) -> Applied {
    let deletes = load.rows().filter(|row| row.fate == Fate::Gone).count();
    Applied {
        upserts: (load.rows().count() - deletes) as u64,
        deletes: deletes as u64,
        ..Applied::default()
    }
}

fn signed(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The statements in the order in which they run: for each table deletes, so that unique values are free, then updates and inserts.
async fn writings<'a>(way: &Way, load: &'a Load, target: &mut Peer) -> Result<Vec<Writing<'a>>> {
    let mut writings = Vec::with_capacity(load.rows().count());
    for loaded in &load.tables {
        let Some(table) = &way.tables[loaded.position] else {
            continue;
        };
        let types = types(table, target).await?;
        for fate in [Fate::Gone, Fate::Updated, Fate::Inserted] {
            let rows = loaded.rows.iter().filter(|row| row.fate == fate);
            for LoadedRow { values, .. } in rows {
                let sql = match fate {
                    Fate::Gone => &table.delete,
                    Fate::Inserted => &table.insert,
                    Fate::Updated => table.update.as_ref().unwrap_or(&table.insert),
                };
                let statement = target.prepare_as(sql, &types[..values.len()], WHAT).await?;
                writings.push(Writing { statement, values });
            }
        }
    }
    Ok(writings)
}

/// The types of a row's values, the key first.
async fn types(table: &TableWay, target: &mut Peer) -> Result<Vec<Type>> {
    let statement = target.prepare(&table.types, WHAT).await?;
    Ok(statement.columns().iter().map(|c| c.type_().clone()).collect())
}

/// Whether nothing was unusual, and none of the keys that were written had been changed here too.
async fn is_usual(way: &Way, load: &Load, looked: &[Row], target: &mut Peer) -> Result<bool> {
    let Some(row) = looked.first() else {
        return Ok(false);
    };
    let local: Vec<bool> = row.get(1);
    if row.get(0) {
        return Ok(false);
    }
    for loaded in &load.tables {
        if local.get(loaded.position) == Some(&true) && any_changed_here(way, load, loaded, target).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn any_changed_here(way: &Way, load: &Load, loaded: &TableLoad, target: &mut Peer) -> Result<bool> {
    let Some(table) = &way.tables[loaded.position] else {
        return Ok(true);
    };
    let mut types = types(table, target).await?;
    types.truncate(table.key_columns);
    types.push(Type::TEXT);
    let statement = target.prepare_as(&table.changed_here, &types, WHAT).await?;
    let seen = load.seen.as_str();
    let client: &Client = target.session().client();
    let looks = loaded.rows.iter().map(|row| {
        let key = row.values[..table.key_columns]
            .iter()
            .map(|value| value as &(dyn ToSql + Sync));
        let params: Vec<&(dyn ToSql + Sync)> = key.chain([&seen as &(dyn ToSql + Sync)]).collect();
        let statement = &statement;
        async move { client.query(statement, &params).await }
    });
    for found in join_all(looks).await {
        let rows = found.during(|| target.during("look for local changes"))?;
        if rows.first().is_none_or(|row| row.get(0)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the source is told, and asked, before the target commits.
struct Offer {
    offer: Statement,
}

impl Offer {
    async fn prepare(source: &mut Peer) -> Result<Self> {
        let offer = source.prepare(&light::offer(), WHAT).await?;
        Ok(Self { offer })
    }

    /// Makes the source remember and keep what was read; answers whether a batch of the link was being applied there meanwhile.
    async fn make(&self, source: &Peer, spec: &LinkSpec, load: &Load) -> Result<bool> {
        let (from, to, seen) = (load.from.as_str(), load.to.as_str(), load.seen.as_str());
        let params: [&(dyn ToSql + Sync); 4] = [&spec.name, &to, &from, &seen];
        let told = source.session().client().query(&self.offer, &params).await;
        let told = told.during(|| source.during("offer what was read"))?;
        Ok(told
            .first()
            .is_none_or(|row| row.get::<_, Option<bool>>(0) != Some(true)))
    }
}
