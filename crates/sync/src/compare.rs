//! Comparing a table on two live nodes without moving it: checksums per bucket inside each database, then keys and hashes of
//! the buckets that differ, merged as two sorted streams, then a look at each suspect key by itself.
//!
//! Buckets are made of hashes of keys and not of ranges, so that no row lies outside all of them.
//! Checksums are sums of two independent 64-bit hashes together with a count, so that neither swapped nor doubled rows cancel
//! each other out, as they would with XOR. Rows are hashed in the types' text form under pinned output settings.
//!
//! Where the sides differ, rows are compared in a form that is the same on both ([`crate::table::Compared`]), and keys are told in the
//! second side's form. A loose column is equal if it is so in either side's form; buckets only know the second one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use ponte_schema::sql::Fragment;
use ponte_schema::{Ident, Literal, Sql};

use crate::table::{TableSide, listed, qualified};
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

/// The rows with the keys in `$1` (`text[]`, each the text of an array of the key's columns): position, a hash per column, two for a
/// loose one. Where rows that leave the filter are kept at the other side, NULL in place of the hashes tells one outside.
pub fn look(table: &TableSide) -> Sql {
    let compared = &table.outgoing.compared;
    let values = compared.key.iter().chain(&compared.columns);
    let hashes = values.chain(compared.loose.iter().flatten()).map(|value| {
        Sql::render(
            "hashtextextended({value}::text COLLATE \"C\", 0)",
            &[("value", &value.of("t", &table.name.name))],
        )
    });
    let mut hashes = Sql::render(
        "ARRAY[{hashes}]::bigint[]",
        &[("hashes", &Sql::join(", ", hashes))],
    );
    if table.keeps {
        hashes = Sql::render(
            "CASE WHEN {inside} THEN {hashes} END",
            &[("inside", &table.inside("t")), ("hashes", &hashes)],
        );
    }
    by_key(
        include_str!("compare/look.sql"),
        table,
        &[("hashes", &hashes), ("and_inside", &table.and_there("t"))],
    )
}

/// The positions of those keys in `$1` that are pending since the snapshot `$2`.
pub fn pending(table: &TableSide, link: &str) -> Sql {
    let link = Literal::new(link);
    by_key(include_str!("compare/pending.sql"), table, &[("link", &link)])
}

/// How new the keys in `$1` are: position, seconds since 1970, NULL where nobody knows.
pub fn versions(table: &TableSide) -> Sql {
    let version = table.version_of("t");
    by_key(
        include_str!("compare/versions.sql"),
        table,
        &[("version", &version)],
    )
}

/// Notes the keys in `$1` as changes; `$2` is what the other side has consumed. One row for each key that was noted.
pub fn mark(table: &TableSide, link: &str) -> Sql {
    let staged = table.staged_key();
    by_key(
        include_str!("compare/mark.sql"),
        table,
        &[
            ("link", &Literal::new(link)),
            ("log", &table.log()),
            ("keys", &listed(&staged)),
            ("w_keys", &qualified("w", &staged)),
            ("version", &table.version_of("t")),
            ("and_inside", &table.and_inside("t")),
        ],
    )
}

/// A statement about keys that are given as texts. The changelog has the key's types, so a row of it reads them.
fn by_key(template: &'static str, table: &TableSide, more: &[(&str, &dyn Fragment)]) -> Sql {
    let named = table
        .staged_key()
        .into_iter()
        .enumerate()
        .map(|(position, staged)| {
            Sql::render(
                "{name}, {value}",
                &[
                    ("name", &Literal::new(staged.as_str())),
                    ("value", &given_key(table, position)),
                ],
            )
        });
    let (changelog, entries, named) = (table.changelog_table(), table.entries(), Sql::join(", ", named));
    let matches = table.matches_staged_key("t", "w");
    let (same_key, noted) = (table.same_staged_key("l", "w"), table.same_staged_key("g", "w"));
    let log_keys = qualified("l", &table.staged_key());
    let mut values: Vec<(&str, &dyn Fragment)> = vec![
        ("table", &table.name),
        ("changelog", &changelog),
        ("entries", &entries),
        ("named", &named),
        ("matches", &matches),
        ("same_key", &same_key),
        ("noted", &noted),
        ("log_keys", &log_keys),
    ];
    values.extend_from_slice(more);
    Sql::render(template, &values)
}

