//! Authorities and certificates, made on the spot.

#![allow(
    clippy::unwrap_used,
    reason = "what cannot be made ends the test, and says where"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// An authority that signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
pub struct Certificate {
    /// The certificate.
    pub crt: String,
    /// Its private key.
    pub key: String,
}

/// The years of validity.
#[derive(Debug, Clone, Copy)]
pub enum Valid {
    /// This one is among them.
    Now,
    /// All of them are over.
    LongAgo,
}

impl Authority {
    /// A new one, which nobody trusts yet.
    ///
    /// # Panics
    /// When there is no randomness to make a key from.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A server's certificate for these names.
    ///
    /// # Panics
    /// When one of them is no name.
    pub fn server(&self, names: &[&str], valid: Valid) -> Certificate {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if let Valid::LongAgo = valid {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        }
        self.sign(&params)
    }

    /// A client's certificate, whose common name is the role.
    ///
    /// # Panics
    /// When there is no randomness to make a key from.
    pub fn client(&self, role: &str) -> Certificate {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, role);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().unwrap();
        Certificate {
            crt: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// The authority's own certificate, as PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Writes the authority's certificate into a file.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn write(&self, directory: &Path, name: &str) -> PathBuf {
        let file = directory.join(name);
        fs::write(&file, self.pem()).unwrap();
        file
    }
}

impl Certificate {
    /// One that nobody signed but itself.
    ///
    /// # Panics
    /// When `name` is no name.
    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let crt = CertificateParams::new([name.to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        Self {
            crt: crt.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Writes both files and returns the settings that name them.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn write(&self, directory: &Path, name: &str) -> String {
        let crt = directory.join(format!("{name}.crt"));
        let key = directory.join(format!("{name}.key"));
        fs::write(&crt, &self.crt).unwrap();
        fs::write(&key, &self.key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        format!("sslcert={} sslkey={}", crt.display(), key.display())
    }
}
