//! The name of a schema of our own.

use std::fmt;
use std::str::FromStr;

use ponte_pg::migrate::HISTORY_SCHEMA;

/// PostgreSQL cuts longer names off.
const BYTES_MAX: usize = 63;

/// A schema that may be made: not one of the server's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SchemaName(String);

impl SchemaName {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SchemaName {
    fn default() -> Self {
        Self(HISTORY_SCHEMA.to_owned())
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no such name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of a schema: 1 to 63 bytes, and not one of the server's (pg_…, information_schema)"
)]
pub(super) struct SchemaNameError;

impl FromStr for SchemaName {
    type Err = SchemaNameError;

    fn from_str(text: &str) -> Result<Self, SchemaNameError> {
        let is_the_servers = text.starts_with("pg_") || text == "information_schema";
        if text.is_empty() || text.len() > BYTES_MAX || is_the_servers || text.contains('\0') {
            return Err(SchemaNameError);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_server_keeps_for_itself_are_refused() {
        for text in ["", "pg_books", "information_schema", &"x".repeat(64)] {
            assert_eq!(text.parse::<SchemaName>(), Err(SchemaNameError), "{text}");
        }
        assert_eq!("billing".parse::<SchemaName>().unwrap().as_str(), "billing");
    }
}
