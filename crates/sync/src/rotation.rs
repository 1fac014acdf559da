//! The changelog gives its space back without a single DELETE.
//!
//! A changelog has parts that inherit from it. Capture writes straight into one of them, and its functions are replaced when
//! another one's turn comes, which locks nobody's table. A part that was left is emptied by TRUNCATE once every link has what is in it,
//! so it does not matter how long ago somebody's snapshot was taken. Everything is read through the parent, so an entry may stand in any
//! part: a transaction that began before the turn and still writes to the old one loses nothing, and its lock on that part keeps it from
//! being emptied. Part 0 is the parent itself: what an older layout logged, and what the sync writes before it knows the turn.
//!
//! A part is filled for half of the retention. With three parts there is then always an empty one when the turn comes, unless a link lags.

use ponte_schema::sql::Fragment;
use ponte_schema::{Literal, Sql};

use crate::apply::texts;
use crate::capture;
use crate::table::TableSide;

/// The parts that capture fills by turns.
pub const TURNS: [i16; 3] = [1, 2, 3];

/// How long entries stay that have arrived everywhere, where nothing is said: 7 days.
pub const RETENTION_SECONDS_DEFAULT: i64 = 604_800;

/// What is known of a part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogPart {
    /// Its number.
    pub number: i16,
    /// Whether it is the one that capture fills.
    pub filling: bool,
    /// How large its heap is.
    pub bytes: i64,
    /// Since when it has been filled, or left alone.
    pub seconds: f64,
}

/// When a turn is worth its two dozen catalog rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// From this size on,
    pub bytes: i64,
    /// or after this time.
    pub seconds: f64,
}

impl Pace {
    /// For links at work.
    pub const CALM: Self = Self {
        bytes: 1 << 20,
        seconds: 5.0,
    };
    /// At every opportunity.
    pub const EAGER: Self = Self {
        bytes: 0,
        seconds: 0.0,
    };
}

/// The part whose turn it is now, where that is another one.
pub fn next_turn(parts: &[LogPart], retention_seconds: f64, pace: Pace) -> Option<i16> {
    let filled = parts.iter().find(|p| p.filling)?;
    let worth_it = filled.bytes >= pace.bytes || filled.seconds >= pace.seconds;
    if filled.bytes == 0 || filled.seconds < retention_seconds / 2.0 || !worth_it {
        return None;
    }
    let empty = |n: i16| parts.iter().any(|p| p.number == n && !p.filling && p.bytes == 0);
    TURNS.into_iter().find(|n| empty(*n))
}

/// Whether the entries of a part have been kept for long enough.
pub fn is_due(part: &LogPart, retention_seconds: f64) -> bool {
    !part.filling && part.bytes > 0 && part.seconds >= retention_seconds
}

/// The parts of some changelogs: position of the table, number, whether it is filled, bytes, seconds, the longest retention that a link asks for.
pub fn look(tables: &[&TableSide]) -> Sql {
    let looks = (0_i64..).zip(tables).map(|(position, table)| {
        let relations = [0].into_iter().chain(TURNS).map(|n| {
            Sql::render(
                "({n}::smallint, to_regclass({relation}))",
                &[("n", &i64::from(n)), ("relation", &spelled(table, n))],
            )
        });
        of_table(
            include_str!("rotation/look.sql"),
            table,
            &[
                ("position", &position),
                ("default", &RETENTION_SECONDS_DEFAULT),
                ("relations", &Sql::join(", ", relations)),
            ],
        )
    });
    Sql::join("UNION ALL\n", looks)
}

/// Lets capture fill another part from now on.
pub fn move_on(table: &TableSide, max_future_seconds: i64, to: i16) -> Sql {
    let mut sql = capture::functions(table, max_future_seconds, to);
    sql.push(&of_table(
        include_str!("rotation/move_on.sql"),
        table,
        &[("to", &i64::from(to))],
    ));
    sql
}

