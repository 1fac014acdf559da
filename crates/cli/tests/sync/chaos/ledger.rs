//! Who wrote what, what each write had seen, and whether all of it can still be accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use tokio_postgres::Client;

/// A row of one of the tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) table: &'static str,
    pub(super) id: String,
}

/// One write of one row.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) row: Row,
    /// On which side.
    pub(super) side: char,
    /// When the statement had been executed. A writer holds the row, or its key, from before that until the commit, so that the times of the writes
    /// of one row on one side are in the order of their commits.
    pub(super) at: Instant,
    /// What was written; no mark is written twice. `None` is a delete.
    pub(super) mark: Option<String>,
    /// What stood there before; `None` where nothing did.
    pub(super) saw: Option<String>,
    /// Whether its commit was acknowledged. Otherwise nobody knows whether it took place.
    pub(super) acknowledged: bool,
}

/// What the two databases hold in the end.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The mark of each row, on each side that has it.
    rows: [BTreeMap<Row, String>; 2],
    /// Marks of the images among the conflicts and in the quarantines.
    kept: BTreeSet<String>,
    /// How many deletes of a row are recorded among them.
    deletes: BTreeMap<Row, usize>,
    /// Rows that stand in a quarantine.
    quarantined: BTreeSet<Row>,
}

impl Evidence {
    pub(super) async fn gather(clients: [&Client; 2], tables: &[&'static str]) -> Self {
        let mut evidence = Self::default();
        for (side, client) in clients.into_iter().enumerate() {
            for &table in tables {
                evidence.look_into(side, client, table).await;
            }
        }
        evidence
    }

    async fn look_into(&mut self, side: usize, client: &Client, table: &'static str) {
        let row = |id| Row { table, id };
        let rows = format!("SELECT id::text, marca FROM {table}");
        for found in client.query(&rows, &[]).await.unwrap() {
            self.rows[side].insert(row(found.get(0)), found.get(1));
        }
        let images = "SELECT key_values[1], i[array_position(columns, 'marca')], quarantined
            FROM (SELECT table_name, key_values, columns, here_image i, false quarantined FROM ponte.conflict
                  UNION ALL SELECT table_name, key_values, columns, there_image, false FROM ponte.conflict
                  UNION ALL SELECT table_name, key_values, columns, image, true FROM ponte.quarantine) kept
            WHERE table_name = $1";
        for found in client.query(images, &[&table]).await.unwrap() {
            let (row, mark): (Row, Option<String>) = (row(found.get(0)), found.get(1));
            if found.get(2) {
                self.quarantined.insert(row.clone());
            }
            match mark {
                Some(mark) => drop(self.kept.insert(mark)),
                None => *self.deletes.entry(row).or_default() += 1,
            }
        }
    }

    /// Rows that differ between the sides although no quarantine lists them.
    pub(super) fn unlisted_differences(&self) -> Vec<(&Row, [Option<&String>; 2])> {
        let [a, b] = &self.rows;
        let rows: BTreeSet<&Row> = a.keys().chain(b.keys()).collect();
        rows.into_iter()
            .map(|row| (row, [a.get(row), b.get(row)]))
            .filter(|(row, [a, b])| a != b && !self.quarantined.contains(row))
            .collect()
    }

    /// Acknowledged writes that are neither there, nor overwritten by one that had seen them, nor kept anywhere.
    pub(super) fn unaccounted<'a>(&self, writes: &'a [Write]) -> Vec<&'a Write> {
        let by_mark: BTreeMap<&String, &Write> = writes
            .iter()
            .filter_map(|w| w.mark.as_ref().map(|mark| (mark, w)))
            .collect();
        let there = self.rows.iter().flat_map(BTreeMap::values);
        let mut open: Vec<&String> = there.chain(&self.kept).collect();
        open.extend(
            writes
                .iter()
                .filter(|w| w.mark.is_none())
                .filter_map(|w| w.saw.as_ref()),
        );
        let mut known = BTreeSet::new();
        while let Some(mark) = open.pop() {
            if known.insert(mark) {
                open.extend(by_mark.get(mark).and_then(|w| w.saw.as_ref()));
            }
        }
        let (deletes, others): (Vec<&Write>, Vec<&Write>) = writes
            .iter()
            .filter(|w| w.acknowledged)
            .partition(|w| w.mark.is_none());
        let mut unaccounted: Vec<&Write> = others
            .into_iter()
            .filter(|w| w.mark.as_ref().is_some_and(|mark| !known.contains(mark)))
            .collect();
        let inserts: Vec<&Write> = writes
            .iter()
            .filter(|w| w.saw.is_none() && w.mark.as_ref().is_some_and(|mark| known.contains(mark)))
            .collect();
        let mut lost: BTreeMap<&Row, Vec<&Write>> = BTreeMap::new();
        for delete in deletes {
            if !self.is_gone(delete, &by_mark) && !inserts.iter().any(|insert| insert.knows_of(delete)) {
                lost.entry(&delete.row).or_default().push(delete);
            }
        }
        // Each record stands for one of them.
        for (row, deletes) in lost {
            let recorded = self.deletes.get(row).copied().unwrap_or(0);
            unaccounted.extend(deletes.into_iter().skip(recorded));
        }
        unaccounted
    }

    /// The same evidence, but for what conflicts and quarantines kept.
    pub(super) fn without_images(self) -> Self {
        Self {
            kept: BTreeSet::new(),
            deletes: BTreeMap::new(),
            ..self
        }
    }

    /// Whether the row is gone on a side, or nothing of what the delete had seen is left in what is there.
    fn is_gone(&self, delete: &Write, by_mark: &BTreeMap<&String, &Write>) -> bool {
        let gone = |rows: &BTreeMap<Row, String>| {
            let mut mark = rows.get(&delete.row);
            while mark.is_some() && mark != delete.saw.as_ref() {
                mark = mark.and_then(|m| by_mark.get(m)).and_then(|w| w.saw.as_ref());
            }
            mark.is_none()
        };
        self.rows.iter().any(gone)
    }
}

