//! Whether an applied file still says what it said.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::lexer::{TokenKind, tokens};

/// SHA-256 as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checksum(String);

impl Checksum {
    /// Of a normalised text (line feeds only, no byte order mark); white space at its end does not count.
    pub fn of_text(text: &str) -> Self {
        Self::of_bytes([text.trim_end().as_bytes()])
    }

    /// Of its tokens: comments, white space and the case of key words do not count.
    pub fn of_tokens(text: &str) -> Self {
        let mut hasher = Sha256::new();
        for token in tokens(text).filter(|token| !token.kind.is_trivia()) {
            let own = token.text(text);
            if token.kind == TokenKind::Word {
                hasher.update(own.to_ascii_lowercase().as_bytes());
            } else {
                hasher.update(own.as_bytes());
            }
            hasher.update([0]);
        }
        Self::finish(hasher)
    }

    /// One that was stored.
    pub fn stored(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of_bytes<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        parts.into_iter().for_each(|part| hasher.update(part));
        Self::finish(hasher)
    }

    fn finish(hasher: Sha256) -> Self {
        let mut hex = String::with_capacity(64);
        for byte in hasher.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_checksum_is_plain_sha256_so_that_sha256sum_agrees() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Checksum::of_text("abc\n\n").as_str(), abc);
    }

    #[test]
    fn comments_and_layout_do_not_change_the_token_checksum() {
        let a = Checksum::of_tokens("CREATE TABLE t (a int);");
        let b = Checksum::of_tokens("-- why\ncreate table t\n( a int ) ; /* end */");
        assert_eq!(a, b);
    }

    #[test]
    fn what_the_server_reads_changes_the_token_checksum() {
        let base = Checksum::of_tokens("SELECT 'a' AS b");
        for other in [
            "SELECT 'A' AS b",
            "SELECT 'a' AS \"B\"",
            "SELECT 'a' AS bb",
            "SELECT 'a', b",
        ] {
            assert_ne!(base, Checksum::of_tokens(other), "{other}");
        }
    }
}
