//! What is measured, one scenario per file.

mod catch_up;
mod initial;
mod latency;
mod mixed;
mod overhead;

use serde::Serialize;

use super::contest::Way;
use super::equal::{self, Expected};
use super::process::{Meter, Usage};
use super::stage::Stage;
use super::{Peer, rows};
use crate::figure::Unit;
use crate::workload::Change;
use crate::{Measurement, Options, Result};

/// A line of the table, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Row {
    InitialCopy,
    Inserts,
    Updates,
    Deletes,
    Mixed,
    LeftDifferent,
    LaterWon,
    LatencyMedian,
    LatencyHigh,
    KeptUpdate,
    KeptInsert,
    PeakMemory,
    OwnCpu,
    ServersCpu,
    OwnCpuLatency,
    ServersCpuLatency,
}

impl Row {
    pub(super) const ALL: [Self; 16] = [
        Self::InitialCopy,
        Self::Inserts,
        Self::Updates,
        Self::Deletes,
        Self::Mixed,
        Self::LeftDifferent,
        Self::LaterWon,
        Self::LatencyMedian,
        Self::LatencyHigh,
        Self::KeptUpdate,
        Self::KeptInsert,
        Self::PeakMemory,
        Self::OwnCpu,
        Self::ServersCpu,
        Self::OwnCpuLatency,
        Self::ServersCpuLatency,
    ];

    pub(super) fn title(self, options: &Options) -> String {
        let batch = options.batch;
        let seconds = options.seconds;
        match self {
            Self::InitialCopy => format!("initial copy of {} rows", options.rows),
            Self::Inserts => format!("catch-up, {batch} inserts"),
            Self::Updates => format!("catch-up, {batch} updates"),
            Self::Deletes => format!("catch-up, {} deletes", rows::deletes(options)),
            Self::Mixed => format!("mixed, {} updates on each side", batch / 2),
            Self::LeftDifferent => format!("of {} conflicts, rows left different", rows::conflicts(options)),
            Self::LaterWon => format!("of {} conflicts, the later change won", rows::conflicts(options)),
            Self::LatencyMedian => "latency at 200 commits/s, median".to_owned(),
            Self::LatencyHigh => "latency at 200 commits/s, 99 %".to_owned(),
            Self::KeptUpdate => "one-row UPDATE with triggers, of without".to_owned(),
            Self::KeptInsert => "100-row INSERT with triggers, of without".to_owned(),
            Self::PeakMemory => format!("memory of its processes, {batch} updates"),
            Self::OwnCpu => format!("CPU of its processes, {batch} updates"),
            Self::ServersCpu => format!("CPU of both servers, {batch} updates"),
            Self::OwnCpuLatency => format!("CPU of its processes, {seconds} s at 200 commits/s"),
            Self::ServersCpuLatency => format!("CPU of both servers, {seconds} s at 200 commits/s"),
        }
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::InitialCopy
            | Self::OwnCpu
            | Self::ServersCpu
            | Self::OwnCpuLatency
            | Self::ServersCpuLatency => Unit::Seconds,
            Self::Inserts | Self::Updates | Self::Deletes | Self::Mixed => Unit::RowsPerSecond,
            Self::LeftDifferent | Self::LaterWon => Unit::Rows,
            Self::LatencyMedian | Self::LatencyHigh => Unit::Milliseconds,
            Self::KeptUpdate | Self::KeptInsert => Unit::Ratio,
            Self::PeakMemory => Unit::Mebibytes,
        }
    }
}

/// What a turn brings.
type Values = Vec<(Row, f64)>;

/// One kind of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    Initial,
    SetUp,
    CatchUp(Change),
    Mixed,
    Latency,
    Overhead,
}

impl Scenario {
    /// All turns that were asked for. Without a first copy there is nothing to go on with.
    pub(super) fn schedule(options: &Options) -> Vec<(Self, usize)> {
        let copies = if options.wants(Measurement::Initial) {
            options.repetitions
        } else {
            1
        };
        let mut turns: Vec<(Self, usize)> = (0..copies).map(|n| (Self::Initial, n)).collect();
        turns.push((Self::SetUp, 0));
        let mut repeated = Vec::new();
        if options.wants(Measurement::CatchUp) {
            repeated.extend([Change::Insert, Change::Update, Change::Delete].map(Self::CatchUp));
        }
        if options.wants(Measurement::Mixed) {
            repeated.push(Self::Mixed);
        }
        turns.extend(
            options
                .repetitions()
                .flat_map(|n| repeated.iter().map(move |s| (*s, n))),
        );
        for (measurement, scenario) in [
            (Measurement::Latency, Self::Latency),
            (Measurement::Overhead, Self::Overhead),
        ] {
            if options.wants(measurement) {
                turns.extend(options.repetitions().map(|n| (scenario, n)));
            }
        }
        turns
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Initial => "initial copy",
            Self::SetUp => "setting up",
            Self::CatchUp(Change::Insert) => "inserts",
            Self::CatchUp(Change::Update) => "updates",
            Self::CatchUp(Change::Delete) => "deletes",
            Self::Mixed => "mixed",
            Self::Latency => "latency",
            Self::Overhead => "overhead at the source",
        }
    }

    /// Whether it can be asked of this one.
    pub(super) fn fits(self, way: &Way) -> bool {
        match (self, way) {
            (Self::Initial | Self::CatchUp(_), _) => true,
            (_, Way::ByHand) => false,
            (Self::Mixed, Way::Product(peer)) => peer.two_way(),
            (Self::Overhead, Way::Product(peer)) => peer.has_triggers(),
            (Self::SetUp | Self::Latency, Way::Product(_)) => true,
        }
    }

    pub(super) async fn measure(
        self,
        way: &mut Way,
        stage: &Stage,
        options: &Options,
        repetition: usize,
    ) -> Result<Values> {
        match (self, way) {
            (Self::Initial, Way::ByHand) => initial::by_hand(stage).await,
            (Self::Initial, Way::Product(peer)) => {
                initial::measure(peer.as_mut(), stage, options, repetition).await
            }
            (Self::CatchUp(change), Way::ByHand) => {
                catch_up::by_hand(stage, options, change, repetition).await
            }
            (Self::CatchUp(change), Way::Product(peer)) => {
                catch_up::measure(peer.as_mut(), stage, options, change, repetition).await
            }
            (Self::SetUp, Way::Product(peer)) => {
                peer.set_up(stage).await?;
                Ok(Values::new())
            }
            (Self::Mixed, Way::Product(peer)) => {
                mixed::measure(peer.as_mut(), stage, options, repetition).await
            }
            (Self::Latency, Way::Product(peer)) => latency::measure(peer.as_mut(), stage, options).await,
            (Self::Overhead, Way::Product(_)) => overhead::measure(stage, options, repetition).await,
            (_, Way::ByHand) => Ok(Values::new()),
        }
    }
}

/// Seconds from the start of a product to equality, with its changes waiting. It goes on running.
async fn timed(peer: &mut dyn Peer, stage: &Stage, expected: &Expected) -> Result<(f64, Usage)> {
    let meter = Meter::begin(peer.roots(stage), stage.postmasters()).await;
    let started = std::time::Instant::now();
    peer.start(stage).await?;
    let (at, usage) = equal::reached(stage, expected, &meter).await?;
    Ok((at.duration_since(started).as_secs_f64(), usage))
}
