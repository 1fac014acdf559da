//! The client's certificate, and whether a server asked for one.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::conninfo::TlsSettings;
use crate::error::{Error, ErrorKind, Result};

/// Who we are, if anybody. Also remembers being asked: a server that refuses a login says why only in words, while its request
/// for a certificate is part of the handshake.
#[derive(Debug)]
pub(crate) struct Identity {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl Identity {
    /// Reads certificate and key, where there are any.
    pub(super) fn load(settings: &TlsSettings, provider: &CryptoProvider) -> Result<Self> {
        let key = match &settings.identity {
            Some((crt, key)) => Some(Arc::new(read(crt, key, provider)?)),
            None => None,
        };
        Ok(Self {
            key,
            asked: AtomicBool::new(false),
        })
    }

    /// Whether a server asked for a certificate and there was none to show.
    pub(crate) fn was_missing(&self) -> bool {
        self.key.is_none() && self.asked.load(Ordering::Relaxed)
    }

    /// Whether a server asked for a certificate and got one.
    pub(crate) fn was_shown(&self) -> bool {
        self.key.is_some() && self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _root_hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

fn read(crt: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let refuse = |what: &str| {
        Error::new(ErrorKind::ConnInvalid, what)
            .with("sslcert", crt.display())
            .with("sslkey", key.display())
    };
    let chain = CertificateDer::pem_file_iter(crt)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|e| refuse("cannot read the client certificate").because(e))?;
    check_permissions(key).map_err(|what| refuse(what).hint(format!("run chmod 0600 {}", key.display())))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| {
        refuse("cannot read the client key")
            .because(e)
            .hint("sslkey takes an unencrypted PEM key")
    })?;
    CertifiedKey::from_der(chain, private, provider)
        .map_err(|e| refuse("the client certificate and its key do not belong together").because(e))
}

/// libpq's rule: only the owner may read it, or the key is root's and a group may.
fn check_permissions(key: &Path) -> std::result::Result<(), &'static str> {
    let Ok(metadata) = std::fs::metadata(key) else {
        return Ok(());
    };
    let allowed = if metadata.uid() == 0 { 0o740 } else { 0o700 };
    if metadata.permissions().mode() & 0o777 & !allowed != 0 {
        return Err("the client key can be read by others");
    }
    Ok(())
}
