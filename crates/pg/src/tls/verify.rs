//! The verifier behind each `sslmode`.
//!
//! | mode | chain | host name |
//! | --- | --- | --- |
//! | allow, prefer, require without a root certificate | no | no |
//! | allow, prefer, require with one | yes | no |
//! | verify-ca | yes | no |
//! | verify-full | yes | yes |
//!
//! The second row is libpq's: a root certificate that exists is used.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use crate::conninfo::SslMode;
use crate::tls::algorithms;
use crate::tls::roots::Trusted;

/// The verifier for a mode and what is trusted.
pub(super) fn verifier(
    mode: SslMode,
    trusted: Option<Trusted>,
    provider: &CryptoProvider,
) -> Arc<dyn ServerCertVerifier> {
    let algorithms = algorithms(provider);
    match trusted {
        None => Arc::new(Anybody { algorithms }),
        Some(trusted) => Arc::new(Chain {
            trusted,
            name: mode == SslMode::VerifyFull,
            algorithms,
        }),
    }
}

/// Encrypts to whoever answers. That is what `sslmode=require` means without a root certificate; signatures of the handshake
/// prove nothing about a certificate that nobody vouches for, so that even malformed ones are taken, as libpq does.
#[derive(Debug)]
struct Anybody {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Wants a chain to a trusted authority, and the host name where `name` says so.
#[derive(Debug)]
struct Chain {
    trusted: Trusted,
    name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Chain {
    /// A self-signed certificate that is itself in the root file is trusted, as OpenSSL does. It has no issuer to be found, or
    /// it is an authority's and poses as a server's, which comes as `Other`. Its dates have been looked at before either.
    fn is_pinned(&self, end_entity: &CertificateDer<'_>, complaint: &Error) -> bool {
        let about_the_issuer = matches!(
            complaint,
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_))
        );
        about_the_issuer
            && self
                .trusted
                .pinned
                .iter()
                .any(|pinned| pinned.as_ref() == end_entity.as_ref())
    }
}

impl ServerCertVerifier for Chain {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &self.trusted.store,
            intermediates,
            now,
            self.algorithms.all,
        );
        match chain {
            Err(complaint) if !self.is_pinned(end_entity, &complaint) => return Err(complaint),
            _ => {}
        }
        if self.name {
            verify_server_name(&parsed, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
