//! Plain driver connections for looking at what a test did.

use tokio_postgres::{Client, NoTls};

/// Connects with a URL or a `key=value` string and serves the connection in the background.
///
/// # Panics
/// When the server refuses; the message holds no password.
pub async fn connect(conninfo: &str) -> Client {
    match tokio_postgres::connect(conninfo, NoTls).await {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            client
        }
        Err(e) => panic!("cannot connect: {e:?}"),
    }
}
