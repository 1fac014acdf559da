//! Rows from one server into another, byte for byte.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, TryStreamExt};
use ponte_schema::Sql;

use super::peer::Peer;
use crate::error::{During, Result};

/// How much is gathered before it is sent on. The server hands out one message per row, which is too little for a write.
const CHUNK_BYTES: usize = 64 * 1024;

/// What ends a COPY in binary format, in a message of its own.
const BINARY_END: [u8; 2] = [0xff, 0xff];

/// Is told, now and then, how many rows and bytes have gone by since it was told last.
pub(crate) type Meter<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// Streams the output of one COPY into the input of another; answers how many rows arrived. Holds one chunk in memory, or the one
/// row that is larger, because the server sends a row as one message.
pub(crate) async fn copy(
    source: &Peer,
    copy_out: &Sql,
    target: &Peer,
    copy_in: &Sql,
    meter: Meter<'_>,
) -> Result<u64> {
    let reading = || source.during("read rows");
    let writing = || target.during("write rows");
    let (reader, writer) = (source.session().client(), target.session().client());
    let (out, sink) = tokio::try_join!(
        async { reader.copy_out(copy_out.as_str()).await.during(reading) },
        async { writer.copy_in::<_, Bytes>(copy_in.as_str()).await.during(writing) },
    )?;
    let (mut out, mut sink) = (std::pin::pin!(out), std::pin::pin!(sink));
    let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
    let (mut rows, mut bytes) = (0, 0);
    while let Some(mut row) = out.try_next().await.during(reading)? {
        if chunk.len() + row.len() > CHUNK_BYTES && !chunk.is_empty() {
            sink.feed(chunk.split().freeze()).await.during(writing)?;
            meter(std::mem::take(&mut rows), std::mem::take(&mut bytes));
        }
        // One message is one row, which saves looking into it.
        rows += u64::from(*row != BINARY_END);
        bytes += row.len() as u64;
        if row.len() > CHUNK_BYTES {
            // In pieces, or the driver would hold the whole row a second time. The server does not mind where messages end.
            while !row.is_empty() {
                let piece = row.split_to(row.len().min(CHUNK_BYTES));
                sink.feed(piece).await.during(writing)?;
            }
        } else {
            chunk.reserve(CHUNK_BYTES.saturating_sub(chunk.len()));
            chunk.extend_from_slice(&row);
        }
    }
    if !chunk.is_empty() {
        sink.feed(chunk.freeze()).await.during(writing)?;
    }
    meter(rows, bytes);
    sink.finish().await.during(writing)
}
