//! How long a run waits for others.

use std::time::Duration;

use ponte_engine::config::duration;
use ponte_pg::migrate::Options;

#[derive(Debug, Default, clap::Args)]
pub(super) struct Patience {
    /// How long one statement waits for a lock before all of its file is rolled back and tried again [default: 4s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    lock_timeout: Option<Duration>,
    /// How long to go on trying, for locks and for another runner to finish [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = time)]
    wait: Option<Duration>,
}

impl Patience {
    /// These options with what was said here.
    pub(super) fn apply(&self, options: Options) -> Options {
        Options {
            lock_timeout: self.lock_timeout.unwrap_or(options.lock_timeout),
            wait_max: self.wait.unwrap_or(options.wait_max),
            ..options
        }
    }
}

/// Zero would wait for ever.
fn time(text: &str) -> Result<Duration, String> {
    duration::parse(text)
        .filter(|time| *time >= Duration::from_millis(1))
        .ok_or_else(|| format!("expected {}", duration::EXPECTED))
}