/// The n-th column of a key that is given as text in the compared form, in the form of this side.
fn given_key(table: &TableSide, position: usize) -> Sql {
    let number = i64::try_from(position + 1).unwrap_or(i64::MAX);
    let text = Sql::render("(u.key::text[])[{number}]", &[("number", &number)]);
    match table.outgoing.compared.key.get(position) {
        Some(Value::Cast(..)) => table.key_from_there(position, text),
        _ => text,
    }
}

fn render(template: &'static str, table: &TableSide) -> Sql {
    let compared = &table.outgoing.compared;
    let value = |value: &Value| value.of("t", &table.name.name);
    let text = |of: &Value| Sql::render("{value}::text", &[("value", &value(of))]);
    let exact = || compared.key.iter().chain(&compared.columns).map(value);
    let in_second_form = compared.loose.iter().map(|[_, second]| value(second));
    let loose = compared
        .loose
        .iter()
        .flatten()
        .map(|form| Sql::render("hashtextextended({text}, 3)", &[("text", &text(form))]));
    Sql::render(
        template,
        &[
            ("table", &table.name),
            ("keys", &Sql::join(", ", compared.key.iter().map(text))),
            ("columns", &Sql::join(", ", exact().chain(in_second_form))),
            ("exact", &Sql::join(", ", exact())),
            ("loose", &Sql::join(", ", loose)),
            ("where_inside", &table.where_inside("t")),
            ("mask", &(BUCKETS - 1)),
        ],
    )
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
    /// The key as the text of an array.
    pub key: String,
    /// Both hashes of what is equal or not.
    pub hash: (i64, i64),
    /// One hash in the first side's form and one in the second's for each loose column; none for NULL.
    pub loose: Vec<Option<i64>>,
}

impl RowHash {
    /// Whether two rows of one key are equal.
    fn equals(&self, other: &Self) -> bool {
        let mut loose = self.loose.chunks(2).zip(other.loose.chunks(2));
        self.hash == other.hash && loose.all(|(a, b)| alike(a, b))
    }
}

/// Whether a loose column is equal in either side's form.
fn alike(one: &[Option<i64>], other: &[Option<i64>]) -> bool {
    one.iter().zip(other).any(|(a, b)| a == b)
}

/// A key that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Divergence {
    /// Only the second side has it.
    MissingInFirst(String),
    /// Only the first side has it.
    MissingInSecond(String),
    /// Both have it with different content, in these columns.
    Different(String, Vec<String>),
}

impl Divergence {
    /// The key.
    pub fn key(&self) -> &str {
        match self {
            Self::MissingInFirst(key) | Self::MissingInSecond(key) | Self::Different(key, _) => key,
        }
    }
}

/// One step of merging two streams that are sorted by key: the key that is not the same in both, if so, and which stream to move on.
pub fn merge_step(one: Option<&RowHash>, other: Option<&RowHash>) -> Option<(Option<String>, Advance)> {
    Some(match (one, other) {
        (None, None) => return None,
        (Some(a), None) => (Some(a.key.clone()), Advance::First),
        (None, Some(b)) => (Some(b.key.clone()), Advance::Second),
        (Some(a), Some(b)) => match a.key.as_bytes().cmp(b.key.as_bytes()) {
            Ordering::Less => (Some(a.key.clone()), Advance::First),
            Ordering::Greater => (Some(b.key.clone()), Advance::Second),
            Ordering::Equal => ((!a.equals(b)).then(|| a.key.clone()), Advance::Both),
        },
    })
}

