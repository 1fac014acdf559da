//! How far a first contact is, for people who wait for it.
//!
//! The work tells what happens as events. [`ContactProgress`] adds them up; it is given the time instead of reading a clock.

use std::time::Duration;

/// Something that a first contact did.
#[derive(Debug, Clone, PartialEq)]
pub enum ContactEvent {
    /// A table will be carried, perhaps from where an earlier run left it.
    Begun(TableProgress),
    /// Rows are on their way.
    Moved {
        /// The table's number.
        table: usize,
        /// How many more.
        rows: u64,
        /// In how many bytes.
        bytes: u64,
    },
    /// Rows that had moved were taken back, to be carried in another way.
    Undone {
        /// The table's number.
        table: usize,
        /// How many.
        rows: u64,
        /// In how many bytes.
        bytes: u64,
    },
    /// A chunk has been committed.
    Committed {
        /// The table's number.
        table: usize,
    },
    /// All rows are there; a pass carries what changed meanwhile.
    Settling,
}

/// One table of a first contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableProgress {
    /// Its number, the same in all events.
    pub number: usize,
    /// Its name.
    pub table: String,
    /// Where its rows come from.
    pub from: String,
    /// Where they go.
    pub to: String,
    /// Rows that have to be carried.
    pub rows_expected: u64,
    /// Rows that have been.
    pub rows: u64,
    /// Bytes that they made, of this run.
    pub bytes: u64,
    /// Chunks.
    pub chunks: usize,
    /// Chunks that have been committed.
    pub chunks_done: usize,
    /// Rows that an earlier run has carried.
    pub rows_before: u64,
    /// When this run began with it.
    pub(super) began: Option<Duration>,
}

impl TableProgress {
    /// Whether nothing is left to do.
    pub fn complete(&self) -> bool {
        self.chunks_done == self.chunks
    }

    /// How much of it is done, in percent.
    pub fn percent(&self) -> f64 {
        if self.complete() {
            return 100.0;
        }
        let part = self.rows as f64 / self.rows_expected.max(1) as f64;
        (part * 100.0).min(99.9)
    }

    /// How long the rest will take if it goes on as before; `None` while nobody can know.
    pub fn remaining(&self, now: Duration) -> Option<Duration> {
        let moved = self.rows.checked_sub(self.rows_before).filter(|n| *n > 0)?;
        let left = self.rows_expected.saturating_sub(self.rows);
        let elapsed = now.checked_sub(self.began?)?;
        Some(elapsed.mul_f64(left as f64 / moved as f64))
    }
}

/// All tables of a first contact.
#[derive(Debug, Clone, Default)]
pub struct ContactProgress {
    tables: Vec<TableProgress>,
    settling: bool,
}

impl ContactProgress {
    /// The tables, in the order in which they were begun.
    pub fn tables(&self) -> &[TableProgress] {
        &self.tables
    }

    /// Whether all rows are there.
    pub fn settling(&self) -> bool {
        self.settling
    }

    /// Takes in an event that happened `now`, counted from whatever beginning.
    pub fn note(&mut self, event: &ContactEvent, now: Duration) {
        match event {
            ContactEvent::Begun(table) => self.tables.push(table.clone()),
            ContactEvent::Moved { table, rows, bytes } => {
                if let Some(table) = self.table(*table) {
                    table.began.get_or_insert(now);
                    table.rows += rows;
                    table.bytes += bytes;
                }
            }
            ContactEvent::Undone { table, rows, bytes } => {
                if let Some(table) = self.table(*table) {
                    table.rows = table.rows.saturating_sub(*rows);
                    table.bytes = table.bytes.saturating_sub(*bytes);
                }
            }
            ContactEvent::Committed { table } => {
                if let Some(table) = self.table(*table) {
                    table.chunks_done += 1;
                }
            }
            ContactEvent::Settling => self.settling = true,
        }
    }

    fn table(&mut self, number: usize) -> Option<&mut TableProgress> {
        self.tables.iter_mut().find(|t| t.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(rows_before: u64, chunks_done: usize) -> ContactProgress {
        let mut progress = ContactProgress::default();
        let table = TableProgress {
            number: 3,
            rows_expected: 100_000,
            rows: rows_before,
            rows_before,
            chunks: 4,
            chunks_done,
            ..TableProgress::default()
        };
        progress.note(&ContactEvent::Begun(table), Duration::ZERO);
        progress
    }

    /// Moves rows at a steady pace from second 5 on and compares each prediction with what came true.
    fn check(rows_before: u64) {
        let mut progress = begun(rows_before, 0);
        let started = Duration::from_secs(5);
        let step = Duration::from_millis(10);
        let steps = u32::try_from((100_000 - rows_before) / 100).unwrap();
        let moved = ContactEvent::Moved {
            table: 3,
            rows: 100,
            bytes: 7_000,
        };
        let end = started + step * (steps - 1);
        for n in 0..steps {
            let now = started + step * n;
            progress.note(&moved, now);
            if n < 20 {
                continue;
            }
            let table = &progress.tables()[0];
            let predicted = (now + table.remaining(now).unwrap()).as_secs_f64() - 5.0;
            let actual = (end - started).as_secs_f64();
            assert!(
                (predicted / actual - 1.0).abs() < 0.1,
                "at {now:?}: {predicted} for {actual}"
            );
        }
        let table = &progress.tables()[0];
        assert_eq!(table.rows, 100_000);
        assert_eq!(table.bytes, 70 * (100_000 - rows_before));
    }

    /// AT-130: the end of a steady copy is predicted within a tenth, also of one that was taken up again.
    #[test]
    fn a_steady_copy_ends_when_it_was_said_to() {
        check(0);
        check(60_000);
    }

    #[test]
    fn nothing_is_predicted_before_anything_moved() {
        let progress = begun(0, 0);
        assert_eq!(progress.tables()[0].remaining(Duration::from_secs(9)), None);
    }

    #[test]
    fn a_hundred_percent_is_said_only_at_the_end() {
        let mut progress = begun(25_000, 1);
        assert_eq!(progress.tables()[0].percent(), 25.0);
        let moved = ContactEvent::Moved {
            table: 3,
            rows: 80_000,
            bytes: 0,
        };
        progress.note(&moved, Duration::ZERO);
        assert_eq!(progress.tables()[0].percent(), 99.9);
        progress.note(
            &ContactEvent::Undone {
                table: 3,
                rows: 30_000,
                bytes: 0,
            },
            Duration::ZERO,
        );
        assert_eq!(progress.tables()[0].percent(), 75.0);
        for _ in 1..4 {
            progress.note(&ContactEvent::Committed { table: 3 }, Duration::ZERO);
        }
        assert_eq!(progress.tables()[0].percent(), 100.0);
    }
}
