//! What the sync decides about rows, as functions of values: what is pending, who wins, what travels back, what goes on.
//!
//! The servers take these decisions in SQL, in one statement for any number of rows. The functions here say the same for one row;
//! the simulator runs on them, and a test gives both the same histories and compares what comes out.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::apply::Winner;
use crate::snapshot::Snapshot;

/// What orders two changes of one row, in the order of the fields: a total order, and the same on every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The version column or the clock, in microseconds; `i64::MIN` for `-infinity`.
    pub at: i64,
    /// When the change was noted, in microseconds.
    pub noted: i64,
    /// The node where it was made.
    pub node: Uuid,
}

/// A row of a changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<K, L> {
    /// The key that changed.
    pub key: K,
    /// The transaction that changed it.
    pub xid: u64,
    /// The order of notes on this node.
    pub seq: u64,
    /// Whether the row was inserted.
    pub insert: bool,
    /// Whether it was deleted.
    pub delete: bool,
    /// See [`Version::at`].
    pub at: i64,
    /// See [`Version::noted`].
    pub noted: i64,
    /// Where the change was made, unless it was made here.
    pub version_node: Option<Uuid>,
    /// The link that it came over, unless it was made here.
    pub via: Option<L>,
    /// The only link that it is meant for: a confirmation.
    pub only: Option<L>,
}

/// Who reads a changelog, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a, L> {
    /// The link for which it is read.
    pub link: &'a L,
    /// The node whose changelog it is.
    pub here: Uuid,
    /// Everything that is visible in it has arrived at the other node.
    pub consumed: &'a Snapshot,
    /// The reading transaction, whose own notes do not count.
    pub own: Option<u64>,
    /// Whether what came over the link counts too, and goes back over it; equal content ends that.
    pub echo: bool,
}

/// The last change of a key that is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Its version.
    pub version: Version,
    /// Whether any pending change of the key was an insert.
    pub inserted: bool,
    /// Whether any of its changes was a delete.
    pub deleted: bool,
    seq: u64,
}

impl<L: PartialEq> Reader<'_, L> {
    /// Whether a note is pending. The caller has picked the notes that are visible to the statement.
    pub fn is_pending<K>(&self, note: &Note<K, L>) -> bool {
        !self.consumed.sees(note.xid)
            && self.own != Some(note.xid)
            && (self.echo || note.via.as_ref() != Some(self.link))
            && note.only.as_ref().is_none_or(|only| only == self.link)
    }

    /// One change per pending key: the last one noted.
    pub fn pending<'n, K: Ord + Clone + 'n>(
        &self,
        notes: impl IntoIterator<Item = &'n Note<K, L>>,
    ) -> BTreeMap<K, Change>
    where
        L: 'n,
    {
        let mut pending: BTreeMap<K, Change> = BTreeMap::new();
        for note in notes.into_iter().filter(|note| self.is_pending(note)) {
            let change = Change {
                version: note.version(self.here),
                inserted: note.insert,
                deleted: note.delete,
                seq: note.seq,
            };
            pending
                .entry(note.key.clone())
                .and_modify(|known| *known = known.and(change))
                .or_insert(change);
        }
        pending
    }
}

impl<K, L> Note<K, L> {
    /// The version of the change, read at the node whose changelog this is.
    pub fn version(&self, here: Uuid) -> Version {
        Version {
            at: self.at,
            noted: self.noted,
            node: self.version_node.unwrap_or(here),
        }
    }
}

impl Change {
    fn and(self, other: Self) -> Self {
        let last = if self.seq > other.seq { self } else { other };
        Self {
            inserted: self.inserted || other.inserted,
            deleted: self.deleted || other.deleted,
            ..last
        }
    }
}

/// What becomes of a key that is pending on both sides and differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The incoming row is written; otherwise it leaves the stage.
    pub incoming_wins: bool,
    /// A note is written with this version, for this link only, so that the row travels back once and both sides know the outcome.
    pub confirm: Option<Version>,
    /// Both rows are recorded. Two copies of one change are no conflict.
    pub record: bool,
}

/// Decides such a key. At the first contact every row counts as changed, and a local winner has to be announced too.
pub fn decide(winner: Winner, incoming: Version, local: Version, first_contact: bool) -> Outcome {
    let incoming_wins = match winner {
        Winner::Latest | Winner::Columns => incoming > local,
        Winner::Source => true,
        // What a function says about a row is not known here.
        Winner::Target | Winner::Nobody | Winner::Function => false,
    };
    let confirm = match incoming_wins {
        true => Some(incoming),
        false => first_contact.then_some(local),
    };
    Outcome {
        incoming_wins,
        confirm,
        record: winner == Winner::Nobody || incoming != local,
    }
}