/// Whether any link still has to get an entry of a part.
pub fn awaited(table: &TableSide, part: i16) -> Sql {
    of_table(
        include_str!("rotation/awaited.sql"),
        table,
        &[("part", &table.log_part(part))],
    )
}

/// Keeps everybody else out of a part until the transaction ends.
pub fn hold(table: &TableSide, part: i16) -> Sql {
    Sql::render(
        "LOCK TABLE ONLY {part} IN ACCESS EXCLUSIVE MODE",
        &[("part", &table.log_part(part))],
    )
}

/// Empties a part that is held.
pub fn empty(table: &TableSide, part: i16, filled: i16) -> Sql {
    of_table(
        include_str!("rotation/empty.sql"),
        table,
        &[
            ("part", &table.log_part(part)),
            ("filled", &table.log_part(filled)),
            ("number", &i64::from(part)),
            ("entries", &table.entries()),
            ("key_texts", &texts("e", &table.staged_key())),
        ],
    )
}

/// The name of a part as a string constant.
pub(crate) fn spelled(table: &TableSide, part: i16) -> Literal {
    Literal::new(Sql::of(&table.log_part(part)).as_str())
}

/// Fills a template that is about one table of the bookkeeping.
pub(crate) fn of_table(template: &'static str, table: &TableSide, more: &[(&str, &dyn Fragment)]) -> Sql {
    let (schema, name) = (
        Literal::new(table.name.schema.as_str()),
        Literal::new(table.name.name.as_str()),
    );
    let mut values: Vec<(&str, &dyn Fragment)> = vec![("schema_name", &schema), ("table_name", &name)];
    values.extend_from_slice(more);
    Sql::render(template, &values)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: f64 = 604_800.0;

    fn part(number: i16, filling: bool, bytes: i64, days: f64) -> LogPart {
        LogPart {
            number,
            filling,
            bytes,
            seconds: days * 86_400.0,
        }
    }

    fn check(parts: &[LogPart], retention: f64, pace: Pace, expected: Option<i16>) {
        assert_eq!(next_turn(parts, retention, pace), expected, "{parts:?}");
    }

    #[test]
    fn the_turn_comes_after_half_of_the_retention() {
        let at = |days| {
            [
                part(0, false, 0, 9.0),
                part(1, true, 9, days),
                part(2, false, 0, 9.0),
            ]
        };
        check(&at(3.4), WEEK, Pace::CALM, None);
        check(&at(3.6), WEEK, Pace::CALM, Some(2));
    }

    #[test]
    fn a_part_that_holds_entries_is_left_out() {
        let parts = [
            part(0, false, 0, 9.0),
            part(1, false, 9, 1.0),
            part(2, true, 9, 9.0),
            part(3, false, 0, 9.0),
        ];
        check(&parts, WEEK, Pace::CALM, Some(3));
        check(&parts[..3], WEEK, Pace::CALM, None);
    }

    #[test]
    fn without_retention_a_few_entries_wait_for_more() {
        let at = |bytes, seconds| {
            [
                LogPart {
                    number: 1,
                    filling: true,
                    bytes,
                    seconds,
                },
                part(2, false, 0, 9.0),
            ]
        };
        check(&at(8192, 1.0), 0.0, Pace::CALM, None);
        check(&at(8192, 1.0), 0.0, Pace::EAGER, Some(2));
        check(&at(2 << 20, 1.0), 0.0, Pace::CALM, Some(2));
        check(&at(8192, 6.0), 0.0, Pace::CALM, Some(2));
        check(&at(0, 6.0), 0.0, Pace::EAGER, None);
    }

    #[test]
    fn only_parts_that_were_left_long_ago_are_due() {
        assert!(is_due(&part(1, false, 9, 7.1), WEEK));
        assert!(!is_due(&part(1, false, 9, 6.9), WEEK));
        assert!(!is_due(&part(1, false, 0, 9.0), WEEK));
        assert!(!is_due(&part(1, true, 9, 9.0), 0.0));
    }
}
