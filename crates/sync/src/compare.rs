//! Comparing a table on two live nodes without moving it: checksums per bucket inside each database, then keys and hashes of
//! the buckets that differ, merged as two sorted streams.
//!
//! Checksums are sums of two independent 64-bit hashes together with a count, so that neither swapped nor doubled rows cancel
//! each other out, as they would with XOR. Rows are hashed in the types' text form under pinned output settings.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use ponte_schema::{Literal, Sql};

use crate::table::TableSide;
use crate::value::Value;

/// Into how many buckets a table is split; a power of two.
pub const BUCKETS: i64 = 1024;

/// What one bucket holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Rows.
    pub rows: i64,
    /// Sum of the first hash, as the server prints a numeric.
    pub low: String,
    /// Sum of the second hash.
    pub high: String,
}

/// The buckets of a table: number, rows, two sums.
pub fn buckets(table: &TableSide) -> Sql {
    render(include_str!("compare/buckets.sql"), table)
}

/// The rows of the buckets in `$1` (`int[]`): key, two hashes, sorted by key in byte order.
pub fn rows(table: &TableSide) -> Sql {
    render(include_str!("compare/rows.sql"), table)
}

/// The keys that are pending since the snapshot `$1`.
pub fn pending_keys(table: &TableSide, link: &str) -> Sql {
    Sql::render(
        include_str!("compare/pending_keys.sql"),
        &[
            ("table", &table.name),
            ("changelog", &table.changelog()),
            ("keys", &pending_key(table)),
            ("link", &Literal::new(link)),
        ],
    )
}

fn render(template: &'static str, table: &TableSide) -> Sql {
    let compared = &table.outgoing.compared;
    let value = |value: &Value| value.of("t", &table.name.name);
    let exact = || compared.key.iter().chain(&compared.columns).map(value);
    let in_second_form = compared.loose.iter().map(|[_, second]| value(second));
    let loose = compared
        .loose
        .iter()
        .flatten()
        .map(|form| Sql::render("hashtextextended({value}::text, 3)", &[("value", &value(form))]));
    Sql::render(
        template,
        &[
            ("table", &table.name),
            ("keys", &Sql::join(", ", compared.key.iter().map(value))),
            ("columns", &Sql::join(", ", exact().chain(in_second_form))),
            ("exact", &Sql::join(", ", exact())),
            ("loose", &Sql::join(", ", loose)),
            ("where_inside", &table.where_inside("t")),
            ("mask", &(BUCKETS - 1)),
        ],
    )
}

/// The key of a changelog row, in the form in which rows are compared.
fn pending_key(table: &TableSide) -> Sql {
    let staged = table.staged_key();
    let key = table.outgoing.compared.key.iter().zip(&staged);
    Sql::join(", ", key.map(|(value, name)| value.of_named("l", name)))
}

/// The numbers of the buckets that are not the same on both sides.
pub fn differing(one: &BTreeMap<i32, Bucket>, other: &BTreeMap<i32, Bucket>) -> Vec<i32> {
    let mut numbers: Vec<i32> = one.keys().chain(other.keys()).copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.retain(|n| one.get(n) != other.get(n));
    numbers
}

/// A row as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowHash {
    /// The key as a row value's text.
    pub key: String,
    /// Both hashes of what is equal or not.
    pub hash: (i64, i64),
    /// One hash in the first side's form and one in the second's for each loose column; none for NULL.
    pub loose: Vec<Option<i64>>,
}

impl RowHash {
    /// Whether two rows of one key are equal: a loose column is if it is so in either side's form.
    fn equals(&self, other: &Self) -> bool {
        let mut loose = self.loose.chunks(2).zip(other.loose.chunks(2));
        self.hash == other.hash && loose.all(|(a, b)| a.iter().zip(b).any(|(a, b)| a == b))
    }
}

/// A key that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Divergence {
    /// Only the second side has it.
    MissingInFirst(String),
    /// Only the first side has it.
    MissingInSecond(String),
    /// Both have it with different content.
    Different(String),
}

impl Divergence {
    /// The key.
    pub fn key(&self) -> &str {
        match self {
            Self::MissingInFirst(key) | Self::MissingInSecond(key) | Self::Different(key) => key,
        }
    }
}

/// One step of merging two streams that are sorted by key: what the heads say, and which of them to move on.
pub fn merge_step(one: Option<&RowHash>, other: Option<&RowHash>) -> Option<(Option<Divergence>, Advance)> {
    Some(match (one, other) {
        (None, None) => return None,
        (Some(a), None) => (Some(Divergence::MissingInSecond(a.key.clone())), Advance::First),
        (None, Some(b)) => (Some(Divergence::MissingInFirst(b.key.clone())), Advance::Second),
        (Some(a), Some(b)) => match a.key.as_bytes().cmp(b.key.as_bytes()) {
            Ordering::Less => (Some(Divergence::MissingInSecond(a.key.clone())), Advance::First),
            Ordering::Greater => (Some(Divergence::MissingInFirst(b.key.clone())), Advance::Second),
            Ordering::Equal => (
                (!a.equals(b)).then(|| Divergence::Different(a.key.clone())),
                Advance::Both,
            ),
        },
    })
}

/// Which stream to move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// The first.
    First,
    /// The second.
    Second,
    /// Both.
    Both,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, hash: i64) -> RowHash {
        RowHash {
            key: key.into(),
            hash: (hash, hash),
            loose: Vec::new(),
        }
    }

    #[test]
    fn a_loose_column_is_equal_if_it_is_so_in_either_form() {
        let with = |forms: [Option<i64>; 2]| RowHash {
            loose: forms.to_vec(),
            ..row("(1)", 7)
        };
        check(&[with([Some(1), Some(2)])], &[with([Some(1), Some(3)])], &[]);
        check(&[with([Some(1), Some(2)])], &[with([Some(4), Some(2)])], &[]);
        check(&[with([None, Some(2)])], &[with([None, Some(3)])], &[]);
        check(
            &[with([Some(1), Some(2)])],
            &[with([Some(2), Some(1)])],
            &[Divergence::Different("(1)".into())],
        );
    }

    fn check(one: &[RowHash], other: &[RowHash], expected: &[Divergence]) {
        let (mut i, mut j, mut found) = (0, 0, Vec::new());
        while let Some((divergence, advance)) = merge_step(one.get(i), other.get(j)) {
            found.extend(divergence);
            i += usize::from(advance != Advance::Second);
            j += usize::from(advance != Advance::First);
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_streams_have_no_divergence() {
        check(
            &[row("(1)", 7), row("(2)", 8)],
            &[row("(1)", 7), row("(2)", 8)],
            &[],
        );
    }

    #[test]
    fn missing_extra_and_different_keys_are_told_apart() {
        check(
            &[row("(1)", 7), row("(2)", 8), row("(4)", 1)],
            &[row("(2)", 9), row("(3)", 8), row("(4)", 1)],
            &[
                Divergence::MissingInSecond("(1)".into()),
                Divergence::Different("(2)".into()),
                Divergence::MissingInFirst("(3)".into()),
            ],
        );
    }

    #[test]
    fn a_bucket_that_only_one_side_has_differs() {
        let bucket = Bucket {
            rows: 1,
            low: "5".into(),
            high: "6".into(),
        };
        let one = BTreeMap::from([(3, bucket.clone()), (4, bucket.clone())]);
        let other = BTreeMap::from([(4, bucket)]);
        assert_eq!(differing(&one, &other), [3]);
    }
}
