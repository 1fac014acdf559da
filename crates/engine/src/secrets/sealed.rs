//! Values encrypted outside the database, as text that says with which key: `v1.KEY.DATA`.
//!
//! DATA is base64url without padding of a random nonce of 12 bytes, the ciphertext and its tag of 16 bytes, by AES-256-GCM. What is
//! authenticated with it is `v1.KEY.` and the context: a text that names the place where the value belongs, such as the row's id. So a
//! value that was changed, or that was put into another place, does not open. A ring holds several keys: the current one seals, all open.
//!
//! Nonces are random: one key is good for some billions of values, and is to be changed long before.

use std::collections::BTreeMap;
use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use super::random;
use crate::error::{Error, ErrorKind, Result};

const VERSION: &str = "v1";
const KEY_ID_LENGTH_MAX: usize = 32;

/// Keys by their ids, and which one seals. As JSON: `{"current": "a", "keys": {"a": "base64url"}}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRing {
    current: String,
    keys: BTreeMap<String, String>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({}, {} keys)", self.current, self.keys.len())
    }
}

impl KeyRing {
    /// A ring with one new key.
    ///
    /// # Errors
    /// `secret.keys` where the id cannot be one, or the system gives no random bytes.
    pub fn with_new_key(id: &str) -> Result<Self> {
        let mut ring = Self {
            current: String::new(),
            keys: BTreeMap::new(),
        };
        ring.rotate(id)?;
        Ok(ring)
    }

    /// The ring that a key file holds.
    ///
    /// # Errors
    /// `secret.keys`, which never quotes the file.
    pub fn parse(json: &str) -> Result<Self> {
        let unreadable = |reason: String| {
            Error::new(
                ErrorKind::SecretKeys,
                format!("cannot use the key file: {reason}"),
            )
            .hint("make one with ponte keygen sealing, or bring it back from where it is kept")
        };
        let ring: Self = serde_json::from_str(json)
            .map_err(|e| unreadable(format!("line {} is not as it should be", e.line())))?;
        if !ring.keys.contains_key(&ring.current) {
            return Err(unreadable("its current key is not among its keys".to_owned()));
        }
        for id in ring.keys.keys() {
            ring.cipher(id)?;
        }
        Ok(ring)
    }

    /// Adds a new key, which seals from now on.
    ///
    /// # Errors
    /// `secret.keys` where the id cannot be one or is taken, or the system gives no random bytes.
    pub fn rotate(&mut self, id: &str) -> Result<()> {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > KEY_ID_LENGTH_MAX || !id.chars().all(legal) {
            return Err(Error::new(
                ErrorKind::SecretKeys,
                format!("a key's id has 1 to {KEY_ID_LENGTH_MAX} letters, digits, hyphens and underscores"),
            )
            .with("id", id));
        }
        if self.keys.contains_key(id) {
            return Err(
                Error::new(ErrorKind::SecretKeys, "there is a key with this id already")
                    .with("id", id)
                    .hint("choose another id: what the old key sealed is only opened by the old key"),
            );
        }
        self.keys.insert(id.to_owned(), super::encryption_key()?);
        id.clone_into(&mut self.current);
        Ok(())
    }

    /// The id of the key that seals.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// Encrypts a value for one place.
    ///
    /// # Errors
    /// `secret.keys` where the system gives no random bytes.
    pub fn seal(&self, value: &[u8], context: &str) -> Result<String> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let header = header(&self.current);
        let mut sealed = value.to_vec();
        let key = self.cipher(&self.current)?;
        let aad = Aad::from(authenticated(&header, context));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| Error::new(ErrorKind::SecretKeys, "the value is too long to be sealed"))?;
        let data = Base64UrlUnpadded::encode_string(&[&nonce[..], &sealed].concat());
        Ok(header + &data)
    }

    /// Decrypts what was sealed for this place.
    ///
    /// # Errors
    /// `secret.sealed` where it is not a sealed value, its key is not in the ring, it was changed, or it belongs elsewhere.
    pub fn open(&self, sealed: &str, context: &str) -> Result<Vec<u8>> {
        let refused = |reason: &str| {
            Error::new(
                ErrorKind::SecretSealed,
                format!("cannot open the sealed value: {reason}"),
            )
        };
        let mut parts = sealed.trim().splitn(3, '.');
        let (Some(VERSION), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refused("it does not read v1.KEY.DATA"));
        };
        if !self.keys.contains_key(id) {
            return Err(refused("its key is not in the ring")
                .hint("add the old key to the key file again, under its id"));
        }
        let data = Base64UrlUnpadded::decode_vec(data).map_err(|_| refused("its data is not base64url"))?;
        let Some((nonce, ciphertext)) = data.split_first_chunk::<NONCE_LEN>() else {
            return Err(refused("its data is too short"));
        };
        let mut ciphertext = ciphertext.to_vec();
        let aad = Aad::from(authenticated(&header(id), context));
        let opened = self
            .cipher(id)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut ciphertext)
            .map_err(|_| {
                refused(
                    "it was changed, sealed with another key of the same id, or sealed for another context",
                )
                .hint("give the context that it was sealed for")
            })?;
        Ok(opened.to_vec())
    }

    fn cipher(&self, id: &str) -> Result<LessSafeKey> {
        let bytes = self
            .keys
            .get(id)
            .and_then(|text| Base64UrlUnpadded::decode_vec(text).ok());
        let key = bytes.and_then(|bytes| UnboundKey::new(&AES_256_GCM, &bytes).ok());
        key.map(LessSafeKey::new).ok_or_else(|| {
            Error::new(
                ErrorKind::SecretKeys,
                "cannot use the key file: a key is not 32 bytes in base64url",
            )
            .with("id", id)
        })
    }
}

