//! Which chunks a first contact consists of, as `ponte.copy_chunk` at each target holds it.
//!
//! A plan is made once and kept: the bounds of its chunks are what the marks of an interrupted run mean. It is void where the source is
//! another database than it was made for.

use ponte_schema::{QualifiedName, Sql};
use ponte_sync::chunk::{self, Order, Range};
use ponte_sync::link::Side;
use ponte_sync::order::waves;
use ponte_sync::table::TableSide;
use ponte_sync::value::Value;

use super::{InitOptions, TableProgress};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::inspect::foreign_keys;
use crate::sync::pass::LiveLink;
use crate::sync::peer::{Access, Peer};

/// More chunks than this help nobody.
const CHUNKS_MAX: i64 = 256;

/// Where no index may serve the order of the key, each chunk reads the whole table.
const UNINDEXED_CHUNKS_MAX: i64 = 16;

/// How a table's rows come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Straight into the empty side.
    Copy,
    /// Through the stage, because both sides hold rows.
    Unite,
}

impl Route {
    fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Unite => "unite",
        }
    }

    fn named(name: &str) -> Self {
        if name == "unite" { Self::Unite } else { Self::Copy }
    }
}

/// A table's part of a first contact.
#[derive(Debug, Clone)]
pub(super) struct TablePlan {
    /// Its position in the link.
    pub(super) table: usize,
    pub(super) source: Side,
    pub(super) route: Route,
    pub(super) chunks: Vec<Chunk>,
}

/// One range of keys.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) number: i32,
    pub(super) range: Range,
    /// Whether an earlier run has carried it.
    pub(super) done: bool,
    rows_expected: i64,
    rows: i64,
}

impl TablePlan {
    /// Whether an earlier run has carried some of it, under another snapshot.
    pub(super) fn begun_before(&self) -> bool {
        self.chunks.iter().any(|c| c.done)
    }
}

/// A first contact that is not complete, as one node sees what comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// Chunks.
    pub chunks: i64,
    /// Chunks that have been carried.
    pub chunks_done: i64,
    /// Rows in all of them, when they were planned.
    pub rows_expected: i64,
    /// Rows that have been carried.
    pub rows: i64,
}

/// How many rows of a table take part. A filter is evaluated as in a batch: under the role's own search path.
async fn rows_of(reader: &mut Peer, side: &TableSide) -> Result<i64> {
    let filtered = side.filter.is_some();
    if filtered {
        let path = Sql::text("SET LOCAL search_path TO DEFAULT");
        reader.begin(Access::Read, &path, "begin to count rows").await?;
    }
    let counted = reader.value(&chunk::count(side), "count rows").await;
    if filtered {
        reader.roll_back().await;
    }
    Ok(counted?.and_then(|n| n.parse().ok()).unwrap_or(0))
}

/// Reads how far the first contact of a link has come on one node; `None` where nothing comes to it.
pub(crate) async fn unfinished(link: &str, peer: &mut Peer) -> Result<Option<Unfinished>> {
    // An installation by an earlier release has no such table before its next `init`.
    if !peer
        .holds(
            &Sql::text("SELECT to_regclass('ponte.copy_chunk') IS NOT NULL"),
            "look for chunks",
        )
        .await?
    {
        return Ok(None);
    }
    let sql = Sql::text(
        "SELECT count(*), count(copied_at), coalesce(sum(rows_expected), 0)::bigint, coalesce(sum(rows), 0)::bigint \
         FROM ponte.copy_chunk WHERE link = $1",
    );
    let row = peer.row(&sql, &[&link], "read the first contact").await?;
    let found = Unfinished {
        chunks: row.get(0),
        chunks_done: row.get(1),
        rows_expected: row.get(2),
        rows: row.get(3),
    };
    Ok((found.chunks > 0).then_some(found))
}

impl LiveLink {
    /// The plan of every table, that of an earlier run where there is one.
    pub(super) async fn contact_plans(&mut self, options: &InitOptions) -> Result<Vec<TablePlan>> {
        for side in Side::BOTH {
            self.forget_other_sources(side).await?;
        }
        let mut plans = self.recorded_plans().await?;
        let new: Vec<usize> = (0..self.tables.len())
            .filter(|t| !plans.iter().any(|p| p.table == *t))
            .collect();
        let mut routes: Vec<Option<(Side, Route)>> = vec![None; self.tables.len()];
        for plan in &plans {
            routes[plan.table] = Some((plan.source, plan.route));
        }
        for &table in &new {
            routes[table] = Some(self.route(table).await?);
        }
        self.unite_below_united(&new, &mut routes);
        let solid = self.references_itself();
        for &table in &new {
            let Some((source, route)) = routes[table] else {
                continue;
            };
            let options = (!solid[table]).then_some(options);
            self.record_plan(table, source, route, options).await?;
        }
        if !new.is_empty() {
            plans = self.recorded_plans().await?;
        }
        Ok(plans)
    }

