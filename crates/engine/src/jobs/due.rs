//! Which ticks are to be run, given what was decided last and what time it is now. Pure: a clock that jumps is a value like any other.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::schedule::JobSchedule;

/// What becomes of ticks that nobody was there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// Only a tick that is hardly past is run.
    None,
    /// The last one is run, however long ago it was.
    Last,
    /// The last so many are run, oldest first.
    All(u32),
}

/// How many missed ticks can be asked for.
const CATCH_UP_MAX: u32 = 1_000;

/// How late a tick may be run that is not caught up.
const ON_TIME: SignedDuration = SignedDuration::from_secs(60);

/// A server's clock that was ahead by more than this has been put right since, and is believed again.
const CLOCK_PUT_BACK: SignedDuration = SignedDuration::from_hours(3);

/// So many ticks are looked at one by one before only the last ones are.
const TICKS_COUNTED_MAX: u64 = 20_000;

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Ticks to run, oldest first.
    pub run: Vec<Timestamp>,
    /// How many others there were, at least.
    pub missed: u64,
    /// The last of the others.
    pub missed_last: Option<Timestamp>,
}

impl Due {
    /// Whether there is nothing to decide.
    pub fn is_empty(&self) -> bool {
        self.run.is_empty() && self.missed == 0
    }
}

/// The ticks after `decided_until` up to and including `now`.
pub fn due(schedule: &JobSchedule, decided_until: Timestamp, now: Timestamp, catch_up: CatchUp) -> Due {
    let wanted = match catch_up {
        CatchUp::None | CatchUp::Last => 1,
        CatchUp::All(most) => most as usize,
    };
    // One more than are run: the last of those that are not.
    let (mut last, count) = last_ticks(schedule, decided_until, now, wanted + 1);
    let mut missed_last = (last.len() > wanted).then(|| last.pop_front()).flatten();
    let mut run = Vec::from(last);
    if catch_up == CatchUp::None
        && run
            .first()
            .is_some_and(|tick| now.duration_since(*tick) > ON_TIME)
    {
        missed_last = run.pop();
    }
    Due {
        missed: count - run.len() as u64,
        run,
        missed_last,
    }
}

/// Up to where ticks count as decided, if the server's clock is to be believed.
pub fn believable(decided_until: Timestamp, now: Timestamp) -> Timestamp {
    if decided_until.duration_since(now) > CLOCK_PUT_BACK {
        now
    } else {
        decided_until
    }
}

/// The last so many ticks of a span, and how many there are in all, or at least.
fn last_ticks(
    schedule: &JobSchedule,
    after: Timestamp,
    until: Timestamp,
    keep: usize,
) -> (VecDeque<Timestamp>, u64) {
    let (last, count, complete) = walk(schedule, after, until, keep);
    if complete {
        return (last, count);
    }
    // Too many for one by one: only as far back as needed, by spans that grow.
    let mut span = SignedDuration::from_mins(1);
    loop {
        let start = until.checked_sub(span).map_or(after, |start| start.max(after));
        let (recent, seen, complete) = walk(schedule, start, until, keep);
        if recent.len() >= keep || start == after || !complete {
            return (recent, seen.max(count));
        }
        span *= 2;
    }
}

fn walk(
    schedule: &JobSchedule,
    after: Timestamp,
    until: Timestamp,
    keep: usize,
) -> (VecDeque<Timestamp>, u64, bool) {
    let (mut last, mut count, mut at) = (VecDeque::with_capacity(keep), 0, after);
    while let Some(tick) = schedule.next_after(at).filter(|tick| *tick <= until) {
        if count == TICKS_COUNTED_MAX {
            return (last, count, false);
        }
        if last.len() == keep {
            last.pop_front();
        }
        last.push_back(tick);
        count += 1;
        at = tick;
    }
    (last, count, true)
}

impl FromStr for CatchUp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected \"none\", \"last\" or \"all(N)\", N up to {CATCH_UP_MAX}");
        match text {
            "none" => Ok(Self::None),
            "last" => Ok(Self::Last),
            _ => {
                let number = text.strip_prefix("all(").and_then(|rest| rest.strip_suffix(')'));
                let number = number.and_then(|number| number.trim().parse().ok());
                match number {
                    Some(most @ 1..=CATCH_UP_MAX) => Ok(Self::All(most)),
                    _ => Err(expected()),
                }
            }
        }
    }
}

impl fmt::Display for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Last => f.write_str("last"),
            Self::All(most) => write!(f, "all({most})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-20T{text}Z").parse().unwrap()
    }

    fn check(catch_up: &str, until: &str, now: &str, run: &[&str], missed: u64) {
        let schedule = JobSchedule::parse("@every 5m", TimeZone::UTC).unwrap();
        let found = due(&schedule, at(until), at(now), catch_up.parse().unwrap());
        let run: Vec<Timestamp> = run.iter().map(|text| at(text)).collect();
        assert_eq!(
            (found.run, found.missed),
            (run, missed),
            "{catch_up} {until} {now}"
        );
    }

    #[test]
    fn a_tick_is_due_from_its_instant_on_and_only_once() {
        for rule in ["none", "last", "all(3)"] {
            check(rule, "10:01:00", "10:04:59.999", &[], 0);
            check(rule, "10:01:00", "10:05:00", &["10:05:00"], 0);
            check(rule, "10:05:00", "10:05:01", &[], 0);
        }
    }

    #[test]
    fn a_clock_that_jumps_forward_leaves_ticks_to_the_rule() {
        check("none", "10:01:00", "12:00:30", &["12:00:00"], 23);
        check("none", "10:01:00", "12:03:00", &[], 24);
        check("last", "10:01:00", "12:03:00", &["12:00:00"], 23);
        check("all(2)", "10:01:00", "12:03:00", &["11:55:00", "12:00:00"], 22);
        check("all(9)", "10:01:00", "10:11:00", &["10:05:00", "10:10:00"], 0);
    }

    #[test]
    fn a_clock_that_jumps_back_repeats_nothing() {
        check("all(9)", "10:10:00", "10:02:00", &[], 0);
        assert_eq!(believable(at("10:10:00"), at("10:02:00")), at("10:10:00"));
        // It was wrong by hours: waiting until it is that late again would stop everything.
        assert_eq!(believable(at("20:10:00"), at("10:02:00")), at("10:02:00"));
    }

    #[test]
    fn a_year_of_seconds_costs_no_year() {
        let schedule = JobSchedule::parse("* * * * * *", TimeZone::UTC).unwrap();
        let until: Timestamp = "2025-11-20T00:00:00Z".parse().unwrap();
        let found = due(&schedule, until, at("10:00:00"), CatchUp::All(2));
        assert_eq!(found.run, [at("09:59:59"), at("10:00:00")]);
        assert!(found.missed >= TICKS_COUNTED_MAX - 2, "{found:?}");
        assert_eq!(found.missed_last, Some(at("09:59:58")));
    }

    #[test]
    fn the_rule_is_read_and_printed() {
        for text in ["none", "last", "all(12)"] {
            assert_eq!(text.parse::<CatchUp>().unwrap().to_string(), text);
        }
        for text in ["", "all", "all(0)", "all(-1)", "all(99999)", "first"] {
            assert!(text.parse::<CatchUp>().is_err(), "{text}");
        }
    }
}
