//! Carrying the chunks of a plan, wave by wave: the tables of one wave reference only those of earlier ones.
//!
//! A unit of work is one chunk, or all tables of a ring of references, in one transaction. It ends with the mark that it is done.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use ponte_schema::Sql;
use ponte_sync::apply::{Winner, copy_rows_in};
use ponte_sync::batch::{self, Wire};
use ponte_sync::chunk::CLAIM;
use ponte_sync::link::{FirstContact, LinkSpec, Side};
use ponte_sync::order::waves;
use ponte_sync::snapshot::Snapshot;

use super::crew::{Hand, Start};
use super::plan::{Chunk, Route, TablePlan};
use super::{ContactEvent, InitOptions, InitReport};
use crate::error::{Result, Retry};
use crate::sync::apply::{self, Applied, Batch, Content, refused_a_row};
use crate::sync::inspect::LinkedTable;
use crate::sync::pass::LiveLink;
use crate::sync::peer::Peer;
use crate::sync::sharing::{Shared, carried_on};
use crate::sync::stream;

/// How often a unit is tried while it loses against others for locks.
const ATTEMPTS_MAX: u32 = 5;

/// What all hands have to know.
struct Job<'a> {
    spec: &'a LinkSpec,
    tables: &'a [LinkedTable],
    source: Side,
    /// Where the changes begin that passes will carry.
    consumed: &'a Snapshot,
    options: &'a InitOptions,
}

/// What is carried in one transaction.
#[derive(Debug, Clone)]
struct Unit<'a> {
    route: Route,
    chunks: Vec<(usize, &'a Chunk)>,
}

/// What was carried.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    copied: u64,
    merged: Applied,
    chunks: u64,
}

impl LiveLink {
    /// Carries everything that these plans still leave to be done from one side to the other.
    pub(super) async fn carry_from(
        &mut self,
        source: Side,
        plans: &[&TablePlan],
        options: &InitOptions,
        report: &mut InitReport,
    ) -> Result<()> {
        let open: usize = plans.iter().flat_map(|p| &p.chunks).filter(|c| !c.done).count();
        if open == 0 {
            return Ok(());
        }
        let consumed = self.consumed_at(source.other()).await?;
        let helpers = options.connections.min(open).saturating_sub(1);
        let Start {
            seen_by_source,
            mut helpers,
        } = self.gather(source, helpers).await?;
        let edges = self.reference_edges();
        let job = Job {
            spec: &self.spec,
            tables: &self.tables,
            source,
            consumed: &consumed,
            options,
        };
        let [first, second] = &mut self.peers;
        let (reader, writer) = if source == Side::First {
            (first, second)
        } else {
            (second, first)
        };
        let mut hands = vec![Hand { reader, writer }];
        hands.extend(helpers.iter_mut().map(|[reader, writer]| Hand { reader, writer }));
        for wave in waves(self.tables.len(), &edges) {
            let units = units(&wave, plans);
            if units.is_empty() {
                continue;
            }
            let parents = stale_parents(&units, plans, &edges);
            job.top_up(&mut hands[0], parents, &seen_by_source).await?;
            report.add(job.carry(&mut hands, units).await?);
        }
        hands[0].reader.commit("end reading").await
    }
}

impl InitReport {
    fn add(&mut self, tally: Tally) {
        self.copied += tally.copied;
        self.chunks += tally.chunks;
        self.merged.add(tally.merged);
    }
}

/// What is left to do in a wave.
fn units<'a>(wave: &[Vec<usize>], plans: &[&'a TablePlan]) -> Vec<Unit<'a>> {
    let mut units = Vec::new();
    for group in wave {
        let members = || plans.iter().filter(|p| group.contains(&p.table));
        let chunks: Vec<(usize, &Chunk)> = members()
            .flat_map(|p| p.chunks.iter().map(|c| (p.table, c)))
            .filter(|(_, chunk)| !chunk.done)
            .collect();
        let united = members().any(|p| p.route == Route::Unite);
        let route = if united { Route::Unite } else { Route::Copy };
        if group.len() > 1 && !chunks.is_empty() {
            units.push(Unit { route, chunks });
        } else {
            units.extend(chunks.into_iter().map(|chunk| Unit {
                route,
                chunks: vec![chunk],
            }));
        }
    }
    units
}