    /// What people see of a plan.
    pub(super) fn progress_of(&self, plan: &TablePlan) -> TableProgress {
        let sum = |of: fn(&Chunk) -> i64| u64::try_from(plan.chunks.iter().map(of).sum::<i64>()).unwrap_or(0);
        TableProgress {
            number: plan.table,
            table: self.tables[plan.table].name().to_string(),
            from: self.spec.node(plan.source).to_owned(),
            to: self.spec.node(plan.source.other()).to_owned(),
            // What is done counts with what it had, what is not with what it should have.
            rows_expected: sum(|c| if c.done { c.rows } else { c.rows_expected }),
            rows: sum(|c| c.rows),
            rows_before: sum(|c| c.rows),
            chunks: plan.chunks.len(),
            chunks_done: plan.chunks.iter().filter(|c| c.done).count(),
            ..TableProgress::default()
        }
    }

    /// Where rows come from and how. A table that is empty on both sides is copied like one that is empty on the second side: rows that
    /// are added meanwhile may be referenced by others.
    async fn route(&mut self, table: usize) -> Result<(Side, Route)> {
        let mut filled = [false; 2];
        for side in Side::BOTH {
            let name = &self.tables[table].sides[side.index()].name;
            let sql = Sql::render("SELECT EXISTS (SELECT FROM {table})", &[("table", name)]);
            filled[side.index()] = self.peers[side.index()].holds(&sql, "look for rows").await?;
        }
        // Rows that have to be sent back need a batch, which only the stage makes.
        if self.tables[table].sides.iter().any(|side| side.derived) {
            return Ok((Side::First, Route::Unite));
        }
        Ok(match filled {
            [_, false] => (Side::First, Route::Copy),
            [false, true] => (Side::Second, Route::Copy),
            [true, true] => (Side::First, Route::Unite),
        })
    }

    /// References between the tables of the link on either side, as (child, parent).
    pub(super) fn reference_edges(&self) -> Vec<(usize, usize)> {
        let position = |name: &QualifiedName, side: Side| {
            let named = |t: &crate::sync::inspect::LinkedTable| t.sides[side.index()].name == *name;
            self.tables.iter().position(named)
        };
        let edges = Side::BOTH.into_iter().flat_map(|side| {
            foreign_keys(&self.tables, side)
                .into_iter()
                .filter_map(move |key| {
                    Some((
                        position(&key.child_name(), side)?,
                        position(&key.parent_name(), side)?,
                    ))
                })
        });
        edges.collect()
    }

    /// Tables that reference themselves, directly or in a ring: cut into chunks, one would reference rows of the next.
    fn references_itself(&self) -> Vec<bool> {
        let edges = self.reference_edges();
        let mut solid = vec![false; self.tables.len()];
        for group in waves(self.tables.len(), &edges).into_iter().flatten() {
            for &table in &group {
                solid[table] = group.len() > 1 || edges.contains(&(table, table));
            }
        }
        solid
    }

    /// A child of a united table is united too: its parents are all there only then.
    fn unite_below_united(&self, new: &[usize], routes: &mut [Option<(Side, Route)>]) {
        let edges = self.reference_edges();
        let united = |route: Option<(Side, Route)>| matches!(route, Some((_, Route::Unite)));
        while let Some((child, _)) = edges
            .iter()
            .find(|(child, parent)| new.contains(child) && united(routes[*parent]) && !united(routes[*child]))
        {
            routes[*child] = Some((Side::First, Route::Unite));
        }
    }

    /// A plan for rows of another database than the one that is there now says nothing.
    async fn forget_other_sources(&mut self, target: Side) -> Result<()> {
        let source = self.peers[target.other().index()].id();
        let sql = Sql::text("DELETE FROM ponte.copy_chunk WHERE link = $1 AND source_id <> $2");
        self.peers[target.index()]
            .rows(&sql, &[&self.spec.name, &source], "forget an earlier plan")
            .await
            .map(drop)
    }

    async fn recorded_plans(&mut self) -> Result<Vec<TablePlan>> {
        let mut plans = Vec::with_capacity(self.tables.len());
        for table in 0..self.tables.len() {
            for source in Side::BOTH {
                plans.extend(self.recorded_plan(table, source).await?);
            }
        }
        Ok(plans)
    }