impl Write {
    /// Whether this insert was made where the delete was, after it: the row was not there because of the delete, or of a later one.
    fn knows_of(&self, delete: &Self) -> bool {
        self.row == delete.row && self.side == delete.side && self.at > delete.at
    }
}

/// Whether the rows that only one writer ever touches stand exactly where it left them.
pub(super) async fn check_own_rows(client: &Client, prefix: &str, writes: &[Write], seed: u64) {
    let mut allowed: BTreeMap<&str, Vec<Option<String>>> = BTreeMap::new();
    for write in writes
        .iter()
        .filter(|w| w.row.table == "contas" && w.row.id.starts_with(prefix))
    {
        // Before its first write a row is not there, which matters where the answer to that one was lost.
        let allowed = allowed.entry(&write.row.id).or_insert_with(|| vec![None]);
        if write.acknowledged {
            allowed.clear();
        }
        allowed.push(write.mark.clone());
    }
    for (id, allowed) in allowed {
        let sql = "SELECT marca FROM contas WHERE id = $1::text::uuid";
        let found = client.query_opt(sql, &[&id]).await.unwrap();
        let found: Option<String> = found.map(|row| row.get(0));
        assert!(
            allowed.contains(&found),
            "seed {seed}: row {id} is {found:?}, but {allowed:?} was written last"
        );
    }
}

/// A history of row 6: both sides hold `x`, a deletes it, b writes `y` over it and wins.
struct Lost {
    writes: Vec<Write>,
    evidence: Evidence,
}

impl Lost {
    fn new() -> Self {
        let mut evidence = Evidence::default();
        for rows in &mut evidence.rows {
            rows.insert(row(), "y".into());
        }
        let mut lost = Self {
            writes: Vec::new(),
            evidence,
        };
        lost.write('b', Some("x"), None);
        lost.write('a', None, Some("x"));
        lost.write('b', Some("y"), Some("x"));
        lost
    }

    fn write(&mut self, side: char, mark: Option<&str>, saw: Option<&str>) {
        self.writes.push(Write {
            row: row(),
            side,
            at: Instant::now(),
            mark: mark.map(str::to_owned),
            saw: saw.map(str::to_owned),
            acknowledged: true,
        });
    }

    fn unaccounted(&self) -> Vec<(char, Option<&str>)> {
        let found = self.evidence.unaccounted(&self.writes);
        found.into_iter().map(|w| (w.side, w.mark.as_deref())).collect()
    }
}

fn row() -> Row {
    Row {
        table: "pessoas",
        id: "6".into(),
    }
}

#[test]
fn a_delete_that_lost_needs_a_record_of_its_own() {
    let mut lost = Lost::new();
    assert_eq!(lost.unaccounted(), [('a', None)]);
    lost.evidence.deletes.insert(row(), 1);
    assert!(lost.unaccounted().is_empty());
    // A second one, which the same record does not stand for.
    lost.write('a', None, Some("y"));
    lost.write('b', Some("z"), Some("y"));
    lost.evidence
        .rows
        .iter_mut()
        .for_each(|rows| drop(rows.insert(row(), "z".into())));
    assert_eq!(lost.unaccounted(), [('a', None)]);
}

#[test]
fn a_delete_is_replaced_by_an_insert_that_follows_it_and_is_known() {
    let mut lost = Lost::new();
    lost.write('a', Some("w"), None);
    assert_eq!(lost.unaccounted(), [('a', Some("w")), ('a', None)]);
    lost.evidence.kept.insert("w".into());
    assert!(lost.unaccounted().is_empty());
}

#[test]
fn an_insert_elsewhere_knows_nothing_of_a_delete() {
    let mut lost = Lost::new();
    lost.write('b', Some("w"), None);
    lost.evidence.kept.insert("w".into());
    assert_eq!(lost.unaccounted(), [('a', None)]);
}
