//! Whom to trust.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::conninfo::{Roots, SslMode, TlsSettings};
use crate::error::{Error, ErrorKind, Result};
use crate::tls::unusable;

/// The trusted authorities, and the certificates themselves: a self-signed server certificate may be among them.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) store: RootCertStore,
    pub(super) pinned: Vec<CertificateDer<'static>>,
}

/// Loads them. `None` where there are none and `sslmode` does not insist.
pub(super) fn load(settings: &TlsSettings) -> Result<Option<Trusted>> {
    match &settings.roots {
        Roots::None if settings.mode >= SslMode::VerifyCa => Err(no_root_certificate(settings)),
        Roots::None => Ok(None),
        Roots::System => Ok(Some(system())),
        Roots::File(_) if settings.mode == SslMode::Disable => Ok(None),
        Roots::File(path) => {
            let read = || CertificateDer::pem_file_iter(path)?.collect::<std::result::Result<Vec<_>, _>>();
            let certificates = read().map_err(|e| {
                unusable("cannot read the root certificate")
                    .with("sslrootcert", path.display())
                    .because(e)
                    .hint("name a PEM file with the authority's certificate in sslrootcert, or set sslrootcert=system")
            })?;
            let trusted = store(certificates);
            if trusted.store.is_empty() {
                return Err(
                    unusable("there is no usable certificate in the root certificate file")
                        .with("sslrootcert", path.display()),
                );
            }
            Ok(Some(trusted))
        }
    }
}

/// The system's list, or Mozilla's where the system has none.
fn system() -> Trusted {
    let mut trusted = store(rustls_native_certs::load_native_certs().certs);
    if trusted.store.is_empty() {
        trusted
            .store
            .extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    trusted
}

fn store(certificates: Vec<CertificateDer<'static>>) -> Trusted {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates.iter().cloned());
    Trusted {
        store,
        pinned: certificates,
    }
}

fn no_root_certificate(settings: &TlsSettings) -> Error {
    Error::new(
        ErrorKind::ConnInvalid,
        format!("sslmode={} needs a root certificate", settings.mode),
    )
    .hint("set sslrootcert=system, or name the authority's certificate in sslrootcert")
}
