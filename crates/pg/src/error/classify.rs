//! From what a server, a socket or the TLS library reports to an [`ErrorKind`].
//!
//! Only codes are looked at: SQLSTATEs, `io::ErrorKind`s, the variants of rustls. Message texts are translated, reworded and
//! made up by poolers; nothing here reads them.

use std::error::Error as StdError;
use std::io;

use tokio_postgres::error::{DbError, Severity};

use crate::error::ErrorKind;
use crate::error::treatment::{self, Treatment};

/// A failure of a statement on a session that stood.
pub(crate) fn of_statement(error: &tokio_postgres::Error) -> ErrorKind {
    if let Some(db) = error.as_db_error() {
        return match of_report(db) {
            // A session that stood speaks the protocol. It is PgBouncer's code for everything: no session came free in time, the
            // server went away.
            ErrorKind::ConnProtocol => ErrorKind::ConnLost,
            kind => kind,
        };
    }
    if error.is_closed() || io_cause(error).is_some() {
        return ErrorKind::ConnLost;
    }
    // What is left are values that do not fit their parameters or columns, and messages out of turn.
    ErrorKind::Internal
}

/// A failure while logging in. The server has not accepted the session yet, so whatever it rejects is about the login.
pub(crate) fn of_login(error: &tokio_postgres::Error) -> ErrorKind {
    if let Some(db) = error.as_db_error() {
        return match (of_report(db), db.code().code()) {
            // SET of something unknown or ill-formed, by `options`.
            (ErrorKind::SqlRejected, "22023" | "42704" | "42602" | "42601") => ErrorKind::ConnInvalid,
            (ErrorKind::SqlRejected | ErrorKind::Internal, _) => ErrorKind::ConnNotAllowed,
            (kind, _) => kind,
        };
    }
    if error.is_closed() {
        return ErrorKind::ConnLost;
    }
    if let Some(cause) = io_cause(error) {
        return of_io(cause);
    }
    // The driver gives a cause for authentication methods that it does not know, and none for messages out of turn.
    if error.source().is_some() {
        ErrorKind::ConnAuthMethod
    } else {
        ErrorKind::ConnProtocol
    }
}

/// A report of the server: by its SQLSTATE, then by whether it ended the session.
fn of_report(db: &DbError) -> ErrorKind {
    let fatal = matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    match of_sqlstate(db.code().code()) {
        ErrorKind::SqlRejected if fatal && db.code().code().starts_with("25P0") => ErrorKind::ConnLost,
        kind => kind,
    }
}

/// The kind of a SQLSTATE, wherever it occurs.
pub(crate) fn of_sqlstate(code: &str) -> ErrorKind {
    match code {
        "28P01" => ErrorKind::ConnPassword,
        "3D000" => ErrorKind::ConnNoDatabase,
        "53300" => ErrorKind::ConnTooMany,
        "57P03" => ErrorKind::ConnStarting,
        "25006" => ErrorKind::ConnReadOnly,
        "08P01" => ErrorKind::ConnProtocol,
        "57P01" | "57P02" | "57P04" | "57P05" => ErrorKind::ConnLost,
        _ => match (code.get(..2), treatment::of(code)) {
            (Some("08"), _) => ErrorKind::ConnLost,
            (Some("28"), _) => ErrorKind::ConnNotAllowed,
            (_, Treatment::Retry) => ErrorKind::SqlTransient,
            _ => ErrorKind::SqlRejected,
        },
    }
}

/// A failure of the socket, or of TLS, which reports through the socket's error type.
pub(crate) fn of_io(error: &io::Error) -> ErrorKind {
    if let Some(tls) = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) {
        return of_tls(tls);
    }
    match error.kind() {
        // A missing socket file is what a Unix socket has instead of a refusal.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            ErrorKind::ConnRefused
        }
        io::ErrorKind::TimedOut => ErrorKind::ConnTimeout,
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => ErrorKind::ConnUnreachable,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => ErrorKind::ConnProtocol,
        // Made by the decoder and not by the system: the bytes were no message.
        io::ErrorKind::Other if error.raw_os_error().is_none() => ErrorKind::ConnProtocol,
        _ => ErrorKind::ConnLost,
    }
}

/// A failure of the TLS handshake.
fn of_tls(error: &rustls::Error) -> ErrorKind {
    use rustls::{AlertDescription as Alert, Error};
    match error {
        Error::InvalidCertificate(reason) => of_certificate(reason),
        // An alert about a certificate can only be about ours: the server's own does not concern the server.
        Error::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::NoCertificate,
        ) => ErrorKind::ConnClientCert,
        Error::InvalidMessage(_) => ErrorKind::ConnProtocol,
        _ => ErrorKind::ConnTls,
    }
}

/// What is wrong with the server's certificate.
fn of_certificate(reason: &rustls::CertificateError) -> ErrorKind {
    use rustls::CertificateError as Reason;
    match reason {
        Reason::UnknownIssuer | Reason::BadSignature => ErrorKind::ConnUnknownCa,
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => ErrorKind::ConnWrongHost,
        Reason::Expired
        | Reason::ExpiredContext { .. }
        | Reason::NotValidYet
        | Reason::NotValidYetContext { .. } => ErrorKind::ConnExpired,
        _ => ErrorKind::ConnBadCertificate,
    }
}

/// The `io::Error` underneath, if there is one.
pub(crate) fn io_cause(error: &tokio_postgres::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref::<io::Error>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expected: ErrorKind) {
        assert_eq!(of_sqlstate(code), expected, "{code}");
    }

    #[test]
    fn sqlstates_decide_and_unknown_ones_are_rejections() {
        check("28P01", ErrorKind::ConnPassword);
        check("28000", ErrorKind::ConnNotAllowed);
        check("40001", ErrorKind::SqlTransient);
        check("40P01", ErrorKind::SqlTransient);
        check("55P03", ErrorKind::SqlTransient);
        check("53100", ErrorKind::SqlTransient);
        check("08006", ErrorKind::ConnLost);
        check("57P01", ErrorKind::ConnLost);
        check("23505", ErrorKind::SqlRejected);
        check("", ErrorKind::SqlRejected);
    }

    #[test]
    fn tls_failures_are_told_apart_inside_io_errors() {
        let wrapped = |e: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, e);
        let certificate = |e| wrapped(rustls::Error::InvalidCertificate(e));
        assert_eq!(
            of_io(&certificate(rustls::CertificateError::UnknownIssuer)),
            ErrorKind::ConnUnknownCa
        );
        assert_eq!(
            of_io(&certificate(rustls::CertificateError::NotValidForName)),
            ErrorKind::ConnWrongHost
        );
        assert_eq!(
            of_io(&certificate(rustls::CertificateError::NotValidYet)),
            ErrorKind::ConnExpired
        );
        assert_eq!(
            of_io(&wrapped(rustls::Error::AlertReceived(
                rustls::AlertDescription::CertificateRequired
            ))),
            ErrorKind::ConnClientCert
        );
        assert_eq!(
            of_io(&io::Error::from(io::ErrorKind::ConnectionReset)),
            ErrorKind::ConnLost
        );
    }
}
