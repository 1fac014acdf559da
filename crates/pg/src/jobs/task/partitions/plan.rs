//! Which partitions are to be made and which have had their time. Pure: the clock comes in as a value.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The length of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// From one hour to the next.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
    /// From 1 January to 1 January.
    Year,
}

impl Every {
    const ALL: [(&'static str, Self); 5] = [
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("year", Self::Year),
    ];

    /// The beginning of the period that a time is in.
    fn begin(self, at: DateTime) -> Option<DateTime> {
        let date = at.date();
        let begin = match self {
            Self::Hour => return Some(date.to_datetime(Time::constant(at.hour(), 0, 0, 0))),
            Self::Day => date,
            Self::Week => {
                let since = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_sub(Span::new().days(since)).ok()?
            }
            Self::Month => date.first_of_month(),
            Self::Year => date.first_of_year(),
        };
        Some(begin.to_datetime(Time::midnight()))
    }

    /// The beginning so many periods later.
    fn later(self, begin: DateTime, periods: i64) -> Option<DateTime> {
        let span = match self {
            Self::Hour => Span::new().try_hours(periods),
            Self::Day => Span::new().try_days(periods),
            Self::Week => Span::new().try_weeks(periods),
            Self::Month => Span::new().try_months(periods),
            Self::Year => Span::new().try_years(periods),
        };
        begin.checked_add(span.ok()?).ok()
    }

    /// What the partition of a period is called after its table.
    pub(super) fn suffix(self, begin: DateTime) -> String {
        let form = match self {
            Self::Hour => "p%Y_%m_%d_%H",
            Self::Day | Self::Week => "p%Y_%m_%d",
            Self::Month => "p%Y_%m",
            Self::Year => "p%Y",
        };
        begin.strftime(form).to_string()
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(word, _)| *word == text);
        found.map(|(_, every)| *every).ok_or_else(|| {
            format!("expected \"hour\", \"day\", \"week\", \"month\" or \"year\", not {text:?}")
        })
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Self::ALL.iter().find(|(_, every)| every == self);
        f.write_str(found.map_or("", |(word, _)| word))
    }
}

/// A partition that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Existing {
    /// Its lower bound, as far as it has one.
    pub(super) lower: Option<Timestamp>,
    /// Its upper bound, as far as it has one.
    pub(super) upper: Option<Timestamp>,
    /// Whether it takes what fits nowhere else.
    pub(super) is_default: bool,
}

/// A partition that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    /// Its lower bound by the clock on the wall.
    pub(super) begin: DateTime,
    /// Its upper bound by the clock on the wall.
    pub(super) end: DateTime,
    /// Both as instants.
    pub(super) instants: (Timestamp, Timestamp),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Plan {
    /// Partitions to be made.
    pub(super) create: Vec<Period>,
    /// Partitions whose time is over, by their places in the list.
    pub(super) expire: Vec<usize>,
    /// Partitions that cut into a period without covering it, by their places in the list.
    pub(super) in_the_way: Vec<usize>,
}

/// How a table is partitioned, and what is asked for.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// The length of a partition.
    pub(super) every: Every,
    /// How many periods after the present one have their partition.
    pub(super) ahead: u32,
    /// How many periods before the present one keep theirs; all where it is not said.
    pub(super) keep: Option<u32>,
    /// Whose midnight counts.
    pub(super) zone: TimeZone,
    /// Whether the column holds times without a zone.
    pub(super) is_naive: bool,
}

/// Decides. `None` where time itself ends.
pub(super) fn plan(existing: &[Existing], rule: &Rule, now: Timestamp) -> Option<Plan> {
    let present = rule.every.begin(now.to_zoned(rule.zone.clone()).datetime())?;
    let instant = |civil: DateTime| {
        let zone = if rule.is_naive {
            TimeZone::UTC
        } else {
            rule.zone.clone()
        };
        zone.to_timestamp(civil).ok()
    };
    let mut found = Plan::default();
    for number in 0..=i64::from(rule.ahead) {
        let (begin, end) = (
            rule.every.later(present, number)?,
            rule.every.later(present, number + 1)?,
        );
        let instants = (instant(begin)?, instant(end)?);
        // An hour that a change of the clock leaves out.
        if instants.0 >= instants.1 {
            continue;
        }
        let cutting: Vec<usize> = (0..existing.len())
            .filter(|index| overlaps(&existing[*index], instants))
            .collect();
        match cutting.as_slice() {
            [] => found.create.push(Period { begin, end, instants }),
            some if covers(existing, some, instants) => {}
            some => found.in_the_way.extend(some),
        }
    }
    if let Some(keep) = rule.keep {
        let limit = instant(rule.every.later(present, -i64::from(keep))?)?;
        let over = |partition: &Existing| {
            !partition.is_default && partition.upper.is_some_and(|upper| upper <= limit)
        };
        found.expire = (0..existing.len())
            .filter(|index| over(&existing[*index]))
            .collect();
    }
    Some(found)
}

