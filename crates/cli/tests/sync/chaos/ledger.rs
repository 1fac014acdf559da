//! Who wrote what, what each write had seen, and whether all of it can still be accounted for.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Rows of which a delete is recorded among them.
    deletes: BTreeSet<Row>,
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
                None => drop(self.deletes.insert(row)),
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
        let accounted = |write: &Write| match &write.mark {
            Some(mark) => known.contains(mark),
            None => self.is_deleted(write, &by_mark),
        };
        writes
            .iter()
            .filter(|w| w.acknowledged && !accounted(w))
            .collect()
    }

    /// The same evidence, but for what conflicts and quarantines kept.
    pub(super) fn without_images(self) -> Self {
        Self {
            kept: BTreeSet::new(),
            deletes: BTreeSet::new(),
            ..self
        }
    }

    /// Whether the row is gone on a side, or came anew after this delete, or the delete is recorded.
    fn is_deleted(&self, delete: &Write, by_mark: &BTreeMap<&String, &Write>) -> bool {
        let gone = |rows: &BTreeMap<Row, String>| {
            let mut mark = rows.get(&delete.row);
            while mark.is_some() && mark != delete.saw.as_ref() {
                mark = mark.and_then(|m| by_mark.get(m)).and_then(|w| w.saw.as_ref());
            }
            mark.is_none()
        };
        self.rows.iter().any(gone) || self.deletes.contains(&delete.row)
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
