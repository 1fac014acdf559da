//! Whether two databases still remember the same past.
//!
//! Before a batch is committed at its target, its source is told durably which snapshot is on offer; afterwards it is told that
//! the snapshot was consumed. So the source always knows the snapshot that its target holds, under one of these two names.
//! A source that knows neither has lost a part of its history: it was restored, or a replica took over that was behind. That holds
//! also after it has run past the lost part again, and a replica that took over with nothing missing passes. Timelines and system
//! identifiers cannot tell these cases apart.

use crate::snapshot::Snapshot;

/// What a source remembers of what it shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    /// What it was told has arrived.
    pub consumed: Snapshot,
    /// What it last offered; none where an older release made the link and no batch was read since.
    pub offered: Option<Snapshot>,
}

/// How the memories of source and target agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// They do.
    Whole,
    /// The source has never heard of what arrived at the target.
    SourceBehind,
    /// The target has forgotten what the source knows to have arrived.
    TargetBehind,
}

/// Compares what arrived at the target with what its source remembers.
pub fn judge(arrived: &Snapshot, shipped: &Shipped) -> Memory {
    let known = *arrived == shipped.consumed || shipped.offered.as_ref().is_none_or(|o| o == arrived);
    if known {
        Memory::Whole
    } else if arrived.went_back_from(&shipped.consumed) {
        Memory::TargetBehind
    } else {
        Memory::SourceBehind
    }
}

/// The last point that both remember, from which a direction can go on.
pub fn common(arrived: &Snapshot, shipped: &Shipped) -> Snapshot {
    match judge(arrived, shipped) {
        Memory::Whole | Memory::TargetBehind => arrived.clone(),
        Memory::SourceBehind => shipped.consumed.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(xmax: u64) -> Snapshot {
        format!("{xmax}:{xmax}:").parse().unwrap()
    }

    fn check(arrived: u64, consumed: u64, offered: Option<u64>, expected: Memory) {
        let shipped = Shipped {
            consumed: snapshot(consumed),
            offered: offered.map(snapshot),
        };
        assert_eq!(judge(&snapshot(arrived), &shipped), expected);
    }

    #[test]
    fn a_batch_in_flight_at_a_crash_is_known_by_its_offer() {
        check(10, 10, Some(10), Memory::Whole);
        check(20, 10, Some(20), Memory::Whole);
        check(10, 10, Some(20), Memory::Whole);
    }

    #[test]
    fn what_a_source_never_offered_tells_of_a_lost_history() {
        check(30, 10, Some(20), Memory::SourceBehind);
        check(30, 20, Some(20), Memory::SourceBehind);
    }

    #[test]
    fn a_target_that_has_less_than_its_source_was_told_was_restored() {
        check(10, 20, Some(20), Memory::TargetBehind);
        check(10, 20, Some(30), Memory::TargetBehind);
    }

    #[test]
    fn both_go_on_from_the_last_point_that_both_remember() {
        let shipped = Shipped {
            consumed: snapshot(20),
            offered: Some(snapshot(20)),
        };
        assert_eq!(common(&snapshot(30), &shipped), snapshot(20));
        assert_eq!(common(&snapshot(10), &shipped), snapshot(10));
    }
}
