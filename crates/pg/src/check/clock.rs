//! How far away a server is, and how far its clock is off.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::error::{During, Error, ErrorKind, Result};

/// How often the server is asked.
const SAMPLES: usize = 7;

/// One round trip per sample: a simple query.
const NOW: &str = "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())";

/// Distance and clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Clock {
    /// The median time from a question to its answer.
    pub round_trip_ms: f64,
    /// The server's clock minus ours, from the quickest sample.
    pub clock_skew_ms: f64,
    /// The true skew is within this much of the measured one: half of that sample's round trip.
    pub clock_skew_uncertainty_ms: f64,
}

struct Sample {
    round_trip: Duration,
    skew_seconds: f64,
}

/// Asks the server for its time, several times.
///
/// # Errors
/// [`ErrorKind::ConnLost`] where the connection ends meanwhile.
pub(crate) async fn measure(client: &Client) -> Result<Clock> {
    let mut samples = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        samples.push(sample(client).await?);
    }
    samples.sort_by_key(|sample| sample.round_trip);
    let (Some(quickest), Some(median)) = (samples.first(), samples.get(SAMPLES / 2)) else {
        return Err(Error::new(
            ErrorKind::Internal,
            "cannot measure the clock without a sample",
        ));
    };
    Ok(Clock {
        round_trip_ms: milliseconds(median.round_trip.as_secs_f64()),
        clock_skew_ms: milliseconds(quickest.skew_seconds),
        clock_skew_uncertainty_ms: milliseconds(quickest.round_trip.as_secs_f64() / 2.0),
    })
}

async fn sample(client: &Client) -> Result<Sample> {
    let ours = Timestamp::now();
    let start = Instant::now();
    let messages = client
        .simple_query(NOW)
        .await
        .during(|| "ask the server for its time".to_owned())?;
    let round_trip = start.elapsed();
    let theirs: f64 = messages
        .iter()
        .find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        })
        .ok_or_else(|| Error::new(ErrorKind::ConnProtocol, "the server does not tell its time"))?;
    let halfway = ours.as_duration().as_secs_f64() + round_trip.as_secs_f64() / 2.0;
    Ok(Sample {
        round_trip,
        skew_seconds: theirs - halfway,
    })
}

/// To a thousandth of a millisecond, which is all that the measurement is good for.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1_000_000.0).round() / 1_000.0
}
