//! At which instants a job is due. Pure: the clock comes in as a value.
//!
//! An instant at which a job is due is a **tick**. Ticks are a function of the schedule and nothing else, so that any number of processes agree
//! on them without talking to each other: an interval counts from the beginning of 1970 and not from when a process began.
//!
//! Where clocks are put forward, a fixed time that does not exist that day is due at the first instant after the gap. Where they are put
//! back, a fixed time is due once, the first time; a schedule with a range or a step in its hours, minutes or seconds goes on
//! through both hours.

use std::fmt;
use std::time::Duration;

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::window::Window;
use crate::config::duration;

/// When a job is due.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSchedule {
    /// As it is written.
    text: String,
    pattern: Pattern,
    zone: TimeZone,
    window: Option<Window>,
}

#[derive(Debug, Clone, PartialEq)]
enum Pattern {
    /// Every so often.
    Every(Duration),
    /// By the clock on the wall of the zone.
    Cron(Box<Cron>),
}

/// Why a text is no schedule of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobScheduleError {
    /// Neither of the two notations.
    #[error("expected a cron expression (\"0 3 * * *\") or an interval (\"@every 5m\")")]
    Unknown,
    /// Shorter than [`JobSchedule::EVERY_MIN`].
    #[error("a job runs at most once a second")]
    TooShort,
    /// A cron expression with a fault; the text says which.
    #[error("the cron expression cannot be read: {0}")]
    Cron(String),
    /// A cron expression for a day that does not exist, such as 30 February.
    #[error("the cron expression never comes true")]
    Never,
    /// No tick is in the hours in which the job may begin.
    #[error("the schedule never comes true in the window {0}")]
    NeverInWindow(Window),
}

/// How far the cron library looks for the end of a gap in the clock.
const GAP_LOOKED_OVER: SignedDuration = SignedDuration::from_hours(2);

/// So many ticks outside of a window are passed over before there is none.
const OUTSIDE_MAX: usize = 1_000;

/// So long after the end of a window what came due inside it may still begin.
const WINDOW_GRACE: SignedDuration = SignedDuration::from_secs(60);

/// More changes of the clock than any zone has had.
const TRANSITIONS_MAX: usize = 1_000;

impl JobSchedule {
    /// The shortest interval.
    pub const EVERY_MIN: Duration = Duration::from_secs(1);

    /// Reads `@every 5m` or a cron expression of five or six fields, which follows the clock of a zone.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, JobScheduleError> {
        let text = text.trim();
        let pattern = match text.strip_prefix("@every") {
            Some(length) => every(length)?,
            None => cron(text)?,
        };
        let schedule = Self {
            text: text.to_owned(),
            pattern,
            zone,
            window: None,
        };
        match schedule.next_after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(JobScheduleError::Never),
        }
    }

    /// The same schedule, of which only the ticks in these hours of the day count.
    ///
    /// # Errors
    /// Where none is.
    pub fn within(self, window: Window) -> Result<Self, JobScheduleError> {
        let schedule = Self {
            window: Some(window),
            ..self
        };
        match schedule.next_after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(JobScheduleError::NeverInWindow(window)),
        }
    }

    /// The first tick after an instant; `None` where there is none before the end of time.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let Some(window) = &self.window else {
            return self.next_at_any_hour(after);
        };
        let mut at = after;
        for _ in 0..OUTSIDE_MAX {
            let tick = self.next_at_any_hour(at)?;
            let shown = self.local(tick);
            if window.holds(&shown) {
                return Some(tick);
            }
            at = window.opens_after(&shown)? - SignedDuration::from_nanos(1);
        }
        None
    }

    /// When a run may begin, where none may now: what waits is repeated or caught up then.
    pub fn opens_after(&self, now: Timestamp) -> Option<Timestamp> {
        let window = self.window.as_ref()?;
        let open = window.holds(&self.local(now)) || window.holds(&self.local(now - WINDOW_GRACE));
        (!open).then(|| window.opens_after(&self.local(now))).flatten()
    }

    fn next_at_any_hour(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.pattern {
            Pattern::Every(interval) => next_multiple(*interval, after),
            Pattern::Cron(cron) => self.next_of_cron(cron, after),
        }
    }

    /// Whose clock it follows.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// An instant as that clock shows it.
    pub fn local(&self, instant: Timestamp) -> Zoned {
        instant.to_zoned(self.zone.clone())
    }

    fn next_of_cron(&self, cron: &Cron, after: Timestamp) -> Option<Timestamp> {
        let start = self.local(after);
        let found = match cron.find_next_occurrence(&start, false) {
            Ok(next) => Some(next.timestamp()),
            Err(CronError::TimeSearchLimitExceeded) => self.end_of_next_long_gap(after),
            Err(_) => None,
        };
        found.filter(|next| *next > after)
    }

    /// The library gives up on a fixed time in a gap of more than two hours. There have been a few: islands that changed to the other
    /// side of the date line skipped a day.
    fn end_of_next_long_gap(&self, after: Timestamp) -> Option<Timestamp> {
        self.zone
            .following(after)
            .take(TRANSITIONS_MAX)
            .map(|transition| transition.timestamp())
            .find(|at| {
                let before = *at - SignedDuration::from_nanos(1);
                let (from, to) = (self.zone.to_offset(before), self.zone.to_offset(*at));
                to.duration_since(from) > GAP_LOOKED_OVER
            })
    }
}

fn every(length: &str) -> Result<Pattern, JobScheduleError> {
    let interval = duration::parse(length).ok_or(JobScheduleError::Unknown)?;
    if interval < JobSchedule::EVERY_MIN {
        return Err(JobScheduleError::TooShort);
    }
    Ok(Pattern::Every(interval))
}

