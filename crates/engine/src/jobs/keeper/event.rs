//! What a keeper tells while it works.

use std::time::Duration;

/// Something that happened to a job.
#[derive(Debug, Clone)]
pub enum Event {
    /// A run began.
    Began {
        /// The job.
        job: String,
    },
    /// A run succeeded.
    Succeeded {
        /// The job.
        job: String,
        /// How many rows it touched, where that means something.
        rows: Option<u64>,
    },
    /// A run ended otherwise.
    Failed {
        /// The job.
        job: String,
        /// Why, with the causes.
        reason: String,
        /// How long until the next attempt, if there is one.
        retry_in: Option<Duration>,
    },
    /// A run's process was not heard of.
    Lost {
        /// The job.
        job: String,
        /// Whether it is not repeated.
        for_good: bool,
    },
    /// Ticks were left out.
    LeftOut {
        /// The job.
        job: String,
        /// `missed` or `overlap`.
        reason: &'static str,
        /// How many.
        ticks: u64,
    },
    /// The database cannot be reached, or does not answer as it should.
    Away {
        /// The database.
        database: String,
        /// Why, with the causes.
        reason: String,
        /// How long until it is tried again.
        pause: Duration,
    },
    /// It is back.
    Back {
        /// The database.
        database: String,
    },
}
