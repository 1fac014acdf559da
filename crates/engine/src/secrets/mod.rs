//! Keys and what is encrypted with them: what an application needs so that a database never holds a secret in clear.
//!
//! [`jwk`] makes the signing keys of an OAuth client, [`sealed`] encrypts values before they travel to a table. Neither talks to a database.

pub mod jwk;
pub mod sealed;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, ErrorKind, Result};

/// Bytes from the system's secure source.
fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::SecretKeys, "cannot draw random bytes from the system"))?;
    Ok(bytes)
}

/// A new key of 256 bits in base64url, for AES-256.
///
/// # Errors
/// `secret.keys` where the system gives no random bytes.
pub fn encryption_key() -> Result<String> {
    Ok(Base64UrlUnpadded::encode_string(&random::<32>()?))
}