/// Tables that these units reference and that were carried under an earlier snapshot, at least in part.
fn stale_parents(units: &[Unit<'_>], plans: &[&TablePlan], edges: &[(usize, usize)]) -> Vec<usize> {
    let working = |table: usize| units.iter().any(|u| u.chunks.iter().any(|(t, _)| *t == table));
    let referenced = |table: usize| {
        edges
            .iter()
            .any(|(child, parent)| *parent == table && working(*child))
    };
    let stale = plans
        .iter()
        .filter(|p| p.begun_before() && referenced(p.table) && !working(p.table));
    stale.map(|p| p.table).collect()
}

impl Job<'_> {
    /// Brings parents that were carried under an earlier snapshot up to this one, as far as rows were added or changed since:
    /// children that are about to come may reference them. The first pass will carry the same changes once more, and find nothing to do.
    async fn top_up(
        &self,
        hand: &mut Hand<'_>,
        parents: Vec<usize>,
        seen_by_source: &Snapshot,
    ) -> Result<()> {
        if parents.is_empty() {
            return Ok(());
        }
        let mut batch = Batch {
            winner: None,
            ..self.batch(
                parents,
                Content::Present {
                    seen_by_source: seen_by_source.clone(),
                },
            )
        };
        batch.carried_on = apply::begin(hand.writer, self.spec, self.consumed, self.consumed)
            .await?
            .carried_on;
        apply::carry_within(&batch, hand.reader, hand.writer).await?;
        self.commit(hand.writer).await?;
        apply::keep_stages(&batch, hand.writer);
        Ok(())
    }

    fn batch<'b>(&'b self, touched: Vec<usize>, content: Content<'b>) -> Batch<'b> {
        Batch {
            spec: self.spec,
            source: self.source,
            tables: self.tables,
            touched,
            truncated: Vec::new(),
            content,
            small: false,
            carried_on: Shared::default(),
            from: self.consumed.clone(),
            to: self.consumed.clone(),
            winner: first_winner(self.spec, self.source),
            without_versions: None,
            // Before a link is complete, keys are parked at the target only.
            parked_at_source: false,
            quarantine: apply::Quarantine::default(),
            part: None,
            placed: 0,
        }
    }

    /// Lets all hands work on these units. Where one fails, the others finish what they have begun.
    async fn carry(&self, hands: &mut [Hand<'_>], units: Vec<Unit<'_>>) -> Result<Tally> {
        let queue = Mutex::new(VecDeque::from(units));
        let working = hands.iter_mut().map(|hand| self.work(hand, &queue));
        let mut total = Tally::default();
        for outcome in join_all(working).await {
            let tally = outcome?;
            total.copied += tally.copied;
            total.chunks += tally.chunks;
            total.merged.add(tally.merged);
        }
        Ok(total)
    }

    async fn work(&self, hand: &mut Hand<'_>, queue: &Mutex<VecDeque<Unit<'_>>>) -> Result<Tally> {
        let mut tally = Tally::default();
        while let Some(unit) = next(queue) {
            if let Err(error) = self.carry_unit(hand, &unit, &mut tally).await {
                stop(queue);
                return Err(error);
            }
        }
        Ok(tally)
    }

    /// Carries one unit. What a straight copy runs into (a row that was added on the empty side, a row that the target does not take)
    /// is a matter for the way on which batches go.
    async fn carry_unit(&self, hand: &mut Hand<'_>, unit: &Unit<'_>, tally: &mut Tally) -> Result<()> {
        let mut route = unit.route;
        for attempt in 1.. {
            let meters = Meters::new(self, unit);
            let Err(error) = self.try_unit(hand, unit, route, &meters, tally).await else {
                break;
            };
            hand.writer.roll_back().await;
            meters.undo();
            if route == Route::Copy && refused_a_row(&error) {
                tracing::debug!("a copy goes through the stage instead: {error}");
                route = Route::Unite;
            } else if error.kind().retry() != Retry::Later || attempt >= ATTEMPTS_MAX {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn try_unit(
        &self,
        hand: &mut Hand<'_>,
        unit: &Unit<'_>,
        route: Route,
        meters: &Meters<'_>,
        tally: &mut Tally,
    ) -> Result<()> {
        apply::open(hand.writer, self.spec).await?;
        for (table, chunk) in &unit.chunks {
            if !self.claim(hand.writer, *table, chunk).await? {
                // Another process has carried it meanwhile.
                return self.commit(hand.writer).await;
            }
        }
        let shared = carried_on(hand.writer, &self.spec.name).await?;
        match route {
            // What is copied is not logged; where other links have to carry it on, or the user wants to know it, it goes through the stage.
            Route::Copy if !self.reaches(unit, &shared) && !self.is_followed(unit) => {
                let copied = self.copy(hand, unit, meters).await?;
                self.finish(hand.writer, unit, meters).await?;
                tally.copied += copied;
            }
            Route::Copy | Route::Unite => {
                let applied = self.unite(hand, unit, meters, shared).await?;
                tally.merged.add(applied);
            }
        }
        tally.chunks += unit.chunks.len() as u64;
        for (table, _) in &unit.chunks {
            (self.options.observe)(&ContactEvent::Committed { table: *table });
        }
        Ok(())
    }

    async fn copy(&self, hand: &mut Hand<'_>, unit: &Unit<'_>, meters: &Meters<'_>) -> Result<u64> {
        let mut copied = 0;
        for (table, chunk) in &unit.chunks {
            let sides = &self.tables[*table].sides;
            let wire = Wire::between(&sides[0], &sides[1]);
            let copy_out = batch::copy_rows(&sides[self.source.index()], &chunk.range, wire);
            let copy_in = copy_rows_in(&sides[self.source.other().index()], wire);
            let meter = |rows, bytes| meters.moved(*table, rows, bytes);
            copied += stream::copy(hand.reader, &copy_out, hand.writer, &copy_in, &meter).await?;
        }
        Ok(copied)
    }

    /// Whether the unit holds tables that other links of the target carry too.
    fn reaches(&self, unit: &Unit<'_>, shared: &Shared) -> bool {
        let target = self.source.other().index();
        unit.chunks
            .iter()
            .any(|(table, _)| shared.contains(&self.tables[*table].sides[target].name))
    }

    /// Whether the user wants to know what becomes of the unit's rows.
    fn is_followed(&self, unit: &Unit<'_>) -> bool {
        let target = self.source.other().index();
        unit.chunks
            .iter()
            .any(|(table, _)| !self.tables[*table].extras[target].is_empty())
    }

    async fn unite(
        &self,
        hand: &mut Hand<'_>,
        unit: &Unit<'_>,
        meters: &Meters<'_>,
        shared: Shared,
    ) -> Result<Applied> {
        // A ring is never cut, so that one range holds for all of its tables.
        let (_, chunk) = unit.chunks[0];
        let meter = |table, rows, bytes| meters.moved(table, rows, bytes);
        let content = Content::Everything {
            range: chunk.range.clone(),
            meter: &meter,
        };
        let batch = Batch {
            carried_on: shared,
            ..self.batch(unit.chunks.iter().map(|(table, _)| *table).collect(), content)
        };
        let applied = apply::carry_within(&batch, hand.reader, hand.writer).await?;
        self.finish(hand.writer, unit, meters).await?;
        apply::keep_stages(&batch, hand.writer);
        Ok(applied)
    }

    async fn claim(&self, writer: &mut Peer, table: usize, chunk: &Chunk) -> Result<bool> {
        let name = &self.tables[table].sides[self.source.other().index()].name;
        let claimed = writer
            .rows(
                &Sql::text(CLAIM),
                &[
                    &self.spec.name,
                    &name.schema.as_str(),
                    &name.name.as_str(),
                    &chunk.number,
                ],
                "take a chunk",
            )
            .await?;
        Ok(!claimed.is_empty())
    }

    /// Marks the unit as done and commits it.
    async fn finish(&self, writer: &mut Peer, unit: &Unit<'_>, meters: &Meters<'_>) -> Result<()> {
        let sql = Sql::text(
            "UPDATE ponte.copy_chunk SET copied_at = clock_timestamp(), rows = $5, bytes = $6 \
             WHERE link = $1 AND table_schema = $2 AND table_name = $3 AND chunk = $4",
        );
        for (table, chunk) in &unit.chunks {
            let name = &self.tables[*table].sides[self.source.other().index()].name;
            let (rows, bytes) = meters.read(*table);
            let (schema, table) = (name.schema.as_str(), name.name.as_str());
            let what = "mark a chunk as copied";
            writer
                .rows(
                    &sql,
                    &[&self.spec.name, &schema, &table, &chunk.number, &rows, &bytes],
                    what,
                )
                .await?;
        }
        self.commit(writer).await
    }

    async fn commit(&self, writer: &mut Peer) -> Result<()> {
        writer.commit("commit a chunk").await
    }
}

/// What has moved of each table of a unit, in one attempt.
struct Meters<'a> {
    options: &'a InitOptions,
    moved: Vec<(usize, [AtomicU64; 2])>,
}

impl<'a> Meters<'a> {
    fn new(job: &Job<'a>, unit: &Unit<'_>) -> Self {
        let zero = || [AtomicU64::new(0), AtomicU64::new(0)];
        Self {
            options: job.options,
            moved: unit.chunks.iter().map(|(table, _)| (*table, zero())).collect(),
        }
    }

    fn moved(&self, table: usize, rows: u64, bytes: u64) {
        for (_, sums) in self.moved.iter().filter(|(of, _)| *of == table) {
            sums[0].fetch_add(rows, Ordering::Relaxed);
            sums[1].fetch_add(bytes, Ordering::Relaxed);
        }
        (self.options.observe)(&ContactEvent::Moved { table, rows, bytes });
    }

    fn read(&self, table: usize) -> (i64, i64) {
        let number = |n: &AtomicU64| i64::try_from(n.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let sums = self.moved.iter().find(|(of, _)| *of == table);
        sums.map_or((0, 0), |(_, sums)| (number(&sums[0]), number(&sums[1])))
    }

    fn undo(&self) {
        for (table, sums) in &self.moved {
            let [rows, bytes] = sums.each_ref().map(|n| n.load(Ordering::Relaxed));
            let table = *table;
            (self.options.observe)(&ContactEvent::Undone { table, rows, bytes });
        }
    }
}

fn next<T>(queue: &Mutex<VecDeque<T>>) -> Option<T> {
    lock(queue).pop_front()
}

fn stop<T>(queue: &Mutex<VecDeque<T>>) {
    lock(queue).clear();
}

fn lock<T>(queue: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Who wins at the first contact, where that is not the tables' own rule.
fn first_winner(spec: &LinkSpec, source: Side) -> Option<Winner> {
    match spec.first_contact {
        FirstContact::Wins(side) if side == source => Some(Winner::Source),
        FirstContact::Wins(_) => Some(Winner::Target),
        FirstContact::Merge | FirstContact::Trust => None,
    }
}