/// One column of a row that both sides only updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnChange {
    /// Whether the rows differ in it.
    pub differs: bool,
    /// Whether the source changed it.
    pub there: bool,
    /// Whether the target changed it.
    pub here: bool,
    /// Whether it says how new the row is.
    pub version: bool,
}

/// From which side a merged row takes each column: `Some(true)` for the source, `Some(false)` for the target, nothing where they agree.
/// `None` where nothing is mixed because the newer row is all that remains: [`decide`] says what becomes of that.
pub fn merge(columns: &[ColumnChange], incoming: Version, local: Version) -> Option<Vec<Option<bool>>> {
    let newer = incoming > local;
    let from = |column: &ColumnChange| match (column.there, column.here) {
        _ if !column.differs => None,
        _ if column.version => Some(newer),
        (true, false) => Some(true),
        (false, true) => Some(false),
        (true, true) | (false, false) => Some(newer),
    };
    let taken: Vec<Option<bool>> = columns.iter().map(from).collect();
    let mixed = incoming != local && taken.iter().flatten().any(|there| *there != newer);
    mixed.then_some(taken)
}

/// The version of a merged row: newer than both, and the target's own. `clock` is the time there.
pub fn merged_version(incoming: Version, local: Version, here: Uuid, clock: i64) -> Version {
    Version {
        at: incoming.at.max(local.at),
        noted: stamp(clock, incoming.noted.max(local.noted)),
        node: here,
    }
}

/// What kind of conflict it is, in PostgreSQL's words.
pub fn kind(incoming_present: bool, incoming_inserted: bool, is_here: bool, born_here: bool) -> &'static str {
    match (incoming_present, is_here, incoming_inserted) {
        (false, ..) => "delete_origin_differs",
        (true, false, true) => "delete_missing",
        (true, false, false) => "update_missing",
        (true, true, true) => "insert_exists",
        (true, true, false) if born_here => "update_exists",
        (true, true, false) => "update_origin_differs",
    }
}

