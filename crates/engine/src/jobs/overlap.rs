//! What becomes of a tick while an earlier run of the job is not over. Pure.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::due::{CatchUp, Due};

/// What a tick does that comes while the job still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// It is left out.
    Skip,
    /// It waits; one at a time, or as many as are caught up.
    Queue,
    /// It ends the run and takes its place.
    Cancel,
}

/// The runs of a job that are not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Open {
    /// One is under way.
    pub running: bool,
    /// So many wait.
    pub queued: usize,
}

/// What is decided about ticks that are due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// They are run, oldest first.
    pub queue: Vec<Timestamp>,
    /// They are left out because of the runs that are not over.
    pub skip: Vec<Timestamp>,
    /// The run under way is ended, and those that wait are given up.
    pub cancel: bool,
}

/// Decides about ticks that are due.
pub fn admit(due: &Due, overlap: Overlap, catch_up: CatchUp, open: Open) -> Admission {
    let busy = open.running || open.queued > 0;
    let ticks = due.run.clone();
    match overlap {
        _ if ticks.is_empty() => Admission::default(),
        _ if !busy => Admission {
            queue: ticks,
            ..Admission::default()
        },
        Overlap::Skip => Admission {
            skip: ticks,
            ..Admission::default()
        },
        Overlap::Cancel => {
            let mut skip = ticks;
            let newest = skip.split_off(skip.len() - 1);
            Admission {
                queue: newest,
                skip,
                cancel: true,
            }
        }
        Overlap::Queue => {
            let most = match catch_up {
                CatchUp::None | CatchUp::Last => 1,
                CatchUp::All(most) => most as usize,
            };
            let room = most.saturating_sub(open.queued).min(ticks.len());
            let mut queue = ticks;
            let skip = queue.split_off(room);
            Admission {
                queue,
                skip,
                cancel: false,
            }
        }
    }
}

impl FromStr for Overlap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "skip" => Ok(Self::Skip),
            "queue" => Ok(Self::Queue),
            "cancel" => Ok(Self::Cancel),
            _ => Err(format!(
                "expected \"skip\", \"queue\" or \"cancel\", not {text:?}"
            )),
        }
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Cancel => "cancel",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const BUSY: Open = Open {
        running: true,
        queued: 0,
    };

    fn check(overlap: Overlap, catch_up: CatchUp, open: Open, queue: &[i64], skip: &[i64], cancel: bool) {
        let due = Due {
            run: vec![tick(1), tick(2)],
            ..Due::default()
        };
        let found = admit(&due, overlap, catch_up, open);
        let ticks = |seconds: &[i64]| seconds.iter().map(|s| tick(*s)).collect::<Vec<_>>();
        let expected = Admission {
            queue: ticks(queue),
            skip: ticks(skip),
            cancel,
        };
        assert_eq!(found, expected, "{overlap} {catch_up} {open:?}");
    }

    #[test]
    fn nothing_in_the_way_lets_every_tick_run() {
        for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Cancel] {
            check(overlap, CatchUp::All(2), Open::default(), &[1, 2], &[], false);
        }
    }

    #[test]
    fn a_run_under_way_is_waited_for_ended_or_preferred() {
        check(Overlap::Skip, CatchUp::All(2), BUSY, &[], &[1, 2], false);
        check(Overlap::Queue, CatchUp::Last, BUSY, &[1], &[2], false);
        check(Overlap::Queue, CatchUp::All(2), BUSY, &[1, 2], &[], false);
        check(Overlap::Cancel, CatchUp::All(2), BUSY, &[2], &[1], true);
        let full = Open {
            running: true,
            queued: 1,
        };
        check(Overlap::Queue, CatchUp::Last, full, &[], &[1, 2], false);
    }

    #[test]
    fn the_words_are_read_and_printed() {
        for text in ["skip", "queue", "cancel"] {
            assert_eq!(text.parse::<Overlap>().unwrap().to_string(), text);
        }
        assert!("allow".parse::<Overlap>().is_err());
    }
}
