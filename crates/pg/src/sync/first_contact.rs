//! What happens to the rows that exist before the link does.
//!
//! A table that is empty on one side is filled by a COPY straight into it. Where both sides hold rows, all of the first side's
//! go through the same stage and the same conflict rule as any batch, with every row of the second side counted as a local
//! change; rows that only the second side has, or that it won, are entered in its changelog and travel with the next pass.

use ponte_schema::Sql;
use ponte_sync::apply::{Winner, copy_rows_in};
use ponte_sync::batch::{self, Wire};
use ponte_sync::link::{FirstContact, LinkSpec, Side};

use super::apply::{self, Applied, Batch, Content};
use super::inspect::{LinkedTable, foreign_keys};
use super::install::{InitPlan, current_snapshot, install, mark_ready};
use super::pass::{LiveLink, PassReport};
use super::peer::Peer;
use super::stream;
use crate::error::Result;

/// What `init` did with the rows that were there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InitReport {
    /// Rows copied straight into empty tables.
    pub copied: u64,
    /// What the union of both sides changed on the second one.
    pub merged: Applied,
    /// The pass that carried the rest.
    pub settled: Option<PassReport>,
}

/// Installs the link and makes the first contact. Can be run again after any failure.
///
/// # Errors
/// What [`install`] or a pass refuses.
pub async fn init(spec: LinkSpec, mut peers: [Peer; 2], plan: InitPlan) -> Result<InitReport> {
    install(&spec, &mut peers, &plan).await?;
    let mut link = LiveLink::assume(spec, peers, plan.tables);
    let outcome = link.make_contact().await;
    if outcome.is_err() {
        for peer in link.peers_mut() {
            peer.roll_back().await;
        }
    }
    let mut report = outcome?;
    for peer in link.peers_mut() {
        let name = peer.name().to_owned();
        tracing::debug!(node = name, "first contact complete");
    }
    for side in Side::BOTH {
        let name = link.spec.name.clone();
        mark_ready(&name, &mut link.peers[side.index()]).await?;
    }
    link.check().await?;
    if link.spec.first_contact != FirstContact::Trust {
        report.settled = Some(link.pass().await?);
    }
    Ok(report)
}

/// How a table's rows come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// Nothing to do: both sides are empty.
    Nothing,
    /// Straight into the empty side.
    Copy { source: Side },
    /// Both sides hold rows.
    Unite,
}

impl LiveLink {
    async fn make_contact(&mut self) -> Result<InitReport> {
        let mut report = InitReport::default();
        if self.spec.first_contact == FirstContact::Trust {
            return self.trust().await.map(|()| report);
        }
        let mut routes = Vec::with_capacity(self.tables.len());
        for position in 0..self.tables.len() {
            routes.push(self.route(position).await?);
        }
        self.unite_below_united(&mut routes);
        for source in Side::BOTH {
            report.copied += self.copy_into_empty(source, &routes).await?;
        }
        report.merged = self.unite(&routes).await?;
        Ok(report)
    }

    async fn route(&mut self, position: usize) -> Result<Route> {
        let mut filled = [false; 2];
        for side in Side::BOTH {
            let table = &self.tables[position].sides[side.index()].name;
            let sql = Sql::render("SELECT EXISTS (SELECT FROM {table})", &[("table", table)]);
            filled[side.index()] = self.peers[side.index()].holds(&sql, "look for rows").await?;
        }
        Ok(match filled {
            [false, false] => Route::Nothing,
            [true, false] => Route::Copy { source: Side::First },
            [false, true] => Route::Copy { source: Side::Second },
            [true, true] => Route::Unite,
        })
    }

    /// A child of a united table is united too: its parents are all there only then.
    fn unite_below_united(&self, routes: &mut [Route]) {
        let keys = foreign_keys(&self.tables, Side::First)
            .into_iter()
            .chain(foreign_keys(&self.tables, Side::Second));
        let position = |name| self.tables.iter().position(|t| *t.name() == name);
        let edges: Vec<(usize, usize)> = keys
            .filter_map(|key| Some((position(key.child_name())?, position(key.parent_name())?)))
            .collect();
        while let Some((child, _)) = edges.iter().find(|(child, parent)| {
            routes[*parent] == Route::Unite && matches!(routes[*child], Route::Copy { .. })
        }) {
            routes[*child] = Route::Unite;
        }
    }