/// The order after everything that was seen: what a node without a version column stamps a change with.
pub fn stamp(clock: i64, seen: i64) -> i64 {
    clock.max(seen.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Uuid = Uuid::from_u128(7);
    const THERE: Uuid = Uuid::from_u128(9);

    fn version(at: i64, noted: i64, node: Uuid) -> Version {
        Version { at, noted, node }
    }

    fn note(key: u8, xid: u64, seq: u64) -> Note<u8, u8> {
        Note {
            key,
            xid,
            seq,
            insert: false,
            delete: false,
            at: i64::try_from(seq).unwrap(),
            noted: 0,
            version_node: None,
            via: None,
            only: None,
        }
    }

    fn pending(notes: &[Note<u8, u8>], consumed: &str, own: Option<u64>) -> Vec<(u8, i64, bool)> {
        let consumed = consumed.parse().unwrap();
        let reader = Reader {
            link: &1,
            here: HERE,
            consumed: &consumed,
            own,
            echo: false,
        };
        let pending = reader.pending(notes);
        pending
            .into_iter()
            .map(|(key, change)| (key, change.version.at, change.inserted))
            .collect()
    }

    #[test]
    fn versions_are_ordered_by_time_then_by_note_then_by_node() {
        let ordered = [
            version(i64::MIN, 5, THERE),
            version(1, 0, HERE),
            version(1, 0, THERE),
            version(1, 1, HERE),
            version(2, 0, HERE),
        ];
        assert!(ordered.is_sorted());
    }

    #[test]
    fn a_note_is_pending_until_the_consumed_snapshot_sees_its_transaction() {
        let notes = [note(1, 10, 1), note(2, 11, 2), note(3, 12, 3)];
        assert_eq!(pending(&notes, "11:12:11", None), [(2, 2, false), (3, 3, false)]);
    }

    #[test]
    fn the_last_note_of_a_key_counts_whatever_its_version_and_the_order_of_reading() {
        let mut notes = [note(1, 10, 8), note(1, 11, 3)];
        notes[1].at = 99;
        notes[1].insert = true;
        assert_eq!(pending(&notes, "5:5:", None), [(1, 8, true)]);
        notes.reverse();
        assert_eq!(pending(&notes, "5:5:", None), [(1, 8, true)]);
    }

    #[test]
    fn own_notes_and_what_came_over_the_link_are_not_pending() {
        let mut notes = [note(1, 10, 1), note(2, 11, 2), note(3, 12, 3)];
        notes[1].via = Some(1);
        notes[2].via = Some(2);
        assert_eq!(pending(&notes, "5:5:", Some(10)), [(3, 3, false)]);
    }

    #[test]
    fn a_confirmation_is_pending_for_its_own_link_only() {
        let mut notes = [note(1, 10, 1), note(2, 11, 2)];
        notes[0].only = Some(1);
        notes[1].only = Some(2);
        assert_eq!(pending(&notes, "5:5:", None), [(1, 1, false)]);
    }

    #[test]
    fn a_won_key_is_confirmed_with_the_winners_version() {
        let (older, newer) = (version(1, 0, THERE), version(2, 0, HERE));
        let won = decide(Winner::Latest, newer, older, false);
        assert_eq!(
            (won.incoming_wins, won.confirm, won.record),
            (true, Some(newer), true)
        );
        let lost = decide(Winner::Latest, older, newer, false);
        assert_eq!(
            (lost.incoming_wins, lost.confirm, lost.record),
            (false, None, true)
        );
    }

    #[test]
    fn both_nodes_come_to_the_same_answer() {
        let (a, b) = (version(3, 1, HERE), version(3, 1, THERE));
        let at_b = decide(Winner::Latest, a, b, false).incoming_wins;
        let at_a = decide(Winner::Latest, b, a, false).incoming_wins;
        assert_ne!(at_a, at_b, "each node took the other's row, or kept its own");
    }

    #[test]
    fn two_copies_of_one_change_are_no_conflict() {
        let one = version(3, 1, HERE);
        assert!(!decide(Winner::Latest, one, one, false).record);
    }

    fn column(there: bool, here: bool) -> ColumnChange {
        ColumnChange {
            differs: true,
            there,
            here,
            version: false,
        }
    }

    #[test]
    fn a_column_comes_from_the_side_that_changed_it_and_from_the_newer_one_where_both_did() {
        let (older, newer) = (version(1, 0, THERE), version(2, 0, HERE));
        let columns = [column(true, false), column(false, true), column(true, true)];
        assert_eq!(
            merge(&columns, older, newer),
            Some(vec![Some(true), Some(false), Some(false)])
        );
        assert_eq!(
            merge(&columns, newer, older),
            Some(vec![Some(true), Some(false), Some(true)])
        );
    }

    #[test]
    fn nothing_is_mixed_where_the_newer_row_is_all_that_remains() {
        let (older, newer) = (version(1, 0, THERE), version(2, 0, HERE));
        let equal = ColumnChange {
            differs: false,
            ..column(false, true)
        };
        assert_eq!(merge(&[column(true, false), equal], newer, older), None);
        assert_eq!(
            merge(&[column(true, false), equal], older, newer),
            Some(vec![Some(true), None])
        );
        assert_eq!(
            merge(&[column(true, false), column(false, true)], newer, newer),
            None
        );
    }

    #[test]
    fn a_merged_row_is_newer_than_both_and_the_version_column_is_the_newer_ones() {
        let (older, newer) = (version(1, 9, THERE), version(2, 3, THERE));
        let merged = merged_version(older, newer, HERE, 5);
        assert_eq!(merged, version(2, 10, HERE));
        assert!(merged > older && merged > newer);
        let stamp = ColumnChange {
            version: true,
            ..column(false, true)
        };
        assert_eq!(
            merge(&[stamp, column(false, true)], newer, older),
            Some(vec![Some(true), Some(false)])
        );
    }

    #[test]
    fn at_the_first_contact_the_winner_is_announced_wherever_it_is() {
        let (older, newer) = (version(1, 0, THERE), version(2, 0, HERE));
        assert_eq!(decide(Winner::Latest, older, newer, true).confirm, Some(newer));
        assert_eq!(decide(Winner::Source, older, newer, true).confirm, Some(older));
    }

    #[test]
    fn a_stamp_is_after_everything_seen_even_where_the_clock_is_behind() {
        assert_eq!(stamp(100, 50), 100);
        assert_eq!(stamp(50, 100), 101);
    }
}