fn overlaps(partition: &Existing, (begin, end): (Timestamp, Timestamp)) -> bool {
    !partition.is_default
        && partition.lower.is_none_or(|lower| lower < end)
        && partition.upper.is_none_or(|upper| upper > begin)
}

/// Whether partitions, in the order of their bounds, leave nothing of a period out.
fn covers(existing: &[Existing], some: &[usize], (begin, end): (Timestamp, Timestamp)) -> bool {
    let mut reached = begin;
    for partition in some.iter().map(|index| &existing[*index]) {
        if partition.lower.is_some_and(|lower| lower > reached) {
            return false;
        }
        match partition.upper {
            None => return true,
            Some(upper) => reached = reached.max(upper),
        }
    }
    reached >= end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn existing(lower: &str, upper: &str) -> Existing {
        Existing {
            lower: Some(at(lower)),
            upper: Some(at(upper)),
            is_default: false,
        }
    }

    fn rule(every: Every, ahead: u32, keep: Option<u32>, zone: &str) -> Rule {
        Rule {
            every,
            ahead,
            keep,
            zone: TimeZone::get(zone).unwrap(),
            is_naive: false,
        }
    }

    #[test]
    fn periods_begin_at_the_midnights_of_the_zone() {
        let check = |every: Every, zone: &str, name: &str, begin: &str, end: &str| {
            let plan = plan(&[], &rule(every, 0, None, zone), at("2026-11-28T17:30:00Z")).unwrap();
            let [period] = plan.create.as_slice() else {
                panic!("{plan:?}")
            };
            assert_eq!(every.suffix(period.begin), name);
            assert_eq!(period.instants, (at(begin), at(end)), "{every} {zone}");
        };
        check(
            Every::Month,
            "UTC",
            "p2026_11",
            "2026-11-01T00:00:00Z",
            "2026-12-01T00:00:00Z",
        );
        check(
            Every::Year,
            "UTC",
            "p2026",
            "2026-01-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
        );
        check(
            Every::Week,
            "UTC",
            "p2026_11_23",
            "2026-11-23T00:00:00Z",
            "2026-11-30T00:00:00Z",
        );
        check(
            Every::Day,
            "America/Sao_Paulo",
            "p2026_11_28",
            "2026-11-28T03:00:00Z",
            "2026-11-29T03:00:00Z",
        );
        check(
            Every::Hour,
            "UTC",
            "p2026_11_28_17",
            "2026-11-28T17:00:00Z",
            "2026-11-28T18:00:00Z",
        );
    }

    #[test]
    fn what_is_there_is_not_made_again_and_what_cuts_in_is_told() {
        let now = at("2026-11-28T17:30:00Z");
        let there = [
            existing("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            existing("2027-01-01T00:00:00Z", "2027-01-15T00:00:00Z"),
        ];
        let plan = plan(&there, &rule(Every::Month, 2, None, "UTC"), now).unwrap();
        assert_eq!(plan.create.len(), 1);
        assert_eq!(Every::Month.suffix(plan.create[0].begin), "p2026_12");
        assert_eq!(plan.in_the_way, [1]);
    }

    #[test]
    fn a_partition_expires_when_all_of_it_is_old_and_the_default_one_never() {
        let now = at("2026-11-28T17:30:00Z");
        let default = Existing {
            lower: None,
            upper: None,
            is_default: true,
        };
        let there = [
            default,
            existing("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z"),
            existing("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"),
        ];
        let plan = plan(&there, &rule(Every::Month, 0, Some(2), "UTC"), now).unwrap();
        assert_eq!(plan.expire, [1]);
    }

    #[test]
    fn hours_hang_together_over_changes_of_the_clock() {
        for now in ["2026-03-28T23:10:00Z", "2026-10-24T22:10:00Z"] {
            let plan = plan(&[], &rule(Every::Hour, 6, None, "Europe/Berlin"), at(now)).unwrap();
            let joined = plan
                .create
                .windows(2)
                .all(|pair| pair[0].instants.1 == pair[1].instants.0);
            assert!(joined, "{plan:?}");
        }
    }
}
