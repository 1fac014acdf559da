//! Drives the machine through a pass, or through one direction of it.

use std::time::Instant;

use ponte_sync::link::{LinkSpec, Side};
use ponte_sync::machine::{Action, Changes, Machine, Observation, Pending, Stop};
use ponte_sync::snapshot::Snapshot;

use super::reading::Extent;
use super::{DirectionReport, LiveLink, PassReport, Standing, not_ready, standing};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::apply::{self, Applied, Retried};
use crate::sync::history::went_back;
use crate::sync::light::Load;

/// A machine on its way, and what was seen.
pub(crate) struct Course {
    pub(crate) machine: Machine,
    action: Action,
    standings: Option<[Standing; 2]>,
    /// The side that has lost a part of its history.
    lost: Option<Side>,
    changes: Changes,
    retried: Vec<Retried>,
    extent: Option<Extent>,
    /// What a glance has read.
    pub(super) load: Option<Box<Load>>,
    /// What has arrived with the batch.
    reached: Option<Snapshot>,
    pub(super) started: Instant,
    pub(super) applied: Applied,
    /// Whether the standings were read, so that both directions are looked at.
    pub(super) whole: bool,
    pub(super) report: PassReport,
}

impl Course {
    pub(super) fn new(machine: Machine, standings: Option<[Standing; 2]>) -> Self {
        Self {
            action: machine.first(),
            machine,
            standings,
            lost: None,
            changes: Changes::None,
            retried: Vec::new(),
            extent: None,
            load: None,
            reached: None,
            started: Instant::now(),
            applied: Applied::default(),
            whole: false,
            report: PassReport {
                directions: Vec::with_capacity(2),
                paused: false,
            },
        }
    }

    /// One direction, for somebody who has read the standings.
    pub(crate) fn one_way(source: Side, standings: [Standing; 2]) -> Self {
        Self::new(Machine::one_way(source), Some(standings))
    }

    fn source(&self) -> Side {
        self.machine.source()
    }

    fn begin_direction(&mut self, standings: [Standing; 2], lost: Option<Side>, started: Instant) {
        self.standings = Some(standings);
        self.lost = lost;
        self.started = started;
        self.applied = Applied::default();
        self.retried.clear();
    }

    fn end_direction(&mut self, spec: &LinkSpec, source: Side) {
        self.report.directions.push(DirectionReport {
            from: spec.node(source).to_owned(),
            to: spec.node(source.other()).to_owned(),
            applied: self.applied,
            duration: self.started.elapsed(),
        });
    }
}

impl LiveLink {
    /// Carries what is pending at `source` to the other side, whether the link is ready or not.
    pub(crate) async fn direction(&mut self, source: Side) -> Result<Applied> {
        let mut course = Course::one_way(source, self.standings().await?);
        self.drive(&mut course).await?;
        Ok(course.applied)
    }

    /// Goes on until a batch is being read; `None` where there is nothing to be carried.
    pub(crate) async fn until_fence(&mut self, course: &mut Course) -> Result<Option<Extent>> {
        while !matches!(course.action, Action::TakeFence | Action::Done) {
            self.advance(course).await?;
        }
        Ok(course.extent.take())
    }

    pub(super) async fn drive(&mut self, course: &mut Course) -> Result<()> {
        while course.action != Action::Done {
            self.advance(course).await?;
        }
        Ok(())
    }

    /// Carries out one action, or all of a batch. A failure ends the pass, as the machine would have it.
    async fn advance(&mut self, course: &mut Course) -> Result<()> {
        let (source, done) = (course.source(), course.action);
        course.action = match done {
            Action::Stop(stop) => return Err(self.stopped(stop, course)),
            Action::TakeFence => self.carry(course).await?,
            Action::WriteLight => self.carry_light(course).await?,
            _ => {
                let seen = self.act(course).await?;
                course.machine.next(seen)
            }
        };
        let left_short_way =
            matches!(done, Action::Glance | Action::WriteLight) && course.action == Action::ReadStandings;
        let over = matches!(course.action, Action::ReadStandings | Action::Done);
        if over && !left_short_way && !course.report.paused {
            course.end_direction(&self.spec, source);
        }
        Ok(())
    }

    async fn act(&mut self, course: &mut Course) -> Result<Observation> {
        let source = course.source();
        match course.action {
            Action::ReadStandings => return self.read_standings(course).await.map(Observation::Standings),
            Action::Glance => return self.glance(course).await.map(Observation::Glanced),
            _ => {}
        }
        let Some(standings) = &course.standings else {
            return Err(out_of_turn(&self.spec));
        };
        let arrived = &standings[source.other().index()];
        Ok(match course.action {
            Action::CountPending => {
                course.changes = self.look_for_changes(source, standings).await?;
                Observation::Pending(Pending {
                    changes: course.changes,
                    acknowledged: standings[source.index()].shipped.consumed == arrived.consumed,
                    refused: arrived.refused(),
                })
            }
            Action::Remind => {
                self.acknowledge(source, &arrived.consumed).await?;
                Observation::Carried
            }
            Action::LookIntoQuarantine => {
                course.retried = self.retried(source, course.changes == Changes::Some).await?;
                Observation::Retried(course.retried.len() as u64)
            }
            Action::BeginReading => {
                let retried = std::mem::take(&mut course.retried);
                let extent = self.begin_batch(source, standings, retried).await?;
                let parked = extent.reading.parked;
                course.extent = Some(extent);
                Observation::Reading { parked }
            }
            Action::Acknowledge => {
                let reached = course.reached.take().ok_or_else(|| out_of_turn(&self.spec))?;
                self.acknowledge(source, &reached).await?;
                Observation::Carried
            }
            _ => return Err(out_of_turn(&self.spec)),
        })
    }

    async fn read_standings(&mut self, course: &mut Course) -> Result<ponte_sync::machine::Standing> {
        let started = Instant::now();
        let standings = self.standings().await?;
        let mut standing = standing::judge(&standings, None);
        let mut lost = None;
        if standing == ponte_sync::machine::Standing::Ready {
            lost = self.lost(&standings).await?;
            standing = standing::judge(&standings, lost);
        }
        course.report.paused = standing == ponte_sync::machine::Standing::Paused;
        course.whole = true;
        self.short.know(&standings);
        course.begin_direction(standings, lost, started);
        Ok(standing)
    }

    /// From the fence to the commit.
    async fn carry(&mut self, course: &mut Course) -> Result<Action> {
        let source = course.source();
        let extent = course.extent.take().ok_or_else(|| out_of_turn(&self.spec))?;
        let (mut batch, reader, writer) = self.batch(source, extent);
        let carried = apply::carry(&mut course.machine, &mut batch, reader, writer).await?;
        course.applied = carried.applied;
        course.reached = Some(batch.to.clone());
        let reached = batch.to;
        self.short.arrived(source.other(), reached);
        Ok(carried.next)
    }

    fn stopped(&self, stop: Stop, course: &Course) -> Error {
        let source = course.source();
        match stop {
            Stop::NotReady => not_ready(&self.spec, self.spec.node(source)),
            Stop::WentBack => went_back(&self.spec, self.spec.node(course.lost.unwrap_or(source))),
            _ => out_of_turn(&self.spec),
        }
    }
}

/// The machine and whoever drives it do not understand each other: a defect.
pub(crate) fn out_of_turn(spec: &LinkSpec) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!(
            "a pass of link \"{}\" was carried out in the wrong order",
            spec.name
        ),
    )
}