/// What the columns of a look are called, as the first side calls them, and how many of them are not loose.
pub fn looked_at(first: &TableSide) -> (Vec<Ident>, usize) {
    let compared = &first.outgoing.compared;
    let names = first.key.iter().chain(&compared.names).cloned().collect();
    (names, compared.key.len() + compared.columns.len())
}

/// What two looks at one key say: a hash per column, or nothing where there is no such row. Nothing is also the answer where both are
/// the same. The columns are those of [`looked_at`].
pub fn verdict(
    key: &str,
    (columns, exact): (&[Ident], usize),
    [one, other]: [Option<&[Option<i64>]>; 2],
) -> Option<Divergence> {
    match (one, other) {
        (None, None) => None,
        (None, Some(_)) => Some(Divergence::MissingInFirst(key.to_owned())),
        (Some(_), None) => Some(Divergence::MissingInSecond(key.to_owned())),
        (Some(one), Some(other)) => {
            let forms = |row: &'_ [Option<i64>]| -> Vec<Vec<Option<i64>>> {
                let (exact, loose) = row.split_at(exact.min(row.len()));
                exact
                    .chunks(1)
                    .chain(loose.chunks(2))
                    .map(<[_]>::to_vec)
                    .collect()
            };
            let hashes = forms(one).into_iter().zip(forms(other));
            let differing = columns.iter().zip(hashes).filter(|(_, (a, b))| !alike(a, b));
            let names: Vec<String> = differing.map(|(column, _)| column.as_str().to_owned()).collect();
            (!names.is_empty()).then(|| Divergence::Different(key.to_owned(), names))
        }
    }
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

    fn check(one: &[RowHash], other: &[RowHash], expected: &[&str]) {
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
    fn missing_extra_and_different_keys_are_suspect() {
        check(
            &[row("(1)", 7), row("(2)", 8), row("(4)", 1)],
            &[row("(2)", 9), row("(3)", 8), row("(4)", 1)],
            &["(1)", "(2)", "(3)"],
        );
    }

    #[test]
    fn a_loose_column_is_equal_if_it_is_so_in_either_form() {
        let differ = |one: [Option<i64>; 2], other: [Option<i64>; 2]| {
            let row = |loose: [Option<i64>; 2]| RowHash {
                loose: loose.to_vec(),
                ..row("{1}", 7)
            };
            let columns = [Ident::new("id"), Ident::new("preco")];
            let looks = [one, other].map(|[first, second]| [Some(1), first, second]);
            let looked = verdict("{1}", (&columns, 1), [Some(&looks[0]), Some(&looks[1])]).is_some();
            let merged = merge_step(Some(&row(one)), Some(&row(other)));
            assert_eq!(looked, merged.is_some_and(|(suspect, _)| suspect.is_some()));
            looked
        };
        assert!(!differ([Some(1), Some(2)], [Some(1), Some(3)]));
        assert!(!differ([Some(1), Some(2)], [Some(4), Some(2)]));
        assert!(!differ([None, Some(2)], [None, Some(3)]));
        assert!(differ([Some(1), Some(2)], [Some(2), Some(1)]));
    }

    #[test]
    fn a_look_at_both_rows_tells_what_differs() {
        let columns = [Ident::new("id"), Ident::new("nome"), Ident::new("saldo")];
        let (a, b) = ([Some(1), None, Some(3)], [Some(1), Some(2), Some(4)]);
        let names = vec!["nome".to_owned(), "saldo".to_owned()];
        let check = |one, other, expected| assert_eq!(verdict("{1}", (&columns, 3), [one, other]), expected);
        check(Some(&a[..]), Some(&a[..]), None);
        check(
            Some(&a[..]),
            Some(&b[..]),
            Some(Divergence::Different("{1}".into(), names)),
        );
        check(None, Some(&b[..]), Some(Divergence::MissingInFirst("{1}".into())));
        check(
            Some(&a[..]),
            None,
            Some(Divergence::MissingInSecond("{1}".into())),
        );
        check(None, None, None);
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
