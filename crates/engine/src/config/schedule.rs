//! When a link runs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use croner::Cron;
use jiff::Zoned;

use super::duration;

/// When a link runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// As soon as something changes.
    Continuous,
    /// So long after the last pass began.
    Every(Duration),
    /// At the times of a cron expression, in the time zone of the machine.
    Cron(Box<Cron>),
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// None of the three notations.
    #[error("expected a length of time (\"5m\"), a cron expression (\"*/5 * * * *\") or \"continuous\"")]
    Unknown,
    /// Shorter than [`Schedule::EVERY_MIN`].
    #[error("a link runs at most once a second; write \"continuous\" to follow every change at once")]
    TooShort,
    /// A cron expression with a fault; the text says which.
    #[error("the cron expression cannot be read: {0}")]
    Cron(String),
    /// A cron expression for a day that does not exist, such as 30 February.
    #[error("the cron expression never comes true")]
    Never,
}

impl Schedule {
    /// The shortest interval.
    pub const EVERY_MIN: Duration = Duration::from_secs(1);

    /// The next time after the given one; `None` for [`Schedule::Continuous`], which follows changes and not the clock.
    pub fn next_after(&self, after: &Zoned) -> Option<Zoned> {
        match self {
            Self::Continuous => None,
            Self::Every(interval) => after.checked_add(*interval).ok(),
            Self::Cron(cron) => cron.find_next_occurrence(after, false).ok(),
        }
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        if text == "continuous" {
            return Ok(Self::Continuous);
        }
        if let Some(interval) = duration::parse(text) {
            return if interval < Self::EVERY_MIN {
                Err(ScheduleError::TooShort)
            } else {
                Ok(Self::Every(interval))
            };
        }
        // A word that is no nickname such as @daily is a typing error of something else.
        if text.split_whitespace().count() < 5 && !text.starts_with('@') {
            return Err(ScheduleError::Unknown);
        }
        let cron = Cron::from_str(text).map_err(|e| ScheduleError::Cron(e.to_string()))?;
        let schedule = Self::Cron(Box::new(cron));
        match schedule.next_after(&Zoned::default()) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuous => f.write_str("continuous"),
            Self::Every(interval) => f.write_str(&duration::show(*interval)),
            Self::Cron(cron) => f.write_str(cron.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str) -> Option<String> {
        let schedule: Schedule = schedule.parse().unwrap();
        let after: Zoned = after.parse().unwrap();
        schedule.next_after(&after).map(|time| time.to_string())
    }

    #[test]
    fn an_interval_counts_from_the_given_time() {
        assert_eq!(
            next("5m", "2026-11-20T10:03:20[UTC]").as_deref(),
            Some("2026-11-20T10:08:20+00:00[UTC]")
        );
    }

    #[test]
    fn a_cron_expression_keeps_to_the_clock_on_the_wall() {
        assert_eq!(
            next("*/5 * * * *", "2026-11-20T10:05:00[UTC]").as_deref(),
            Some("2026-11-20T10:10:00+00:00[UTC]")
        );
        assert_eq!(
            next("0 3 * * *", "2026-03-28T12:00:00[Europe/Lisbon]").as_deref(),
            Some("2026-03-29T03:00:00+01:00[Europe/Lisbon]")
        );
        assert_eq!(
            next("@daily", "2026-11-20T10:05:00[UTC]").as_deref(),
            Some("2026-11-21T00:00:00+00:00[UTC]")
        );
    }

    #[test]
    fn continuous_has_no_next_time() {
        assert_eq!(next("continuous", "2026-11-20T10:05:00[UTC]"), None);
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<Schedule>().unwrap_err();
        assert_eq!(error("5 minutes"), ScheduleError::Unknown);
        assert_eq!(error("continous"), ScheduleError::Unknown);
        assert_eq!(error("100ms"), ScheduleError::TooShort);
        assert_eq!(error("0 0 30 2 *"), ScheduleError::Never);
        assert!(matches!(error("61 * * * *"), ScheduleError::Cron(_)));
    }

    #[test]
    fn a_schedule_is_printed_as_it_is_written() {
        for text in ["continuous", "5m", "*/5 * * * *"] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
    }
}
