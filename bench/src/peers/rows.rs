//! Which rows each load touches, so that no load finds what another one left.
//!
//! From the first key on: those deleted, repetition by repetition; those updated on both sides at once; at the end the ones that
//! are changed on both sides, repetition by repetition.

use crate::workload::Keys;
use crate::{Options, Result};

/// Rows that are changed on both sides.
const CONFLICTS_MAX: i64 = 1_000;

/// Keys of one repetition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loads {
    pub(super) inserts: Keys,
    pub(super) updates: Keys,
    pub(super) deletes: Keys,
    /// Updated at A and at B at the same time, every other key.
    pub(super) mixed: [Keys; 2],
    pub(super) conflicts: Keys,
}

impl Loads {
    pub(super) fn of(options: &Options, repetition: usize) -> Self {
        let n = i64::try_from(repetition).unwrap_or(0);
        let (rows, batch) = (options.rows, options.batch);
        let (deletes, half) = (deletes(options), batch / 2);
        let kept = deletes * repetitions(options);
        let step = ((rows - kept) / batch).max(1);
        let every_other = |first| Keys {
            first,
            step: 2,
            count: half,
        };
        Self {
            inserts: Keys::run(rows + 1 + n * batch, batch),
            updates: Keys {
                first: rows - step * (batch - 1) - n % step,
                step,
                count: batch,
            },
            deletes: Keys::run(1 + n * deletes, deletes),
            mixed: [every_other(kept + 1), every_other(kept + 2)],
            conflicts: Keys::run(rows + 1 - conflicts(options) * (n + 1), conflicts(options)),
        }
    }
}

pub(super) fn deletes(options: &Options) -> i64 {
    options.batch / 4
}

pub(super) fn conflicts(options: &Options) -> i64 {
    CONFLICTS_MAX.min(options.batch / 10)
}

/// Whether the table has room for all loads.
pub(super) fn check(options: &Options) -> Result<()> {
    let needed = options.batch + (deletes(options) + conflicts(options)) * repetitions(options);
    if options.batch < 100 {
        return Err("--batch has to be at least 100".into());
    }
    if options.rows < needed {
        return Err(format!(
            "--rows has to be at least {needed} for --batch {} and --repetitions {}",
            options.batch, options.repetitions
        )
        .into());
    }
    Ok(())
}

fn repetitions(options: &Options) -> i64 {
    i64::try_from(options.repetitions).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn options(arguments: &[&str]) -> Options {
        Options::parse_from([&["bench"], arguments].concat())
    }

    #[test]
    fn no_load_touches_the_rows_of_another_kind() {
        let options = options(&["--rows", "20000", "--batch", "4000", "--repetitions", "3"]);
        check(&options).unwrap();
        let all: Vec<Loads> = (0..3).map(|n| Loads::of(&options, n)).collect();
        let last_deleted = all.iter().map(|l| l.deletes.last()).max().unwrap();
        let first_conflict = all.iter().map(|l| l.conflicts.first).min().unwrap();
        for loads in &all {
            assert!(loads.updates.first > last_deleted && loads.updates.last() <= options.rows);
            assert!(loads.mixed[0].first > last_deleted && loads.mixed[1].last() < first_conflict);
            assert!(loads.conflicts.last() <= options.rows && loads.inserts.first > options.rows);
        }
    }

    #[test]
    fn a_table_that_is_too_small_is_refused_with_the_size_that_is_needed() {
        let refused = check(&options(&[
            "--rows",
            "5000",
            "--batch",
            "4000",
            "--repetitions",
            "1",
        ]))
        .unwrap_err();
        assert!(refused.to_string().contains("at least 5400"), "{refused}");
    }
}
