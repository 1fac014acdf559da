//! Schedules over every kind of change of the clock, in many zones.
#![allow(clippy::unwrap_used, reason = "this is a test, and its helpers are too")]

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use ponte_engine::jobs::{CatchUp, JobSchedule, due};
use proptest::prelude::*;

const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Lisbon",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Asia/Tehran",
    "Pacific/Apia",
    "Antarctica/Troll",
];

/// An instant within two days of a change of a zone's clock, where it has had any since 2000.
fn near_a_change() -> impl Strategy<Value = (TimeZone, Timestamp)> {
    (
        0..ZONES.len(),
        any::<prop::sample::Index>(),
        -172_800_i64..172_800,
    )
        .prop_map(|(zone, index, offset)| {
            let zone = TimeZone::get(ZONES[zone]).unwrap();
            let since: Timestamp = "2000-01-01T00:00:00Z".parse().unwrap();
            let changes: Vec<Timestamp> = zone.following(since).take(60).map(|t| t.timestamp()).collect();
            let change = if changes.is_empty() {
                since
            } else {
                changes[index.index(changes.len())]
            };
            (zone, change + SignedDuration::from_secs(offset))
        })
}

fn fixed() -> impl Strategy<Value = (i8, i8)> {
    (0_i8..24, prop::sample::select(vec![0_i8, 15, 30, 59]))
}

fn ticks(schedule: &JobSchedule, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let mut found = Vec::new();
    let mut at = after;
    while let Some(tick) = schedule.next_after(at).filter(|tick| *tick <= until) {
        assert!(tick > at);
        found.push(tick);
        at = tick;
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A daily job runs once for every day that there is, at its time, or right after the gap that swallowed it.
    #[test]
    fn a_fixed_time_is_due_once_a_day((zone, start) in near_a_change(), (hour, minute) in fixed()) {
        let schedule = JobSchedule::parse(&format!("{minute} {hour} * * *"), zone.clone()).unwrap();
        let until = start + SignedDuration::from_hours(24 * 6);
        let found = ticks(&schedule, start, until);
        for tick in found.iter().copied() {
            let local = schedule.local(tick);
            if (local.hour(), local.minute()) == (hour, minute) {
                // The first of the two where the clock repeats it.
                let civil = local.datetime();
                let first = zone.to_ambiguous_timestamp(civil).earlier().unwrap();
                prop_assert_eq!(tick, first);
            } else {
                // There was no such time: the clock had just been put forward.
                let before = schedule.local(tick - SignedDuration::from_secs(1));
                prop_assert!(before.offset() < local.offset(), "{}", local);
            }
        }
        // Every civil day whose time exists has its tick.
        let mut day = schedule.local(start).date().tomorrow().unwrap();
        let last = schedule.local(until).date();
        while day < last {
            let ambiguous = zone.to_ambiguous_timestamp(day.at(hour, minute, 0, 0));
            let gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
            let at = ambiguous.earlier().unwrap();
            prop_assert!(gap || found.contains(&at), "{}", day);
            day = day.tomorrow().unwrap();
        }
    }

    /// A step goes on through changes of the clock that are multiples of it, and never falls silent.
    #[test]
    fn a_step_has_no_holes_but_the_gap((zone, start) in near_a_change()) {
        let schedule = JobSchedule::parse("*/15 * * * *", zone).unwrap();
        let found = ticks(&schedule, start, start + SignedDuration::from_hours(48));
        for pair in found.windows(2) {
            prop_assert_eq!(pair[1].duration_since(pair[0]), SignedDuration::from_mins(15));
        }
        prop_assert!(found.len() >= 191, "{}", found.len());
    }

    /// It does not matter how often and when one looks: the same ticks are due.
    #[test]
    fn ticks_are_the_same_however_one_looks(
        (zone, start) in near_a_change(),
        pattern in prop::sample::select(vec!["30 2 * * *", "*/20 * * * *", "0 0-5 * * *", "@every 7m", "59 23 L * *"]),
        cuts in prop::collection::vec(1_i64..200_000, 1..6),
    ) {
        let schedule = JobSchedule::parse(pattern, zone).unwrap();
        let until = start + SignedDuration::from_secs(200_000);
        let mut cuts: Vec<Timestamp> = cuts.iter().map(|s| start + SignedDuration::from_secs(*s)).collect();
        cuts.push(until);
        cuts.sort();
        let mut seen = Vec::new();
        let mut from = start;
        for cut in cuts {
            let found = due(&schedule, from, cut, CatchUp::All(1_000));
            prop_assert_eq!(found.missed, 0);
            seen.extend(found.run);
            from = cut;
        }
        prop_assert_eq!(seen, ticks(&schedule, start, until));
    }
}
