//! Asking a server to stop what a session is doing.

use crate::conninfo::Conninfo;
use crate::error::{Error, ErrorKind, Result, classify};
use crate::session::dial::Route;
use crate::session::open::{Encryption, open};
use crate::session::wire::Done;

/// The right to cancel the statement that a session runs, usable from any task.
#[derive(Clone)]
pub struct CancelToken {
    pub(super) token: tokio_postgres::CancelToken,
    pub(super) conninfo: Conninfo,
    pub(super) route: Route,
}

impl CancelToken {
    /// Asks the server to cancel the running statement, which then fails with SQLSTATE 57014. The server does not say whether
    /// there was anything to cancel.
    ///
    /// # Errors
    /// The kinds of a failed connection: the request goes over a connection of its own.
    pub async fn cancel(&self) -> Result<()> {
        let request = self.request();
        match self.route.timeout {
            Some(timeout) => tokio::time::timeout(timeout, request).await.unwrap_or_else(|_| {
                Err(Error::new(
                    ErrorKind::ConnTimeout,
                    "cannot cancel the statement: no answer",
                ))
            }),
            None => request.await,
        }
    }

    async fn request(&self) -> Result<()> {
        let encryption = if self.route.encrypted {
            Encryption::Required(self.conninfo.tls.negotiation)
        } else {
            Encryption::Plain
        };
        let wire = open(
            &self.route.address,
            &self.route.target,
            self.conninfo.keepalives,
            encryption,
            self.route.connector.as_ref(),
        )
        .await?;
        self.token
            .cancel_query_raw(wire, Done)
            .await
            .map_err(|e| Error::new(classify::of_statement(&e), "cannot cancel the statement").because(e))
    }
}
