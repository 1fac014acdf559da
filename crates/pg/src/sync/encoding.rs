//! What databases store text in. One character that the other side has no place for would stop every row behind it, because a COPY is
//! refused as a whole; so nobody waits for that character to come.

use ponte_schema::Sql;
use ponte_sync::link::{LinkSpec, Side};

use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};

/// Refuses two databases whose encodings differ.
pub(super) async fn check(spec: &LinkSpec, peers: &mut [Peer; 2]) -> Result<()> {
    let [first, second] = peers;
    let (first, second) = tokio::try_join!(of(first), of(second))?;
    if first == second {
        return Ok(());
    }
    // Whoever stores UTF8 can hold what the other one has, but not the other way round.
    let (odd, encoding) = if first == "UTF8" {
        (Side::Second, &first)
    } else {
        (Side::First, &second)
    };
    Err(Error::new(
        ErrorKind::SyncUnfit,
        format!(
            "cannot sync link \"{}\": \"{}\" stores text in {first} and \"{}\" in {second}",
            spec.name, spec.nodes[0], spec.nodes[1]
        ),
    )
    .hint(format!(
        "move \"{}\" with pg_dump into a database made by CREATE DATABASE ... ENCODING '{encoding}' TEMPLATE template0",
        spec.node(odd)
    )))
}

async fn of(peer: &mut Peer) -> Result<String> {
    let sql = Sql::text("SELECT current_setting('server_encoding')");
    Ok(peer.row(&sql, &[], "read the encoding").await?.get(0))
}
