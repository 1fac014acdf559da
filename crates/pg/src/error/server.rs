//! The driver's error as a cause that can be shown.
//!
//! The driver prints a server's report with its DETAIL, and there PostgreSQL quotes whole rows. Row values stay out of logs and
//! errors, so this prints the message only, and of messages about malformed values only what stands before the value.

use std::error::Error as StdError;
use std::fmt;

use tokio_postgres::error::DbError;

/// SQLSTATE class 22 (data exception) quotes the value in the message itself.
const DATA_EXCEPTION: &str = "22";

/// A failure that the driver reported.
pub(super) struct ServerError(pub(super) tokio_postgres::Error);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(db) = self.0.as_db_error() else {
            return self.0.fmt(f);
        };
        write!(f, "{}: {}", db.severity(), message(db))
    }
}

/// The server's message without the values that it quotes.
pub(crate) fn message(db: &DbError) -> &str {
    let message = db.message();
    match message.find(": \"") {
        Some(value) if db.code().code().starts_with(DATA_EXCEPTION) => &message[..value],
        _ => message,
    }
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_db_error() {
            Some(db) => write!(f, "ServerError({} {self})", db.code().code()),
            None => self.0.fmt(f),
        }
    }
}

impl StdError for ServerError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.as_db_error() {
            // It has been printed, without what must not be.
            Some(_) => None,
            None => self.0.source(),
        }
    }
}
