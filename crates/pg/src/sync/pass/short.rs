//! The short way of a pass: what a session remembers for it, and the two actions of the machine that only it has.
//!
//! What the target of a direction had when it was asked last is remembered and stands for its standings. It is never believed: the fence compares it
//! before anything is written, and after any failure it is forgotten, so that the next pass asks.

use std::time::Instant;

use ponte_sync::link::Side;
use ponte_sync::machine::batch::{Seen, Step};
use ponte_sync::machine::{Action, Glance, Machine, Observation};
use ponte_sync::snapshot::Snapshot;

use super::course::{Course, out_of_turn};
use super::{LiveLink, PassReport, Standing};
use crate::error::Result;
use crate::sync::apply;
use crate::sync::light::{self, Asked, Outcome, Sight, Way};

/// What is remembered.
#[derive(Default)]
pub(super) struct Short {
    /// The statements of each direction, by their sources.
    ways: [Option<Way>; 2],
    /// What each node has consumed of the other one.
    consumed: [Option<Snapshot>; 2],
    /// The sources that have not been told what has arrived of theirs.
    owes: [bool; 2],
}

impl Short {
    /// The tables may have changed, and their statements with them.
    pub(super) fn renew(&mut self) {
        self.ways = [None, None];
    }

    pub(super) fn forget(&mut self) {
        self.consumed = [None, None];
        self.owes = [false; 2];
    }

    pub(super) fn know(&mut self, standings: &[Standing; 2]) {
        for (known, standing) in self.consumed.iter_mut().zip(standings) {
            *known = Some(standing.consumed.clone());
        }
        // Whoever reads the standings tells the sources, too.
        self.owes = [false; 2];
    }

    /// A batch was committed.
    pub(super) fn arrived(&mut self, target: Side, reached: Snapshot) {
        self.consumed[target.index()] = Some(reached);
    }
}

impl LiveLink {
    /// Whether a source has not been told yet what has arrived of its changes. Its next batch tells it, or [`Self::acknowledge_owed`].
    pub fn owes(&self) -> bool {
        self.short.owes.contains(&true)
    }

    /// Tells the sources what has arrived, where that is still to be done.
    ///
    /// # Errors
    /// A connection is lost.
    pub async fn acknowledge_owed(&mut self) -> Result<()> {
        for source in Side::BOTH {
            let arrived = self.short.consumed[source.other().index()].clone();
            if let (true, Some(arrived)) = (std::mem::take(&mut self.short.owes[source.index()]), arrived) {
                self.acknowledge(source, &arrived).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn woken_directions(&mut self, woken: [bool; 2]) -> Result<PassReport> {
        let mut report = PassReport {
            directions: Vec::with_capacity(2),
            paused: false,
        };
        for source in Side::BOTH {
            if !woken[source.index()] {
                continue;
            }
            let machine = if self.has_short_way(source) {
                Machine::woken(source)
            } else {
                Machine::new()
            };
            let mut course = Course::new(machine, None);
            self.drive(&mut course).await?;
            report.add(course.report);
            if course.whole {
                break;
            }
        }
        Ok(report)
    }

    fn has_short_way(&mut self, source: Side) -> bool {
        if self.peers.iter().any(|peer| peer.is_pooled()) || self.short.consumed.iter().any(Option::is_none) {
            return false;
        }
        let way = &mut self.short.ways[source.index()];
        way.get_or_insert_with(|| Way::new(&self.spec, source, &self.tables));
        true
    }

    pub(super) async fn glance(&mut self, course: &mut Course) -> Result<Glance> {
        let source = course.machine.source();
        course.started = Instant::now();
        let known = &self.short.consumed;
        let (Some(way), Some(from), Some(back)) = (
            &mut self.short.ways[source.index()],
            &known[source.other().index()],
            &known[source.index()],
        ) else {
            return Ok(Glance::Other);
        };
        let asked = Asked {
            spec: &self.spec,
            source,
            tables: &self.tables,
            from,
            back,
        };
        for peer in &mut self.peers {
            peer.keep_plans().await?;
        }
        let peer = &mut self.peers[source.index()];
        let owed = self.short.owes[source.index()];
        Ok(match light::glance(way, &asked, peer).await {
            Ok(Sight::Nothing { acknowledged }) if acknowledged || owed => Glance::Nothing,
            Ok(Sight::Nothing { .. } | Sight::Other) => Glance::Other,
            Ok(Sight::Light(load)) => {
                course.load = Some(load);
                Glance::Light
            }
            Err(error) if peer.is_gone() => return Err(error),
            // The whole pass will meet it, and say it better.
            Err(_) => Glance::Other,
        })
    }

    /// From the fence to the commit.
    pub(super) async fn carry_light(&mut self, course: &mut Course) -> Result<Action> {
        let source = course.machine.source();
        let (Some(way), Some(load)) = (&self.short.ways[source.index()], course.load.take()) else {
            return Err(out_of_turn(&self.spec));
        };
        let [first, second] = &mut self.peers;
        let (reader, writer) = match source {
            Side::First => (first, second),
            Side::Second => (second, first),
        };
        let (applied, overlaps) = match light::write(way, &self.spec, &load, reader, writer).await? {
            Outcome::Disturbed => return Ok(course.machine.next(Observation::WroteLight(false))),
            Outcome::Written { applied, overlaps } => (applied, overlaps),
        };
        let mut action = course.machine.next(Observation::WroteLight(true));
        while let Action::Batch(step) = action {
            let seen = match step {
                Step::Harden => Seen::Carried,
                Step::LookForOverlap => Seen::Found(overlaps),
                Step::Commit => {
                    writer.commit("commit a batch").await?;
                    Seen::Carried
                }
                _ => return Err(out_of_turn(&self.spec)),
            };
            action = course.machine.next(Observation::Batch(seen));
        }
        if matches!(action, Action::Stop(_)) {
            return Err(apply::overtaken(&self.spec, self.spec.node(source)));
        }
        course.applied = applied;
        self.short.arrived(source.other(), load.to().clone());
        self.short.owes[source.index()] = true;
        Ok(action)
    }
}

impl PassReport {
    /// Adds what another part of the pass did; a direction that was gone twice is one.
    fn add(&mut self, other: Self) {
        self.paused |= other.paused;
        for direction in other.directions {
            match self
                .directions
                .iter_mut()
                .find(|known| known.from == direction.from)
            {
                Some(known) => {
                    known.applied.add(direction.applied);
                    known.duration += direction.duration;
                }
                None => self.directions.push(direction),
            }
        }
    }
}
