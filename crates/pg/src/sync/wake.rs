//! Waking up in continuous mode.
//!
//! NOTIFY takes a lock that all databases of a server share, so capture sends one only while somebody listens. Whether
//! somebody does is told by an advisory lock that the listening session holds: it vanishes with the session, however that
//! ends, and needs no row that would have to be cleaned up.

use ponte_schema::Sql;
use ponte_sync::capture::{CHANNEL, LISTENER_LOCK};

use super::peer::Peer;
use crate::error::Result;

/// Makes a session the one that capture notifies. The session must do nothing else, and must not go through a pooler.
///
/// # Errors
/// A lock timeout where another process listens already; polling serves then, too.
pub async fn listen(peer: &mut Peer) -> Result<()> {
    let (class, object) = (i64::from(LISTENER_LOCK.0), i64::from(LISTENER_LOCK.1));
    let sql = Sql::render(
        "SELECT pg_advisory_lock({class}::int, {object}::int); LISTEN {channel}",
        &[
            ("class", &class),
            ("object", &object),
            ("channel", &Sql::text(CHANNEL)),
        ],
    );
    peer.script(&sql, "listen for changes").await
}