    async fn recorded_plan(&mut self, table: usize, source: Side) -> Result<Option<TablePlan>> {
        let sql = Sql::text(
            "SELECT chunk, route, key_from, key_to, copied_at IS NOT NULL, rows_expected, rows FROM ponte.copy_chunk \
             WHERE link = $1 AND table_schema = $2 AND table_name = $3 ORDER BY chunk",
        );
        let target = source.other().index();
        let name = self.tables[table].sides[target].name.clone();
        let rows = self.peers[target]
            .rows(
                &sql,
                &[&self.spec.name, &name.schema.as_str(), &name.name.as_str()],
                "read the plan of the first contact",
            )
            .await?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let route = Route::named(first.get(1));
        let order = self.key_order(table, source).await?;
        let chunk = |row: &tokio_postgres::Row| Chunk {
            number: row.get(0),
            range: Range::between(&order, row.get(2), row.get(3)),
            done: row.get(4),
            rows_expected: row.get(5),
            rows: row.get(6),
        };
        Ok(Some(TablePlan {
            table,
            source,
            route,
            chunks: rows.iter().map(chunk).collect(),
        }))
    }

    async fn key_order(&mut self, table: usize, source: Side) -> Result<Vec<Order>> {
        let side = &self.tables[table].sides[source.index()];
        // Keys of two types may be ordered in two ways.
        if side.outgoing.key.iter().any(Value::is_changed) {
            return Ok(vec![Order::None; side.key.len()]);
        }
        let key: Vec<&str> = side.key.iter().map(ponte_schema::Ident::as_str).collect();
        let rows = self.peers[source.index()]
            .rows(
                &chunk::orders(),
                &[&side.name.schema.as_str(), &side.name.name.as_str(), &key],
                "look at the key's types",
            )
            .await?;
        rows.iter()
            .map(|row| {
                let word: &str = row.get(0);
                serde_json::from_value(word.into()).map_err(|e| {
                    Error::new(ErrorKind::Internal, "cannot read how a key is ordered").because(e)
                })
            })
            .collect()
    }

    /// Cuts a table and writes the plan down at its target, unless somebody else has done so meanwhile.
    /// Without options the table stays whole.
    async fn record_plan(
        &mut self,
        table: usize,
        source: Side,
        route: Route,
        options: Option<&InitOptions>,
    ) -> Result<()> {
        let order = self.key_order(table, source).await?;
        let side = self.tables[table].sides[source.index()].clone();
        let reader = &mut self.peers[source.index()];
        let rows = rows_of(reader, &side).await?;
        let most = if order.iter().all(|o| *o == Order::Own) {
            CHUNKS_MAX
        } else {
            UNINDEXED_CHUNKS_MAX
        };
        let wanted = options.map_or(1, |o| o.chunks_of(rows).clamp(1, most));
        let mut bounds: Vec<Vec<String>> = Vec::new();
        if wanted > 1 && !chunk::comparable(&order).is_empty() {
            let sql = chunk::bounds(&side, &order, rows, wanted);
            let found = reader.rows(&sql, &[], "choose bounds for chunks").await?;
            bounds = found.iter().map(|row| row.get(0)).collect();
            bounds.dedup();
        }
        self.insert_plan(table, source, route, rows, &bounds).await
    }

    async fn insert_plan(
        &mut self,
        table: usize,
        source: Side,
        route: Route,
        rows: i64,
        bounds: &[Vec<String>],
    ) -> Result<()> {
        let target = source.other().index();
        let name = self.tables[table].sides[target].name.clone();
        let source_id = self.peers[source.index()].id();
        // A bound travels as the text of an array, because arrays of arrays would have to be of one length.
        let texts: Vec<String> = bounds.iter().map(|bound| array_text(bound)).collect();
        let sql = Sql::text(include_str!("record_plan.sql"));
        self.peers[target]
            .rows(
                &sql,
                &[
                    &self.spec.name,
                    &name.schema.as_str(),
                    &name.name.as_str(),
                    &source_id,
                    &route.name(),
                    &rows,
                    &texts,
                ],
                "record the plan of the first contact",
            )
            .await
            .map(drop)
    }
}

/// Texts as the server spells an array of them.
fn array_text(values: &[String]) -> String {
    let quoted = values
        .iter()
        .map(|value| ["\"", &value.replace('\\', "\\\\").replace('"', "\\\""), "\""].concat());
    ["{", &quoted.collect::<Vec<_>>().join(","), "}"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_can_stand_in_an_array() {
        let values = ["a".to_owned(), String::new(), "b \"\\{},".to_owned()];
        assert_eq!(array_text(&values), r#"{"a","","b \"\\{},"}"#);
    }
}
