//! Hours of the day in which a job may begin. Pure: the clock comes in as a value.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use jiff::{Span, Timestamp, Zoned};

/// From one time of the day to another, which may be on the next day; the second is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: Time,
    to: Time,
}

/// A day on which the clock leaves the whole window out has none.
const DAYS_LOOKED_AT: i64 = 4;

impl Window {
    /// Whether the clock shows a time in it.
    pub fn holds(&self, at: &Zoned) -> bool {
        let time = at.time();
        if self.from < self.to {
            self.from <= time && time < self.to
        } else {
            self.from <= time || time < self.to
        }
    }

    /// When it begins next.
    pub fn opens_after(&self, at: &Zoned) -> Option<Timestamp> {
        (0..DAYS_LOOKED_AT).find_map(|days| {
            let date = at.date().checked_add(Span::new().days(days)).ok()?;
            let begin = date
                .to_datetime(self.from)
                .to_zoned(at.time_zone().clone())
                .ok()?;
            let opens = begin.timestamp();
            (opens > at.timestamp()).then_some(opens)
        })
    }
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let times = text
            .split_once('-')
            .and_then(|(from, to)| Some((read(from)?, read(to)?)));
        match times {
            Some((from, to)) if from != to => Ok(Self { from, to }),
            _ => Err(format!(
                "expected two different times of the day, such as \"02:00-05:00\", not {text:?}"
            )),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |time: Time| time.strftime("%H:%M").to_string();
        write!(f, "{}-{}", show(self.from), show(self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(window: &str, at: &str, holds: bool, opens: &str) {
        let window: Window = window.parse().unwrap();
        let at: Zoned = at.parse().unwrap();
        assert_eq!(window.holds(&at), holds, "{window} {at}");
        let next = window.opens_after(&at).unwrap().to_zoned(at.time_zone().clone());
        assert_eq!(next.strftime("%d %H:%M").to_string(), opens, "{window} {at}");
    }

    #[test]
    fn it_begins_with_its_first_minute_and_ends_before_its_last() {
        check(
            "02:00-05:00",
            "2026-11-20T01:59:59[Europe/Lisbon]",
            false,
            "20 02:00",
        );
        check(
            "02:00-05:00",
            "2026-11-20T02:00:00[Europe/Lisbon]",
            true,
            "21 02:00",
        );
        check(
            "02:00-05:00",
            "2026-11-20T04:59:59[Europe/Lisbon]",
            true,
            "21 02:00",
        );
        check(
            "02:00-05:00",
            "2026-11-20T05:00:00[Europe/Lisbon]",
            false,
            "21 02:00",
        );
    }

    #[test]
    fn it_may_reach_over_midnight_and_over_a_change_of_the_clock() {
        check("22:00-04:00", "2026-11-20T23:30:00[UTC]", true, "21 22:00");
        check("22:00-04:00", "2026-11-21T03:59:00[UTC]", true, "21 22:00");
        check("22:00-04:00", "2026-11-21T04:00:00[UTC]", false, "21 22:00");
        // The clock goes from two to three.
        check(
            "02:30-05:00",
            "2026-03-29T01:00:00[Europe/Berlin]",
            false,
            "29 03:30",
        );
    }

    #[test]
    fn it_is_read_and_printed() {
        assert_eq!(
            "02:00 - 05:30".parse::<Window>().unwrap().to_string(),
            "02:00-05:30"
        );
        for text in [
            "",
            "02:00",
            "02:00-02:00",
            "2-5",
            "25:00-26:00",
            "05:00-02:00-01:00",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
    }
}