    /// Copies the tables that are empty on the other side, all under one snapshot. Changes that are captured meanwhile overlap with
    /// the copy and are carried once more, which changes nothing. A row that somebody inserts on the empty side with the same key
    /// makes the copy fail; the next run of `init` finds both sides filled and unites them.
    async fn copy_into_empty(&mut self, source: Side, routes: &[Route]) -> Result<u64> {
        let mine: Vec<usize> = (0..routes.len())
            .filter(|i| routes[*i] == Route::Copy { source })
            .collect();
        if mine.is_empty() {
            return Ok(0);
        }
        let consumed = self.consumed_at(source.other()).await?;
        self.begin_reading(source).await?;
        let [first, second] = &mut self.peers;
        let (reader, writer) = if source == Side::First {
            (first, second)
        } else {
            (second, first)
        };
        apply::begin(writer, &self.spec, &consumed, &consumed).await?;
        let mut copied = 0;
        for position in mine {
            copied += copy_table(&self.tables[position], source, reader, writer).await?;
        }
        reader.script(&Sql::text("COMMIT"), "end reading").await?;
        writer
            .script(&Sql::text("COMMIT"), "commit the first copy")
            .await?;
        Ok(copied)
    }

    /// Unites the tables that hold rows on both sides, from the first side into the second.
    async fn unite(&mut self, routes: &[Route]) -> Result<Applied> {
        let touched: Vec<usize> = (0..routes.len()).filter(|i| routes[*i] == Route::Unite).collect();
        if touched.is_empty() {
            return Ok(Applied::default());
        }
        let source = Side::First;
        let from = self.consumed_at(source.other()).await?;
        self.begin_reading(source).await?;
        let batch = Batch {
            spec: &self.spec,
            source,
            tables: &self.tables,
            touched,
            content: Content::Everything,
            small: false,
            to: from.clone(),
            from,
            winner: first_winner(&self.spec, source),
        };
        let [reader, writer] = &mut self.peers;
        apply::run(&batch, reader, writer).await
    }

    /// Both sides are said to be equal: everything captured so far counts as having arrived.
    async fn trust(&mut self) -> Result<()> {
        for source in Side::BOTH {
            let reached = current_snapshot(&mut self.peers[source.index()]).await?;
            apply::harden(&self.peers[source.index()]).await?;
            let from = self.consumed_at(source.other()).await?;
            let writer = &mut self.peers[source.other().index()];
            apply::begin(writer, &self.spec, &from, &reached).await?;
            writer
                .script(&Sql::text("COMMIT"), "record the starting point")
                .await?;
            self.acknowledge(source, &reached).await?;
        }
        Ok(())
    }

    async fn consumed_at(&mut self, side: Side) -> Result<ponte_sync::snapshot::Snapshot> {
        let sql = Sql::text("SELECT consumed::text FROM ponte.progress WHERE link = $1");
        let row = self.peers[side.index()]
            .row(&sql, &[&self.spec.name], "read the link's progress")
            .await?;
        super::install::parse_snapshot(row.get(0))
    }
}

async fn copy_table(table: &LinkedTable, source: Side, reader: &Peer, writer: &Peer) -> Result<u64> {
    let wire = Wire::between(&table.sides[0], &table.sides[1]);
    let copy_out = batch::copy_rows(&table.sides[source.index()], wire);
    let copy_in = copy_rows_in(&table.sides[source.other().index()], wire);
    stream::copy(reader, &copy_out, writer, &copy_in).await
}

fn first_winner(spec: &LinkSpec, source: Side) -> Winner {
    match spec.first_contact {
        FirstContact::Wins(side) if side == source => Winner::Source,
        FirstContact::Wins(_) => Winner::Target,
        FirstContact::Merge | FirstContact::Trust => spec.conflict.seen_from(source),
    }
}
