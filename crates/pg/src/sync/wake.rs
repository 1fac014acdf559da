//! Waking up in continuous mode.
//!
//! NOTIFY takes a lock that all databases of a server share, so capture sends one only while somebody listens. Whether
//! somebody does is told by an advisory lock that the listening session holds: it vanishes with the session, however that
//! ends, and needs no row that would have to be cleaned up.

use ponte_schema::Sql;
use ponte_sync::capture::{CHANNEL, LISTENER_LOCK};

use super::peer::Peer;
use crate::error::{ErrorKind, Result};

/// How long to wait for writers that began before anybody listened.
const PATIENCE: &str = "SET lock_timeout = '1s'";

/// Makes a session one that capture notifies. The session must do nothing else, and must not go through a pooler.
///
/// Answers whether the lock is ours. Without it, another listener holds it, which is just as good while that one lives, or a
/// transaction is open that wrote before anybody listened; either way it is wise to poll more often.
///
/// # Errors
/// The connection is lost.
pub async fn listen(peer: &mut Peer) -> Result<bool> {
    peer.script(
        &Sql::render("LISTEN {channel}", &[("channel", &Sql::text(CHANNEL))]),
        "listen for changes",
    )
    .await?;
    let (class, object) = (i64::from(LISTENER_LOCK.0), i64::from(LISTENER_LOCK.1));
    peer.script(&Sql::text(PATIENCE), "listen for changes").await?;
    let lock = Sql::render(
        "SELECT pg_advisory_lock({class}::int, {object}::int)",
        &[("class", &class), ("object", &object)],
    );
    match peer.script(&lock, "listen for changes").await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::SqlTransient => Ok(false),
        Err(error) => Err(error),
    }
}
