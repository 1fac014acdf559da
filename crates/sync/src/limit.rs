//! How many rows of a table a batch may delete before a person is asked.
//!
//! A `DELETE` without its WHERE, a `TRUNCATE` in the wrong window, a restored half of a table: a sync carries a mistake to the
//! other side within seconds. So a batch that deletes too much waits, and what was captured waits with it.

use std::fmt;
use std::str::FromStr;

/// So many deletes of a table never ask where the limit is a share of it: small tables are emptied and filled all day.
pub const DELETES_FREE: u64 = 1_000;

/// `max_delete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteLimit {
    /// Nobody is asked, ever.
    Off,
    /// More rows than this ask.
    Rows(u64),
    /// More than this share of the target's rows, in percent, and more than [`DELETES_FREE`].
    Share(u8),
}

impl Default for DeleteLimit {
    fn default() -> Self {
        Self::Share(50)
    }
}

impl DeleteLimit {
    /// Up to so many deletes need no closer look; `None` where nothing does. A TRUNCATE counts from its first row.
    pub fn unasked(self, truncated: bool) -> Option<u64> {
        match self {
            Self::Off => None,
            _ if truncated => Some(0),
            Self::Rows(rows) => Some(rows),
            Self::Share(_) => Some(DELETES_FREE),
        }
    }

    /// How far the target's rows have to be counted to judge so many deletes: never further than in proportion to them.
    pub fn rows_to_count(self, deletes: u64) -> u64 {
        match self {
            Self::Share(percent) if percent > 0 => deletes.saturating_mul(100) / u64::from(percent) + 1,
            _ => deletes.saturating_mul(2) + 1,
        }
    }

    /// Whether so many deletes out of so many rows ask. The rows may have been counted only up to [`Self::rows_to_count`].
    pub fn asks(self, deletes: u64, rows: u64, truncated: bool) -> bool {
        match self {
            Self::Off => false,
            _ if truncated => deletes > 0,
            Self::Rows(most) => deletes > most,
            Self::Share(percent) => {
                deletes > DELETES_FREE && u128::from(deletes) * 100 > u128::from(rows) * u128::from(percent)
            }
        }
    }
}

impl fmt::Display for DeleteLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Rows(rows) => write!(f, "{rows}"),
            Self::Share(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for DeleteLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected \"50%\", a number of rows or \"off\", not {text:?}");
        if text == "off" {
            return Ok(Self::Off);
        }
        let Some(share) = text.strip_suffix('%') else {
            return text.parse().map(Self::Rows).map_err(|_| wrong());
        };
        match share.trim().parse() {
            Ok(percent @ 0..=100) => Ok(Self::Share(percent)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_table_and_more_than_a_thousand_rows_ask_by_default() {
        let limit = DeleteLimit::default();
        assert!(limit.asks(1_001, 2_001, false));
        assert!(!limit.asks(1_001, 2_002, false), "exactly half");
        assert!(!limit.asks(1_000, 1_000, false), "a small table");
    }

    #[test]
    fn a_number_of_rows_and_a_truncate_ask_whatever_the_size_of_the_table() {
        assert!(DeleteLimit::Rows(10).asks(11, 1_000_000, false));
        assert!(!DeleteLimit::Rows(10).asks(10, 10, false));
        assert!(DeleteLimit::default().asks(1, 1_000_000, true));
        assert!(!DeleteLimit::default().asks(0, 0, true), "nothing left to delete");
        assert!(!DeleteLimit::Off.asks(1_000_000, 1_000_000, true));
    }

    #[test]
    fn counting_stops_where_the_answer_is_known() {
        let limit = DeleteLimit::Share(50);
        let counted = limit.rows_to_count(5_000);
        assert!(!limit.asks(5_000, counted, false));
        assert!(limit.asks(5_000, counted - 2, false));
    }

    #[test]
    fn limits_are_read_as_they_are_printed() {
        for text in ["off", "50%", "0%", "100%", "0", "12000"] {
            assert_eq!(text.parse::<DeleteLimit>().unwrap().to_string(), text);
        }
        for text in ["", "%", "-1", "101%", "half", "on"] {
            assert!(
                text.parse::<DeleteLimit>().is_err(),
                "{text:?} was taken for a limit"
            );
        }
    }
}
