//! A script and its history row in one transaction.
//!
//! The statements are sent one per message, but without waiting for each other: after the first that fails the server
//! skips the rest, and the commit at the end becomes a rollback. The next file's BEGIN travels with this one's commit, so
//! that a file costs one round trip, and no statement is ever sent before its BEGIN is known to have worked.

use std::pin::pin;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use ponte_schema::Sql;
use ponte_schema::migration::Script;
use tokio_postgres::{Client, SimpleQueryStream};

/// Messages under way at once; their answers are kept until they are read.
const IN_FLIGHT_MAX: usize = 256;
/// Rows of COPY are sent in pieces of this size.
const COPY_CHUNK_BYTES: usize = 64 * 1024;

/// What was being done when something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The statement with that index.
    Statement(usize),
    /// Our own bookkeeping, or the commit.
    Commit,
    /// Preparing for the next file; the commit before it has worked.
    Next,
}

/// A message that the server rejected, or a connection that ended.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) stage: Stage,
    pub(crate) error: tokio_postgres::Error,
}

/// Runs a script inside the transaction that is open, records it, commits, and sends `next` behind it.
pub(crate) async fn attempt(
    client: &Client,
    script: &Script,
    record: &Sql,
    next: &[Sql],
) -> Result<(), Rejected> {
    let mut flight = Flight::new(client);
    for (index, statement) in script.statements().iter().enumerate() {
        let stage = Stage::Statement(index);
        let sql = statement.text(script.text());
        if let Some(rows) = &statement.copy_rows {
            flight.land().await?;
            let rows = &script.text()[rows.clone()];
            copy_in(client, sql, rows)
                .await
                .map_err(|error| Rejected { stage, error })?;
            continue;
        }
        flight.send(stage, sql).await?;
        if script.rolls_back_to_savepoint() || flight.is_full() {
            flight.land().await?;
        }
    }
    flight.send(Stage::Commit, record.as_str()).await?;
    flight.send(Stage::Commit, "COMMIT").await?;
    for sql in next {
        flight.send(Stage::Next, sql.as_str()).await?;
    }
    flight.land().await
}

/// Runs a COPY with the rows that stand below it in the file.
pub(crate) async fn copy_in(client: &Client, sql: &str, rows: &str) -> Result<(), tokio_postgres::Error> {
    let mut sink = pin!(client.copy_in::<_, Bytes>(sql).await?);
    for chunk in rows.as_bytes().chunks(COPY_CHUNK_BYTES) {
        sink.send(Bytes::copy_from_slice(chunk)).await?;
    }
    sink.finish().await.map(drop)
}

/// Messages that were sent and whose answers have not been read.
struct Flight<'c> {
    client: &'c Client,
    sent: Vec<(Stage, SimpleQueryStream)>,
}

impl<'c> Flight<'c> {
    fn new(client: &'c Client) -> Self {
        Self {
            client,
            sent: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.sent.len() >= IN_FLIGHT_MAX
    }

    async fn send(&mut self, stage: Stage, sql: &str) -> Result<(), Rejected> {
        let stream = self.client.simple_query_raw(sql).await;
        self.sent
            .push((stage, stream.map_err(|error| Rejected { stage, error })?));
        Ok(())
    }

    /// Reads all answers, and returns the first failure: those after it are its consequences.
    async fn land(&mut self) -> Result<(), Rejected> {
        let mut outcome = Ok(());
        for (stage, stream) in self.sent.drain(..) {
            let mut stream = pin!(stream);
            while let Some(message) = stream.next().await {
                if let Err(error) = message {
                    outcome = outcome.and(Err(Rejected { stage, error }));
                }
            }
        }
        outcome
    }
}