fn cron(text: &str) -> Result<Pattern, JobScheduleError> {
    // A word that is no nickname such as @daily is a typing error of something else.
    if text.split_whitespace().count() < 5 && !text.starts_with('@') {
        return Err(JobScheduleError::Unknown);
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build();
    let cron = parser.parse(text).map_err(|e| {
        let said = e.to_string();
        JobScheduleError::Cron(said.trim_end_matches('.').to_owned())
    })?;
    Ok(Pattern::Cron(Box::new(cron)))
}

fn next_multiple(interval: Duration, after: Timestamp) -> Option<Timestamp> {
    let length = i64::try_from(interval.as_millis()).ok()?;
    let passed = after.as_millisecond().div_euclid(length);
    let next = passed.checked_add(1)?.checked_mul(length)?;
    Timestamp::from_millisecond(next).ok()
}

impl fmt::Display for JobSchedule {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.window {
            None => f.write_str(&self.text),
            Some(window) => write!(f, "{} in {window}", self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    /// The ticks after an instant, as the clock of the zone shows them.
    fn check(text: &str, zone_name: &str, after: &str, expected: &[&str]) {
        let schedule = JobSchedule::parse(text, zone(zone_name)).unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        for wanted in expected {
            at = schedule.next_after(at).unwrap();
            let shown = schedule.local(at).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            assert_eq!(&shown, wanted, "{text} {zone_name}");
        }
    }

    #[test]
    fn only_ticks_in_the_window_count_and_what_waits_begins_when_it_opens() {
        let within = |text: &str, window: &str| {
            let schedule = JobSchedule::parse(text, zone("America/Sao_Paulo")).unwrap();
            schedule.within(window.parse().unwrap())
        };
        let schedule = within("@every 45m", "02:00-03:00").unwrap();
        let mut at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        for wanted in ["21 02:15", "22 02:15", "23 02:15"] {
            at = schedule.next_after(at).unwrap();
            assert_eq!(schedule.local(at).strftime("%d %H:%M").to_string(), wanted);
        }
        assert_eq!(schedule.opens_after(at), None, "it is open");
        let late: Timestamp = "2026-11-20T06:00:59Z".parse().unwrap();
        assert_eq!(schedule.opens_after(late), None, "what came due before its end");
        let closed: Timestamp = "2026-11-20T06:01:00Z".parse().unwrap();
        let opens = schedule.opens_after(closed).unwrap();
        assert_eq!(opens, "2026-11-21T05:00:00Z".parse().unwrap());
        assert_eq!(schedule.to_string(), "@every 45m in 02:00-03:00");
        assert!(within("0 12 * * *", "02:00-05:00").is_err());
        assert!(within("0 3 29 2 *", "02:00-05:00").is_ok());
    }

    #[test]
    fn an_interval_counts_from_the_beginning_of_1970() {
        check(
            "@every 5m",
            "UTC",
            "2026-11-20T10:03:20.5Z",
            &["2026-11-20T10:05:00+00:00", "2026-11-20T10:10:00+00:00"],
        );
        check(
            "@every 1s",
            "UTC",
            "2026-11-20T10:03:20Z",
            &["2026-11-20T10:03:21+00:00"],
        );
    }

    #[test]
    fn cron_expressions_have_names_last_days_and_nth_weekdays() {
        check(
            "30 4 L * *",
            "UTC",
            "2026-02-01T00:00:00Z",
            &["2026-02-28T04:30:00+00:00"],
        );
        check(
            "0 9 * * MON#2",
            "UTC",
            "2026-11-01T00:00:00Z",
            &["2026-11-09T09:00:00+00:00"],
        );
        check(
            "0 0 1 JAN,JUL *",
            "UTC",
            "2026-02-01T00:00:00Z",
            &["2026-07-01T00:00:00+00:00"],
        );
        check(
            "*/20 * * * * *",
            "UTC",
            "2026-02-01T00:00:01Z",
            &["2026-02-01T00:00:20+00:00"],
        );
    }

    #[test]
    fn a_fixed_time_in_the_gap_is_due_at_the_first_instant_after_it() {
        let day = ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00"];
        check("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", &day);
        // The whole day was left out on the way to the other side of the date line.
        check(
            "0 12 * * *",
            "Pacific/Apia",
            "2011-12-29T00:00:00Z",
            &[
                "2011-12-29T12:00:00-10:00",
                "2011-12-31T00:00:00+14:00",
                "2011-12-31T12:00:00+14:00",
            ],
        );
    }

    #[test]
    fn a_fixed_time_in_the_fold_is_due_once_and_a_step_twice() {
        let once = ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"];
        check("30 2 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", &once);
        let both = [
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-25T03:00:00+01:00",
        ];
        check("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:59:00Z", &both);
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_the_reason() {
        let error = |text: &str| JobSchedule::parse(text, TimeZone::UTC).unwrap_err();
        assert_eq!(error("5m"), JobScheduleError::Unknown);
        assert_eq!(error("@every five minutes"), JobScheduleError::Unknown);
        assert_eq!(error("@every 100ms"), JobScheduleError::TooShort);
        assert_eq!(error("0 0 30 2 *"), JobScheduleError::Never);
        assert!(matches!(error("61 * * * *"), JobScheduleError::Cron(_)));
        assert!(matches!(error("@dayly"), JobScheduleError::Cron(_)));
        assert!(matches!(error("0 0 0 1 1 * 2030"), JobScheduleError::Cron(_)));
    }

    #[test]
    fn a_schedule_is_printed_as_it_is_written() {
        for text in ["@every 1h30m", "*/5 * * * *", "0 3 * * MON"] {
            let schedule = JobSchedule::parse(text, TimeZone::UTC).unwrap();
            assert_eq!(schedule.to_string(), text);
        }
    }
}
