//! Passwords that nobody chose.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// 24 letters and digits: 143 bits.
const LENGTH: usize = 24;
/// Nothing that a URL, a shell or a person reading it aloud would stumble over, but for the usual confusions.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A password. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// A new one, from the system's source of randomness.
    ///
    /// # Errors
    /// A system without one.
    pub fn random() -> Result<Self> {
        let mut text = String::with_capacity(LENGTH);
        while text.len() < LENGTH {
            let mut bytes = [0; 2 * LENGTH];
            getrandom::fill(&mut bytes).map_err(|e| {
                Error::new(
                    ErrorKind::Internal,
                    "cannot make a password: the system has no randomness",
                )
                .because(e)
            })?;
            // Six bits choose among 64; the two that choose nothing are left out, so that all letters are equally likely.
            let chosen = bytes
                .iter()
                .filter_map(|byte| ALPHABET.get(usize::from(byte & 0x3F)));
            text.extend(chosen.take(LENGTH - text.len()).map(|letter| char::from(*letter)));
        }
        Ok(Self(text))
    }

    /// What the server stores: it cannot be turned back into the password.
    pub(super) fn verifier(&self) -> String {
        postgres_protocol::password::scram_sha_256(self.0.as_bytes())
    }

    /// The text itself, for the file that it is kept in.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_different_and_not_shown() {
        let (one, other) = (Password::random().unwrap(), Password::random().unwrap());
        assert_ne!(one, other);
        assert!(one.expose().len() == LENGTH && one.expose().bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(!format!("{one:?}").contains(one.expose()));
        let verifier = one.verifier();
        assert!(verifier.starts_with("SCRAM-SHA-256$4096:") && !verifier.contains(one.expose()));
    }
}
