//! ES256 key pairs as JSON Web Keys (RFC 7517, RFC 7518), named by their thumbprints (RFC 7638).

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding};
use p256::SecretKey;
use p256::elliptic_curve::Generate;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

/// The public half of a pair, as it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicJwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
    /// The thumbprint of the key.
    pub kid: String,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
}

/// Both halves. Whoever has this can sign; it has no `Debug`.
#[derive(Serialize)]
pub struct PrivateJwk {
    #[serde(flatten)]
    public: PublicJwk,
    d: String,
}

/// What a client publishes under its `jwks_uri`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    keys: Vec<PublicJwk>,
}

impl PrivateJwk {
    /// A new pair.
    ///
    /// # Errors
    /// `secret.keys` where the system gives no random bytes.
    pub fn generate() -> Result<Self> {
        let secret = SecretKey::try_generate().map_err(|e| {
            Error::new(ErrorKind::SecretKeys, "cannot draw random bytes from the system").because(e)
        })?;
        Ok(Self::of(&secret))
    }

    fn of(secret: &SecretKey) -> Self {
        // 4, x, y: an uncompressed point.
        let point = secret.public_key().to_sec1_bytes();
        let (x, y) = point[1..].split_at(32);
        let [x, y] = [x, y].map(Base64UrlUnpadded::encode_string);
        let kid = thumbprint(&[("crv", "P-256"), ("kty", "EC"), ("x", &x), ("y", &y)]);
        Self {
            public: PublicJwk {
                kty: "EC",
                crv: "P-256",
                x,
                y,
                kid,
                alg: "ES256",
                usage: "sig",
            },
            d: Base64UrlUnpadded::encode_string(&secret.to_bytes()),
        }
    }

    /// The half that anybody may see.
    pub fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// That half as a set of one.
    pub fn public_set(&self) -> JwkSet {
        JwkSet {
            keys: vec![self.public.clone()],
        }
    }
}

/// The digest of a key's required members, in the order of their names and without any space.
fn thumbprint(members: &[(&str, &str)]) -> String {
    let sorted: BTreeMap<&str, &str> = members.iter().copied().collect();
    // Texts in a map: this cannot fail.
    let json = serde_json::to_string(&sorted).unwrap_or_default();
    Base64UrlUnpadded::encode_string(&Sha256::digest(json.as_bytes()))
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::{Signer, Verifier};
    use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
    use serde_json::{Value, json};

    use super::*;

    fn decoded(jwk: &Value, member: &str) -> Vec<u8> {
        Base64UrlUnpadded::decode_vec(jwk[member].as_str().unwrap()).unwrap()
    }

    #[test]
    fn the_key_of_rfc_7517_is_written_as_it_stands_there() {
        let d = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE";
        let secret = SecretKey::from_slice(&Base64UrlUnpadded::decode_vec(d).unwrap()).unwrap();
        let jwk = serde_json::to_value(PrivateJwk::of(&secret)).unwrap();
        let kid = jwk["kid"].clone();
        assert_eq!(
            jwk,
            json!({"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                   "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "d": d, "kid": kid, "alg": "ES256", "use": "sig"})
        );
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64t\
                 Z_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI\
                 SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        assert_eq!(
            thumbprint(&[("kty", "RSA"), ("n", n), ("e", "AQAB")]),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    #[test]
    fn what_the_private_key_signs_the_public_one_verifies_and_no_two_are_the_same() {
        let [first, second] = [(); 2].map(|()| PrivateJwk::generate().unwrap());
        let private = serde_json::to_value(&first).unwrap();
        let set = serde_json::to_value(first.public_set()).unwrap();
        assert!(!set.to_string().contains("\"d\""), "{set}");
        let public = &set["keys"][0];
        let signing = SigningKey::from_slice(&decoded(&private, "d")).unwrap();
        let point = [vec![4], decoded(public, "x"), decoded(public, "y")].concat();
        let signature: Signature = signing.sign(b"message");
        let verifying = VerifyingKey::from_sec1_bytes(&point).unwrap();
        assert!(verifying.verify(b"message", &signature).is_ok());
        assert!(verifying.verify(b"another", &signature).is_err());
        assert_ne!(first.public(), second.public());
    }
}
