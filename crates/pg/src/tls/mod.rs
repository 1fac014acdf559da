//! TLS as `sslmode` describes it, on rustls.
//!
//! rustls by itself is always `verify-full`. The five other modes need a verifier of their own: [`verify`] has it. Who we are is
//! in [`identity`], whom we trust in [`roots`].

mod identity;
mod roots;
mod verify;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::conninfo::{SslMode, SslNegotiation, TlsSettings, TlsVersion};
use crate::error::{Error, ErrorKind, Result};

pub(crate) use identity::Identity;

/// All that is needed for handshakes with the servers of one connection string.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) make: MakeRustlsConnect,
    pub(crate) identity: Arc<Identity>,
    /// Whether the host name decides, so that it has to be a name that can stand in a certificate.
    pub(crate) checks_name: bool,
}

/// Reads the certificate files and sets up the verifier.
pub(crate) fn connector(settings: &TlsSettings) -> Result<Connector> {
    let provider = Arc::new(ring::default_provider());
    let trusted = roots::load(settings)?;
    let verifier = verify::verifier(settings.mode, trusted, &provider);
    let identity = Arc::new(Identity::load(settings, &provider)?);
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(settings)?)
        .map_err(|e| unusable("cannot set up TLS").because(e))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::<Identity>::clone(&identity));
    config.enable_sni = settings.sni;
    if settings.negotiation == SslNegotiation::Direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(Connector {
        make: MakeRustlsConnect::new(config),
        identity,
        checks_name: settings.mode == SslMode::VerifyFull,
    })
}

fn versions(settings: &TlsSettings) -> Result<Vec<&'static SupportedProtocolVersion>> {
    let known = [
        (TlsVersion::Tls12, &rustls::version::TLS12),
        (TlsVersion::Tls13, &rustls::version::TLS13),
    ];
    let wanted = |version: TlsVersion| {
        settings.min.is_none_or(|min| version >= min) && settings.max.is_none_or(|max| version <= max)
    };
    let versions: Vec<_> = known
        .into_iter()
        .filter(|(version, _)| wanted(*version))
        .map(|(_, v)| v)
        .collect();
    if versions.is_empty() {
        return Err(unusable(
            "ssl_min_protocol_version is above ssl_max_protocol_version",
        ));
    }
    Ok(versions)
}

/// An error about our own side of TLS.
fn unusable(what: &str) -> Error {
    Error::new(ErrorKind::ConnInvalid, what)
}

/// The algorithms to check signatures with.
fn algorithms(provider: &CryptoProvider) -> rustls::crypto::WebPkiSupportedAlgorithms {
    provider.signature_verification_algorithms
}
