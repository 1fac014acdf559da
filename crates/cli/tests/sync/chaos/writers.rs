//! Clients that write on one side through any number of crashes, and remember what they wrote over what.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Error, NoTls};

use super::ledger::{Row, Write};
use crate::support::Random;

/// How many rows a writer keeps of its own.
const OWN_ROWS: u64 = 40;
/// How many rows all writers of both sides share.
pub(super) const SHARED_ROWS: u64 = 5;
/// How many people share how few addresses.
const PEOPLE: u64 = 14;
const ADDRESSES: u64 = 10;
/// How many parents there are, and children that move among them.
const ORDERS: u64 = 6;
const ITEMS: u64 = 24;

pub(super) struct Writer {
    /// What the writer's marks begin with.
    pub(super) name: &'static str,
    /// What the ids of its own rows begin with.
    pub(super) prefix: String,
    random: Random,
    marks: u64,
    /// Everything that was committed or may have been.
    pub(super) writes: Vec<Write>,
}

/// The id of a row of `contas`.
pub(super) fn account(owner: u64, row: u64) -> String {
    format!("{}-{row:012}", account_prefix(owner))
}

fn account_prefix(owner: u64) -> String {
    format!("{owner:08}-0000-4000-8000")
}

impl Writer {
    pub(super) fn new(name: &'static str, owner: u64, seed: u64) -> Self {
        Self {
            name,
            prefix: account_prefix(owner),
            random: Random(seed ^ owner),
            marks: 0,
            writes: Vec::new(),
        }
    }

    /// Writes until told to stop.
    pub(super) async fn run(mut self, url: String, owner: u64, stop: Arc<AtomicBool>) -> Self {
        let mut client = None;
        while !stop.load(Ordering::Relaxed) {
            let Some(open) = client.take() else {
                client = reconnect(&url).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            client = self.attempt(&open, owner).await.then_some(open);
            tokio::time::sleep(Duration::from_millis(self.random.below(8))).await;
        }
        self
    }

    /// One transaction; answers whether the connection is worth keeping.
    async fn attempt(&mut self, client: &Client, owner: u64) -> bool {
        let written = match self.transaction(client, owner).await {
            Ok(written) => written,
            // Refused by a constraint or the victim of a deadlock: nothing was written.
            Err(error) if error.code().is_some() => return client.batch_execute("ROLLBACK").await.is_ok(),
            Err(_) => return false,
        };
        let acknowledged = client.batch_execute("COMMIT").await.is_ok();
        self.writes
            .extend(written.into_iter().map(|w| Write { acknowledged, ..w }));
        acknowledged
    }

    async fn transaction(&mut self, client: &Client, owner: u64) -> Result<Vec<Write>, Error> {
        client.batch_execute("BEGIN").await?;
        match self.random.below(4) {
            0 | 1 => self.accounts(client, owner).await,
            2 => self.person(client).await.map(|w| vec![w]),
            _ => self.order(client).await,
        }
    }

    /// A row of its own and one that everybody shares.
    async fn accounts(&mut self, client: &Client, owner: u64) -> Result<Vec<Write>, Error> {
        let own = account(owner, self.random.below(OWN_ROWS));
        let remove = self.random.below(5) == 0;
        let own = self.write(client, "contas", own, remove, None).await?;
        let shared = account(0, self.random.below(SHARED_ROWS));
        let shared = self.write(client, "contas", shared, false, None).await?;
        Ok(vec![own, shared])
    }

    /// A person, whose address somebody else may take on the other side.
    async fn person(&mut self, client: &Client) -> Result<Write, Error> {
        let id = self.random.below(PEOPLE).to_string();
        let address = format!("e{}@exemplo.br", self.random.below(ADDRESSES));
        let remove = self.random.below(5) == 0;
        self.write(client, "pessoas", id, remove, Some(("email", &address)))
            .await
    }

    /// A child that comes, moves or goes, or a parent that goes with all its children.
    async fn order(&mut self, client: &Client) -> Result<Vec<Write>, Error> {
        let order = self.random.below(ORDERS).to_string();
        if self.random.below(3) > 0 {
            let item = self.random.below(ITEMS).to_string();
            let remove = self.random.below(4) == 0;
            let item = self
                .write(client, "itens", item, remove, Some(("pedido", &order)))
                .await?;
            return Ok(vec![item]);
        }
        if self.random.below(2) == 0 {
            return Ok(vec![self.write(client, "pedidos", order, false, None).await?]);
        }
        let sql = "SELECT id::text FROM itens WHERE pedido = $1::text::int ORDER BY id";
        let mut written = Vec::new();
        for item in client.query(sql, &[&order]).await? {
            written.push(self.write(client, "itens", item.get(0), true, None).await?);
        }
        written.push(self.write(client, "pedidos", order, true, None).await?);
        Ok(written)
    }

    /// Inserts, updates or deletes a row, knowing what stood there. A delete of nothing is an insert.
    async fn write(
        &mut self,
        client: &Client,
        table: &'static str,
        id: String,
        remove: bool,
        value: Option<(&str, &str)>,
    ) -> Result<Write, Error> {
        let cast = if table == "contas" { "uuid" } else { "int" };
        let held = format!("SELECT marca FROM {table} WHERE id = $1::text::{cast} FOR UPDATE");
        let saw: Option<String> = client.query_opt(&held, &[&id]).await?.map(|row| row.get(0));
        let mark = (!remove || saw.is_none()).then(|| self.mark());
        if let Some(mark) = &mark {
            let (column, text) = value.unwrap_or(("dono", self.name));
            let kind = if column == "pedido" { "int" } else { "text" };
            let write = if saw.is_none() {
                format!(
                    "INSERT INTO {table} (id, marca, {column}) VALUES ($1::text::{cast}, $2, $3::text::{kind})"
                )
            } else {
                format!(
                    "UPDATE {table} SET marca = $2, {column} = $3::text::{kind} WHERE id = $1::text::{cast}"
                )
            };
            client.execute(&write, &[&id, mark, &text]).await?;
        } else {
            let delete = format!("DELETE FROM {table} WHERE id = $1::text::{cast}");
            client.execute(&delete, &[&id]).await?;
        }
        Ok(Write {
            row: Row { table, id },
            side: self.name.as_bytes()[0].into(),
            at: Instant::now(),
            mark,
            saw,
            acknowledged: false,
        })
    }

    fn mark(&mut self) -> String {
        self.marks += 1;
        format!("{}-{}", self.name, self.marks)
    }
}

async fn reconnect(url: &str) -> Option<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.ok()?;
    tokio::spawn(connection);
    Some(client)
}