fn header(id: &str) -> String {
    format!("{VERSION}.{id}.")
}

fn authenticated(header: &str, context: &str) -> Vec<u8> {
    [header.as_bytes(), context.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(result: Result<Vec<u8>>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let ring = KeyRing::with_new_key("a").unwrap();
        for value in [&b""[..], b"sk-123", &[0, 255, 10]] {
            let sealed = ring.seal(value, "user_variables:1").unwrap();
            assert!(sealed.starts_with("v1.a."), "{sealed}");
            assert_eq!(ring.open(&sealed, "user_variables:1").unwrap(), value);
            assert_eq!(
                kind(ring.open(&sealed, "user_variables:2")),
                ErrorKind::SecretSealed
            );
            assert_ne!(
                ring.seal(value, "user_variables:1").unwrap(),
                sealed,
                "a nonce is used once"
            );
        }
    }

    #[test]
    fn a_value_that_was_changed_anywhere_does_not_open() {
        let ring = KeyRing::with_new_key("a").unwrap();
        let sealed = ring.seal(b"sk-123", "x").unwrap();
        for index in 0..sealed.len() {
            for other in ['A', 'B', '.'] {
                let mut changed: Vec<char> = sealed.chars().collect();
                if changed[index] == other {
                    continue;
                }
                changed[index] = other;
                let changed: String = changed.into_iter().collect();
                assert_eq!(
                    kind(ring.open(&changed, "x")),
                    ErrorKind::SecretSealed,
                    "{changed}"
                );
            }
            assert_eq!(kind(ring.open(&sealed[..index], "x")), ErrorKind::SecretSealed);
        }
    }

    #[test]
    fn a_new_key_seals_the_old_one_still_opens_and_a_foreign_one_does_not() {
        let mut ring = KeyRing::with_new_key("2026-11").unwrap();
        let old = ring.seal(b"sk-123", "x").unwrap();
        ring.rotate("2026-12").unwrap();
        let new = ring.seal(&ring.open(&old, "x").unwrap(), "x").unwrap();
        assert!(new.starts_with("v1.2026-12."), "{new}");
        let stranger = KeyRing::with_new_key("2026-12").unwrap();
        assert_eq!(kind(stranger.open(&new, "x")), ErrorKind::SecretSealed);
        assert_eq!(kind(stranger.open(&old, "x")), ErrorKind::SecretSealed);
        let kept = KeyRing::parse(&serde_json::to_string(&ring).unwrap()).unwrap();
        assert_eq!(kept.open(&old, "x").unwrap(), b"sk-123");
    }

    #[test]
    fn key_files_that_cannot_be_used_are_refused_without_being_quoted() {
        let mut ring = KeyRing::with_new_key("a").unwrap();
        for id in ["", "a", "with space", "a.b", &"x".repeat(33)] {
            assert_eq!(ring.rotate(id).unwrap_err().kind(), ErrorKind::SecretKeys, "{id}");
        }
        for file in [
            "",
            "{}",
            r#"{"current": "b", "keys": {"a": "c2VjcmV0"}}"#,
            r#"{"current": "a", "keys": {"a": "c2VjcmV0"}}"#,
        ] {
            let error = KeyRing::parse(file).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SecretKeys);
            assert!(!format!("{error:?}").contains("c2VjcmV0"));
        }
    }
}
